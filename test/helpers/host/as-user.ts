import '../tiers/needs-host.ts';
import { join } from 'node:path';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { World } from '../programs/world.ts';

/** A user as whom a test, which runs as root, connects. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups?: readonly number[];
}

/** www-data of Debian: an account with a group of its own, in the place of umlweb's. */
export const webUser: User = { uid: 33, gid: 33 };
/** Before a program that is to run as it. */
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
