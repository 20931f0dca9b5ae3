import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { Failure, ImageInfo } from '../../rpc/umlmonctrl.gen.ts';
import type { Command } from '../commands/table.ts';
import { print } from '../print/output.ts';
import { followJob, printEnded } from '../wait/follow-job.ts';
import { given, requestOf } from './disk-request.ts';
import { imagesText, imageText, jobsText } from './render-disk.ts';

interface Context {
  readonly client: MonitorClient;
  readonly vm: string;
  readonly json: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Images asked for at once; the monitor gives fewer if an answer cannot hold them. */
const imagesMax = 256;

/** `disk …` of umlwatch. Errors: those of the monitor and of the job. */
export async function runDisk({ subcommand, values, options }: Command, context: Context): Promise<void> {
  const { client, json, signal } = context;
  if (subcommand === undefined || subcommand === 'list') {
    const { images, warnings } = await readAllImages(client, signal);
    await print(json ? JSON.stringify({ images, warnings }) : imagesText(images, warnings));
  } else if (subcommand === 'info') {
    const details = await client.call('diskInfo', given(values.PATH), signal);
    await print(json ? JSON.stringify(details) : imageText(details));
  } else {
    const job = await client.call('diskRun', requestOf({ subcommand, values, options }), signal);
    await printEnded(await followJob(job, context), context);
  }
}

/** All images that the VM can see. */
export async function readAllImages(
  client: MonitorClient,
  signal?: AbortSignal,
): Promise<{ images: ImageInfo[]; warnings: readonly Failure[] }> {
  const images: ImageInfo[] = [];
  let warnings: readonly Failure[] = [];
  for (;;) {
    const after = images.at(-1)?.path ?? '';
    const list = await client.call('diskList', { after, max: imagesMax }, signal);
    images.push(...list.images);
    if (after === '') warnings = list.failures;
    if (!list.more || list.images.length === 0) return { images, warnings };
  }
}

/** `jobs` of umlwatch. */
export async function printJobs({ client, vm, json, signal }: Context): Promise<void> {
  const list = await client.call('jobList', undefined, signal);
  await print(json ? JSON.stringify(list) : jobsText(vm, list.jobs, Date.now()));
}

/** `cancel ID` of umlwatch: done when the job has ended. Errors: JOB_UNKNOWN. */
export async function cancelJob(id: number, { client, vm, json, signal }: Context): Promise<void> {
  let job = await client.call('jobCancel', id, signal);
  while (job.outcome.state === 'running')
    job = await client.call('jobWatch', { id, seen: job.progress, waitMs: 10_000 }, signal);
  await print(json ? JSON.stringify(job) : jobsText(vm, [job], Date.now()));
}
