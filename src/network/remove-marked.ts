import { type HostLink, listLinks } from './host/host-network.ts';
import { runCommands } from './host/run-ip.ts';
import type { NetworkRecord } from './network-record.ts';

/** ip(8), and the descriptor of the lock under which it runs. */
export interface Ip {
  readonly ip: string;
  readonly lock: number;
}

type Links = readonly Pick<HostLink, 'name' | 'alias'>[];

/**
 * Removes the interfaces that have the mark of one of these, or its temporary name.
 *
 * @param links of the host, for callers that have listed them under the lock
 * @returns their names
 */
export async function removeMarked(
  { ip, lock }: Ip,
  interfaces: readonly Pick<NetworkRecord['interfaces'][number], 'temporary' | 'alias'>[],
  links?: Links,
): Promise<string[]> {
  if (interfaces.length === 0) return [];
  const marked = (links: Links) =>
    links
      .filter(({ name, alias }) =>
        interfaces.some((tap) => (alias !== '' && alias === tap.alias) || name === tap.temporary),
      )
      .map(({ name }) => name);
  const remove = (names: readonly string[]) =>
    runCommands(
      { program: ip, lock },
      names.map((name) => ['link', 'del', 'dev', name]),
    );
  const names = marked(links ?? (await listLinks(ip)));
  try {
    await remove(names);
  } catch {
    // The host removes a veth pair when the jail with its other end exits, which may have been just now.
    await remove(marked(await listLinks(ip)));
  }
  return names;
}
