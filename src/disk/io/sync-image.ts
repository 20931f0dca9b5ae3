import { fsync } from 'node:fs';
import { promisify } from 'node:util';
import { UmlmonError } from '../../system/errors/errors.ts';

const fsyncLater = promisify(fsync);

/**
 * Brings what was written to an image to the disk of the host, in a helper thread. The descriptor must stay open until
 * then.
 *
 * @throws UmlmonError HOST_SYSTEM_CALL: what was written may be lost already, fsync(2)
 */
export async function syncImage(fd: number, hostPath: string): Promise<void> {
  try {
    await fsyncLater(fd);
  } catch (error) {
    throw new UmlmonError('HOST_SYSTEM_CALL', {
      place: hostPath,
      cause: `cannot write the data of the guest to the disk: ${error instanceof Error ? error.message : String(error)}`,
    });
  }
}
