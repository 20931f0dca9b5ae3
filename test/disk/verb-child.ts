/** Runs one verb in a process of its own, which a test may kill: `node verb-child.mjs VERB REQUEST`. */
import { mergeCow } from '../../src/disk/cow-merge.ts';
import { mergeCowInPlace } from '../../src/disk/cow-merge-in-place.ts';
import { rebaseCow } from '../../src/disk/cow-rebase.ts';
import { type DiskHost, type DiskVerb, runDiskVerb } from '../../src/disk/verb.ts';

const [verb = '', request = ''] = process.argv.slice(2);
const verbs: Readonly<Record<string, (request: never) => Promise<unknown>>> = {
  mergeCow,
  mergeCowInPlace,
  rebaseCow,
  runDiskVerb: ({ request, host }: { request: DiskVerb; host: DiskHost }) => runDiskVerb(request, host),
};
const run = verbs[verb];
if (!run) throw new Error(`no verb ${verb}`);
await run(JSON.parse(request) as never);
