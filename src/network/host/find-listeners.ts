import { readdir, readFile, readlink } from 'node:fs/promises';
import { networkLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import { type Listener, parseListeners, type Taken, takesFrom } from './listener.ts';

/** A forwarded port of a VM, and the program of the host that listens there already. */
export interface PortConflict {
  readonly port: Taken;
  readonly listener: Listener;
  /** `nginx (pid 12)`; '' if this user cannot see whose socket it is. */
  readonly owner: string;
}

/**
 * The forwarded ports at which a program of the host listens, in the network namespace of this process. Without
 * forwarded ports it reads nothing.
 */
export async function findPortConflicts(ports: readonly Taken[]): Promise<PortConflict[]> {
  if (ports.length === 0) return [];
  const files = await Promise.all(
    (['tcp', 'udp'] as const).flatMap((protocol) =>
      ['', '6'].map(async (version) => parseListeners(protocol, await readTable(`${protocol}${version}`))),
    ),
  );
  const listeners = files.flat();
  const taken = ports.flatMap((port) => {
    const listener = listeners.find((one) => takesFrom(port, one));
    return listener ? [{ port, listener }] : [];
  });
  if (taken.length === 0) return [];
  const owners = await ownersOf(new Set(taken.map(({ listener }) => listener.inode)));
  return taken.map((one) => ({ ...one, owner: owners.get(one.listener.inode) ?? '' }));
}

async function readTable(name: string): Promise<string> {
  try {
    return await readFile(`/proc/net/${name}`, 'latin1');
  } catch {
    // A host without IPv6 has no table of it.
    return '';
  }
}

/** Programs by the sockets that they have open, as far as this user may look. */
async function ownersOf(inodes: ReadonlySet<string>): Promise<Map<string, string>> {
  const owners = new Map<string, string>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  let looks = 0;
  for (const pid of pids) {
    if (owners.size === inodes.size || looks > networkLimits.ownerLooks) break;
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(hidden)) {
      looks += 1;
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '';
      if (!inodes.has(inode) || owners.has(inode)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'latin1').catch(() => '');
      owners.set(inode, `${printable(name.trim(), 20) || 'a program'} (pid ${pid})`);
    }
  }
  return owners;
}

/** The process has ended, or is another user's. */
function hidden(): string[] {
  return [];
}
