import { listLinks } from './host/host-network.ts';
import { runCommands } from './host/run-ip.ts';
import type { NetworkRecord } from './network-record.ts';

/** ip(8), and the turn in which it runs. */
export interface Ip {
  readonly ip: string;
  readonly turn: number;
}

/** Removes the interfaces that bear the mark of one of these, or its temporary name; returns their names. */
export function removeMarked(
  { ip, turn }: Ip,
  interfaces: readonly Pick<NetworkRecord['interfaces'][number], 'temporary' | 'alias'>[],
): string[] {
  const marked = () =>
    listLinks(ip)
      .filter(({ name, alias }) =>
        interfaces.some((tap) => (alias !== '' && alias === tap.alias) || name === tap.temporary),
      )
      .map(({ name }) => name);
  const remove = (names: readonly string[]) =>
    runCommands(
      { program: ip, turn },
      names.map((name) => ['link', 'del', 'dev', name]),
    );
  const names = marked();
  try {
    remove(names);
  } catch {
    // One whose other end was in the namespace of a jail goes by itself when that has ended: just now, maybe.
    remove(marked());
  }
  return names;
}
