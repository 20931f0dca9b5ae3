import { errorOf, type MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { Job, JobResult } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { print } from '../print/output.ts';
import { progressView } from '../print/progress-view.ts';

/** Milliseconds that one call waits for progress; a bar without any still shows that time goes by. */
const waitMs = 1000;

export interface Following {
  readonly client: MonitorClient;
  readonly vm: string;
  readonly json: boolean;
}

/** A job that is done. */
export interface Ended {
  readonly job: Job;
  readonly result: JobResult;
}

/**
 * Shows the progress of a job until its end. CTRL-C cancels it, and pressed again leaves it alone. Errors: that of the
 * job, JOB_CANCELLED, JOB_DETACHED.
 */
export async function followJob(first: Job, { client, vm, json }: Following): Promise<Ended> {
  const view = progressView(first.name, json);
  const leave = new AbortController();
  let interrupts = 0;
  const onInterrupt = () => {
    interrupts += 1;
    if (interrupts > 1) return leave.abort(new Left());
    process.stderr.write(
      `\n${vm}: cancelling job ${first.id}; press CTRL-C again to exit without cancelling\n`,
    );
    // If this fails, so does the call below.
    client.call('jobCancel', first.id).catch(() => undefined);
  };
  process.on('SIGINT', onInterrupt);
  try {
    for (let job = first; ; ) {
      if (job.outcome.state !== 'running') {
        await view.end();
        return { job, result: resultOf(job, vm) };
      }
      await view.show(job.done, job.total, job);
      job = await client.call('jobWatch', { id: job.id, seen: job.progress, waitMs }, leave.signal);
    }
  } catch (error) {
    await view.end();
    if (error instanceof Left)
      throw new UmlmonError('JOB_DETACHED', {
        place: vm,
        cause: `job ${first.id} (${first.name}) continues in the monitor`,
        hint: `umlwatch ${vm} -jobs, or -cancel ${first.id}`,
      });
    if (toFailure(error).code === 'MONITOR_UNREACHABLE') throw lostError(error, first);
    throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

/** A line for what a job came to, or its document. */
export async function printEnded({ job, result }: Ended, { vm, json }: Following): Promise<void> {
  if (json) await print(JSON.stringify(job));
  else await print([`${vm}: ${result.summary}`, ...(result.report ? [result.report] : [])].join('\n'));
}

function resultOf({ id, outcome }: Job, vm: string): JobResult {
  if (outcome.state === 'done') return outcome.result;
  if (outcome.state === 'failed') throw errorOf(outcome.why);
  throw new UmlmonError('JOB_CANCELLED', {
    place: vm,
    cause: `job ${id} was cancelled; the images are unchanged`,
  });
}

/** What a job was doing that a monitor has taken with it. */
function lostError(error: unknown, { id, name }: Job): UmlmonError {
  const { place, cause, hint } = toFailure(error);
  return new UmlmonError('MONITOR_UNREACHABLE', {
    place,
    cause: `${cause}; job ${id} (${name}) ended with the monitor; it is complete, or has changed nothing`,
    hint,
  });
}

/** The reason of a signal that ends the wait for a job, and not the job. */
class Left extends Error {}
