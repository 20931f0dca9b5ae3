import '../tiers/needs-host.ts';
import { join } from 'node:path';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { World } from '../programs/world.ts';

/** A user: a test, which runs as root, connects as this user. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
}

/** www-data of Debian: an account with a group of its own, in the place of umlweb's. */
export const webUser: User = { uid: 33, gid: 33 };
/** The command prefix of a program that runs as this user. */
export const asWebUser = ['setpriv', '--reuid', '33', '--regid', '33', '--clear-groups', '--'];

/** A connection to a monitor whose peer is another user: the kernel notes who it is when it is made, which is at once. */
export function clientAs(world: World, vm: string, { uid, gid, groups = [] }: User): Promise<MonitorClient> {
  const own = process.getgroups?.() ?? [];
  process.setgroups?.([...groups]);
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return MonitorClient.connect(join(world.varDir, vm, 'ctrl'), vm);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
    process.setgroups?.(own);
  }
}
