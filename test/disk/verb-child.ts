/** Runs one verb in a process of its own, which a test may kill: `node verb-child.mjs VERB REQUEST`. */
import { mergeCow } from '../../src/disk/cow-merge.ts';
import { mergeCowInPlace } from '../../src/disk/cow-merge-in-place.ts';
import { rebaseCow } from '../../src/disk/cow-rebase.ts';

const [verb = '', request = ''] = process.argv.slice(2);
const verbs: Readonly<Record<string, (request: never) => Promise<void>>> = {
  mergeCow,
  mergeCowInPlace,
  rebaseCow,
};
const run = verbs[verb];
if (!run) throw new Error(`no verb ${verb}`);
await run(JSON.parse(request) as never);
