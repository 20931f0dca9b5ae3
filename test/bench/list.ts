import { imagePathOnHost } from '../../src/disk/names/image-name.ts';
import { listImages } from '../../src/disk/store/list.ts';
import { writeCow } from '../disk/cow/sample-file.ts';
import { TestStore } from '../disk/store/store.ts';
import { type Figure, MiB, median, milliseconds } from './figure.ts';

const rounds = 21;

/** A list of 1,000 images of 50 VMs; 500 of them are COW images over one backing file. */
export async function measureList(): Promise<Figure[]> {
  const store = new TestStore();
  try {
    const base = { vm: '', path: '/shared/disks/base.dsk' };
    const basePath = store.add(base, MiB);
    for (let i = 0; i < 499; i++) store.add({ vm: `vm${i % 50}`, path: `/disks/flat${i}.dsk` });
    for (let i = 0; i < 500; i++)
      writeCow(imagePathOnHost({ vm: `vm${i % 50}`, path: `/disks/c${i}.cow` }, store), base.path, basePath);
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const began = performance.now();
      const { images } = await listImages(store);
      if (images.length !== 1000) throw new Error(`${images.length} images`);
      times.push(performance.now() - began);
    }
    const value = median(times);
    const subject = milliseconds(value / 1000);
    return [
      {
        name: 'list of 1,000 images, 500 COW',
        baseline: '',
        subject,
        value,
        unit: 'ms',
        budget: { atMost: 100 },
      },
    ];
  } finally {
    store.close();
  }
}
