/** The TCP ports of the directory, and the text of services(5). Pure. */

export type ServiceName = 'umldir' | 'umlredir';

export const defaultPorts: Readonly<Record<ServiceName, number>> = { umldir: 8655, umlredir: 8656 };

/** The TCP port of a service in text of the form of services(5), by its name or an alias. */
export function findService(services: string, name: string): number | undefined {
  for (const line of services.split('\n')) {
    const [official, numbered = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (official !== name && !aliases.includes(name)) continue;
    const port = Number(/^(\d{1,5})\/tcp$/.exec(numbered)?.[1]);
    if (port >= 1 && port <= 65_535) return port;
  }
  return undefined;
}
