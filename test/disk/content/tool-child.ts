/**
 * Runs one disk command, or one tool on a file with a time limit, in a separate process whose mount namespace may have other
 * tools: `node tool-child.mjs JSON`. Prints the result as JSON.
 */
import { open } from 'node:fs/promises';
import type { DiskCommand, DiskHost } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { runTool, toolImage } from '../../../src/disk/content/filesystem-tool.ts';
import { handOver } from '../../../src/disk/content/hand-over.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { administrator } from '../commands/callers.ts';

type Job =
  | { request: DiskCommand; host: Omit<DiskHost, 'caller'> }
  | { file: string; timeMs: number; abortMs?: number };

const job = JSON.parse(process.argv[2] ?? '') as Job;
try {
  console.log(
    JSON.stringify(
      'request' in job
        ? await runDiskCommand(job.request, { ...job.host, caller: administrator })
        : await tool(job),
    ),
  );
} catch (error) {
  const { code, cause, hint } = toFailure(error);
  console.log(JSON.stringify({ code, cause, hint }));
}

async function tool({ file, timeMs, abortMs }: Extract<Job, { file: string }>) {
  const handle = await open(file, 'r+');
  const { size } = await handle.stat();
  const signal = abortMs === undefined ? undefined : AbortSignal.timeout(abortMs);
  try {
    return await runTool('e2fsck', ['-fn', toolImage], await handOver(handle, size), { timeMs, signal });
  } finally {
    await handle.close();
  }
}
