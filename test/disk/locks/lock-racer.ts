/** A process that takes the locks of an image on request: `go` takes, `end` releases. */
import { createInterface } from 'node:readline';
import { ImageLocks } from '../../../src/disk/locks/image-lock.ts';
import { lookAtImage } from '../../../src/disk/names/open-image.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';

const [, , holder = '', varDir = '', shared = '', holders = '', mode = 'rw'] = process.argv;
const store = { varDir, shared, holders };
const image = { vm: '', path: '/shared/disks/base.dsk' };
let locks: ImageLocks | undefined;

createInterface({ input: process.stdin }).on('line', async (line) => {
  if (line === 'end') {
    locks?.close();
    locks = undefined;
    console.log('ended');
    return;
  }
  try {
    const { id } = lookAtImage(image, store);
    locks = await ImageLocks.take(store, holder, [{ image, id, mode: mode === 'ro' ? 'ro' : 'rw' }]);
    console.log('won');
  } catch (error) {
    const { code, cause } = toFailure(error);
    console.log(`lost ${code} ${cause}`);
  }
});
console.log('ready');
