/** Writes and removes crash bundles until it is killed, for test/monitor/endings/crash-store.test.ts: write-bundles DIRECTORY */
import { join } from 'node:path';
import { bundleName } from '../../../src/monitor/endings/crash-retention.ts';
import {
  listBundles,
  namesOfBundles,
  removeBundle,
  writeBundle,
} from '../../../src/monitor/endings/crash-store.ts';

const crashes = process.argv[2] ?? '';
const place = { crashes, crashDraft: join(crashes, '.draft') };
const files = ['exit.json', 'plan.json', 'console/con0', 'console/con1', 'summary.txt'].map((path) => ({
  path,
  data: Buffer.alloc(100_000, path),
}));

console.log('writing');
for (;;) {
  const endedAt = Date.now();
  const name = bundleName(endedAt, namesOfBundles({ crashes }));
  writeBundle(place, { name, series: name, sequence: 1, endedAt, cause: 'crash', panic: '' }, files);
  for (const old of listBundles(place).slice(0, -3)) removeBundle(place, old.name);
}
