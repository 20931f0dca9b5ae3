import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
} from 'node:fs';
import type { Server } from 'node:net';
import { basename, dirname } from 'node:path';
import type { OwnerIds } from '../jail/directories.ts';
import type { RegistrationPlace } from '../rpc/client/registration-place.ts';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { carefully, HeldDirectory } from '../system/files/held-directory.ts';
import { lock } from '../system/native/native.ts';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

/**
 * Lets a server listen on a TCP port.
 *
 * @param address '' = all addresses of the host
 * @param passed a listening socket from the service manager, which determines the port
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
      hint: `stop the other program, or set ${key} to another port`,
    });
  }
}

/**
 * Creates and locks the directory of the registration socket. An existing socket in it is a leftover of a killed umldir
 * and is removed.
 *
 * @param owner owner of everything in it
 * @returns the descriptor that holds the lock, until the caller closes it
 * @throws UmlmonError DIRECTORY_RUNNING, DIRECTORY_LISTEN
 */
export function takeSocketDirectory({ directory, path }: RegistrationPlace, owner: OwnerIds): number {
  try {
    // Independent of the umask: the users of VMs and the user of umldir need search permission.
    if (mkdirSync(dirname(directory), { recursive: true }) !== undefined)
      chmodSync(dirname(directory), 0o755);
    const place = openPlace(directory);
    try {
      const lockFd = takeLock(place, owner);
      // Only root and the owner may register.
      if (owner.uid !== process.geteuid?.()) place.give(owner, 0o700);
      else fchmodSync(place.fd, 0o700);
      place.remove(basename(path));
      return lockFd;
    } finally {
      place.close();
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('DIRECTORY_LISTEN', {
      place: directory,
      cause: `cannot create the directory of the registration socket: ${error.message}`,
      hint: 'run umldir as the user of the monitors, or give it this directory',
    });
  }
}

/**
 * Opens RUNDIR, to which only root or the own user may write; the directory itself may belong to the owner from an earlier start.
 * It avoids openat2(2), which RestrictSUIDSGID= of systemd forbids: for a single name, O_NOFOLLOW has the same effect.
 */
function openPlace(directory: string): HeldDirectory {
  const above = HeldDirectory.open(dirname(directory));
  try {
    const path = above.pathTo(basename(directory));
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      return HeldDirectory.at(fd, directory);
    } finally {
      closeSync(fd);
    }
  } finally {
    above.close();
  }
}

function takeLock(place: HeldDirectory, owner: OwnerIds): number {
  const fd = openSync(place.pathTo('lock'), O_RDWR | O_CREAT | carefully, 0o600);
  try {
    const stat = fstatSync(fd);
    // The owner could have linked another user's file to this name (link(2)); it must not become the owner's.
    if (!stat.isFile() || stat.nlink !== 1)
      throw new UmlmonError('DIRECTORY_LISTEN', {
        place: `${place.path}/lock`,
        cause: 'the lock file is not a regular file with a single name',
        hint: 'check which user created it, and remove it',
      });
    if (!lock(fd, 'exclusive'))
      throw new UmlmonError('DIRECTORY_RUNNING', {
        place: place.path,
        cause: 'another umldir serves this RUNDIR',
        hint: 'umldir -list prints its VMs',
      });
    // The service manager may forbid fchown(2) to a process that is already the owner.
    if (owner.uid !== process.geteuid?.()) fchownSync(fd, owner.uid, owner.gid);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
