/** The ports of the directory: names of /etc/services, and numbers where that file has none. */
import { readFileSync } from 'node:fs';
import { defaultPorts, findService, type ServiceName } from './service-ports.ts';

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
