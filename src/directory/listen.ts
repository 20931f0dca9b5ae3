import { chmodSync, chownSync, closeSync, constants, fchownSync, mkdirSync, openSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';
import type { Ids } from '../jail/directories.ts';
import type { RegistrationPlace } from '../rpc/registration-place.ts';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { lock } from '../system/native.ts';

/**
 * Lets a server listen on a TCP port.
 *
 * @param address '' = all addresses of the host
 * @param passed a socket of the service manager that listens already; the port is then its own
 * @throws UmlmonError DIRECTORY_LISTEN
 */
export async function listenOnTcp(
  server: Server,
  { address, port, key }: { address: string; port: number; key: string },
  passed?: number,
): Promise<void> {
  const at = passed === undefined ? { port, ...(address === '' ? {} : { host: address }) } : { fd: passed };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw new UmlmonError('DIRECTORY_LISTEN', {
      place: `${address || '*'}:${port}`,
      cause: `cannot listen: ${error instanceof Error ? error.message : String(error)}`,
      hint: `another umldir may run already; or choose another ${key}`,
    });
  }
}

/**
 * Makes the directory of the registration socket, and makes it ours: a socket that is in it belongs to an umldir that was
 * killed, and is removed.
 *
 * @param owner who is to own everything in it
 * @returns the descriptor that holds the lock, until the caller closes it
 * @throws UmlmonError DIRECTORY_RUNNING, DIRECTORY_LISTEN
 */
export function takeSocketDirectory({ directory, path }: RegistrationPlace, owner: Ids): number {
  try {
    // Whatever our umask is: the users of VMs, and our own, must be able to pass.
    if (mkdirSync(dirname(directory), { recursive: true }) !== undefined)
      chmodSync(dirname(directory), 0o755);
    mkdirSync(directory, { recursive: true });
    const lockFd = openSync(
      join(directory, 'lock'),
      constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
      0o600,
    );
    if (!lock(lockFd, 'exclusive')) {
      closeSync(lockFd);
      throw new UmlmonError('DIRECTORY_RUNNING', {
        place: directory,
        cause: 'another umldir serves this RUNDIR',
        hint: 'umldir -list shows what it knows',
      });
    }
    // Who is the owner already may be forbidden the very call.
    if (owner.uid !== process.geteuid?.()) {
      fchownSync(lockFd, owner.uid, owner.gid);
      chownSync(directory, owner.uid, owner.gid);
    }
    // Who may register is root, or the owner.
    chmodSync(directory, 0o700);
    rmSync(path, { force: true });
    return lockFd;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('DIRECTORY_LISTEN', {
      place: directory,
      cause: `cannot make the directory of the registration socket: ${error.message}`,
      hint: 'run umldir as the user of the monitors, or give it this directory',
    });
  }
}
