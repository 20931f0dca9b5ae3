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
import type { Ids } from '../jail/directories.ts';
import type { RegistrationPlace } from '../rpc/client/registration-place.ts';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { carefully, Directory } from '../system/files/held-directory.ts';
import { lock } from '../system/native/native.ts';

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, O_RDWR } = constants;

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
    const place = openPlace(directory);
    try {
      const lockFd = takeLock(place, owner);
      // Who may register is root, or the owner.
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
      cause: `cannot make the directory of the registration socket: ${error.message}`,
      hint: 'run umldir as the user of the monitors, or give it this directory',
    });
  }
}

/**
 * Of RUNDIR, to which only root or our own user may write; the directory itself may be the owner's since an earlier start.
 * Without openat2(2), which systemd's RestrictSUIDSGID= forbids: for a single name O_NOFOLLOW says the same.
 */
function openPlace(directory: string): Directory {
  const above = Directory.open(dirname(directory));
  try {
    const path = above.pathTo(basename(directory));
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const fd = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      return Directory.at(fd, directory);
    } finally {
      closeSync(fd);
    }
  } finally {
    above.close();
  }
}

function takeLock(place: Directory, owner: Ids): number {
  const fd = openSync(place.pathTo('lock'), O_RDWR | O_CREAT | carefully, 0o600);
  try {
    const stat = fstatSync(fd);
    // The owner could have given a file of somebody else this name (link(2)): that one must not become his.
    if (!stat.isFile() || stat.nlink !== 1)
      throw new UmlmonError('DIRECTORY_LISTEN', {
        place: `${place.path}/lock`,
        cause: 'it is not a file of umldir alone',
        hint: 'see who has put it there, and remove it',
      });
    if (!lock(fd, 'exclusive'))
      throw new UmlmonError('DIRECTORY_RUNNING', {
        place: place.path,
        cause: 'another umldir serves this RUNDIR',
        hint: 'umldir -list shows what it knows',
      });
    // Who is the owner already may be forbidden the very call.
    if (owner.uid !== process.geteuid?.()) fchownSync(fd, owner.uid, owner.gid);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
