import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';

/** A setting of the host kernel (sysctl(8)): its path below /proc/sys, and a value. */
export interface KernelSetting {
  readonly name: string;
  readonly value: string;
}

/** The value of a setting; undefined if it does not exist, as after the removal of its interface. */
export function readSetting(name: string): string | undefined {
  try {
    return readFileSync(join('/proc/sys', name), 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** The value of a setting of an interface for all interfaces (`conf/all/…`); '' if it does not exist. */
export function readGeneral(name: string): string {
  return readSetting(name.replace(/\/conf\/[^/]+\//, '/conf/all/')) ?? '';
}

/** Errors: NETWORK_COMMAND. */
export function writeSetting({ name, value }: KernelSetting): void {
  try {
    writeFileSync(join('/proc/sys', name), value);
  } catch (error) {
    throw new UmlmonError('NETWORK_COMMAND', {
      place: `sysctl ${name}=${value}`,
      cause: toFailure(error).cause,
      hint: 'see whether /proc/sys is writable here, as it is not in most containers',
    });
  }
}
