/** Runs one disk command in a separate process, which a test may kill: `node verb-child.mjs VERB REQUEST`. */

import type { DiskCommand, DiskHost } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { mergeCow, mergeCowInPlace, rebaseCow } from '../names/by-path.ts';
import { administrator } from './callers.ts';

const [verb = '', request = ''] = process.argv.slice(2);
const verbs: Readonly<Record<string, (request: never) => Promise<unknown>>> = {
  mergeCow,
  mergeCowInPlace,
  rebaseCow,
  runDiskVerb: ({ request, host }: { request: DiskCommand; host: DiskHost }) =>
    runDiskCommand(request, { ...host, caller: administrator }),
};
const run = verbs[verb];
if (!run) throw new Error(`no verb ${verb}`);
await run(JSON.parse(request) as never);
