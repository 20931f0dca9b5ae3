/** The ports of the directory: names of /etc/services, and numbers where that file has none. */
import { readFileSync } from 'node:fs';

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

/** @param configured the key that overrides the host's file; 0 = not set */
export function portOf(name: ServiceName, configured: number): number {
  if (configured > 0) return configured;
  return findService(readServices(), name) ?? defaultPorts[name];
}

function readServices(): string {
  try {
    return readFileSync('/etc/services', 'utf8');
  } catch {
    // Hosts without this file, or one that cannot be read, have our numbers.
    return '';
  }
}
