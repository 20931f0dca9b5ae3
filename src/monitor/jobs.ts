import { setImmediate } from 'node:timers/promises';
import type { DiskProgress } from '../disk/names/image-file.ts';
import { clipText } from '../rpc/clip-text.ts';
import { type Job, type JobResult, UMLMON_TEXT_MAX, UMLMON_WAIT_MAX } from '../rpc/umlmonctrl.gen.ts';
import { tidyMemoryWhenQuiet } from '../system/collect-garbage.ts';
import { type Failure, failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { monitorLimits, monitorShares } from '../system/limits/limits.ts';
import { FairTable } from '../system/sharing/fair-table.ts';
import { type RefusedShare, refusalText, type SharePeer, Shares } from '../system/sharing/shares.ts';
import { Waiters } from '../system/waiters.ts';
import { clippedFailure } from './answer.ts';
import type { EventLog } from './events/event-log.ts';

export interface JobRequest {
  /** The disk command: `copy`, `cow-merge`. */
  readonly name: string;
  /** What it works on, for users. */
  readonly subject: string;
  /** Who asked, for events and lists: `uid 1000`. */
  readonly by: string;
  /** The peer whose share it uses. */
  readonly peer: SharePeer;
  /** Ends soon, without changes, when the signal of the progress is aborted. */
  readonly work: (id: number, progress: Required<DiskProgress>) => Promise<JobResult>;
}

interface RunningJob {
  readonly ended: Promise<void>;
  readonly abort: AbortController;
  /** Time of the last report to watchers, of performance.now(). */
  reportedAt: number;
}

type Kept = { -readonly [K in keyof Job]: Job[K] };

/**
 * The slow disk commands of a monitor. Several run at once. Any client can watch or cancel a job by its number, also after
 * the client that started it has disconnected. The last finished jobs stay in the list.
 *
 * Unlike Operations, jobs do not change the state of the VM, and only the locks of images exclude them from each other.
 * The same request again starts another job.
 */
export class Jobs {
  readonly #vm: string;
  readonly #events: Pick<EventLog, 'publish'>;
  /** By id, oldest first. */
  readonly #jobs = new Map<number, Kept>();
  readonly #running = new Map<number, RunningJob>();
  readonly #watchers = new Waiters();
  readonly #shares = new Shares(monitorShares.jobsRunning);
  readonly #listeners = new Shares(monitorShares.eventListeners);
  /** Finished jobs. The oldest job of the client with the most jobs is removed first. */
  readonly #ended = new FairTable<number>(
    {
      total: monitorLimits.jobsKept - monitorLimits.jobsRunning,
      perPeer: monitorLimits.jobsKept,
      reserve: 0,
    },
    { atShare: 'replace', atFull: 'replace' },
  );
  #last = 0;
  #isClosing = false;

  constructor(vm: string, events: Pick<EventLog, 'publish'>) {
    this.#vm = vm;
    this.#events = events;
  }

  /** Starts a job. Errors: JOB_BUSY. */
  run({ name, subject, by, peer, work }: JobRequest): Job {
    if (this.#isClosing) throw this.#refusal();
    const release = this.#shares.take(peer);
    if (typeof release !== 'function') throw this.#refusal(release);
    this.#last += 1;
    const job: Kept = {
      id: this.#last,
      name,
      subject: clipText(subject, UMLMON_TEXT_MAX),
      by,
      began: Date.now(),
      ended: 0,
      done: 0,
      total: 0,
      progress: 1,
      cancelling: false,
      outcome: { state: 'running' },
    };
    this.#jobs.set(job.id, job);
    this.#events.publish('job-started', `${name} ${subject}, asked by ${by}`, { id: job.id, name, by });
    const abort = new AbortController();
    const running: RunningJob = {
      abort,
      reportedAt: performance.now(),
      ended: this.#carryOut(job, abort.signal, work),
    };
    this.#running.set(job.id, running);
    void running.ended.finally(() => {
      release();
      const { victim } = { victim: undefined, ...this.#ended.add({ key: peer.key, isOwner: false }, job.id) };
      if (victim !== undefined) this.#jobs.delete(victim);
    });
    return { ...job };
  }

  /** The job as soon as its progress is beyond `seen`, at the latest after `waitMs`. */
  async watch(
    id: number,
    seen: number,
    waitMs: number,
    { peer, signal }: { readonly peer: SharePeer; readonly signal: AbortSignal },
  ): Promise<Job> {
    const job = this.#get(id);
    const deadline = performance.now() + Math.min(waitMs, UMLMON_WAIT_MAX);
    while (job.progress <= seen && job.ended === 0 && !signal.aborted) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      await this.#wait(leftMs, peer, signal);
    }
    return { ...job };
  }

  /** Cancels a job; does nothing if it has finished. Errors: JOB_UNKNOWN. */
  cancel(id: number, by: string): Job {
    const job = this.#get(id);
    const running = this.#running.get(id);
    if (running && !job.cancelling) {
      job.cancelling = true;
      running.abort.abort(new Cancelled(by));
    }
    return { ...job };
  }

  /** All jobs of the list, from the oldest to the newest. */
  list(): Job[] {
    return [...this.#jobs.values()].map((job) => ({ ...job }));
  }

  /** Cancels all jobs and refuses new ones; resolves when all have finished. */
  async close(): Promise<void> {
    this.#isClosing = true;
    for (const id of this.#running.keys()) this.cancel(id, 'the end of the monitor');
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Never rejects: an error is the outcome of the job. */
  async #carryOut(job: Kept, signal: AbortSignal, work: JobRequest['work']): Promise<void> {
    try {
      // The client gets the number of the job before it starts.
      await setImmediate();
      signal.throwIfAborted();
      const onProgress = (done: number, total: number) => this.#report(job, done, total);
      const { summary, image, bytes, report } = await work(job.id, { signal, onProgress });
      const clip = (text: string) => clipText(text, UMLMON_TEXT_MAX);
      const result = { summary: clip(summary), image, bytes, report: clip(report) };
      this.#end(job, { state: 'done', result }, summary, 'ok');
    } catch (error) {
      const failure: Failure = toFailure(error, this.#vm);
      if (signal.aborted && signal.reason === error)
        this.#end(job, { state: 'cancelled' }, `cancelled by ${signal.reason.by}`, 'cancelled');
      else
        this.#end(job, { state: 'failed', why: clippedFailure(failure) }, failureText(failure), failure.code);
    }
  }

  #report(job: Kept, done: number, total: number): void {
    job.done = done;
    job.total = total;
    const running = this.#running.get(job.id);
    const now = performance.now();
    if (!running || now - running.reportedAt < monitorLimits.jobProgressInterval) return;
    running.reportedAt = now;
    job.progress += 1;
    this.#watchers.wake();
  }

  #end(job: Kept, outcome: Job['outcome'], text: string, result: string): void {
    job.outcome = outcome;
    job.ended = Date.now();
    job.progress += 1;
    this.#running.delete(job.id);
    this.#events.publish('job-ended', `${job.name} ${job.subject}: ${text}`, {
      id: job.id,
      name: job.name,
      by: job.by,
      result,
    });
    this.#watchers.wake();
    tidyMemoryWhenQuiet();
  }

  #get(id: number): Kept {
    const job = this.#jobs.get(id);
    if (job) return job;
    throw new UmlmonError('JOB_UNKNOWN', {
      place: this.#vm,
      cause: id > 0 && id <= this.#last ? `job ${id} is no longer in the list` : `there was no job ${id}`,
      hint: `umlwatch ${this.#vm} -jobs lists them`,
    });
  }

  #wait(waitMs: number, peer: SharePeer, signal: AbortSignal): Promise<void> {
    const release = this.#listeners.take(peer);
    if (typeof release !== 'function')
      throw new UmlmonError('EVENTS_LISTENERS', {
        place: this.#vm,
        cause: refusalText(release, 'calls that may watch jobs'),
        hint: 'end some of them, or ask again without waiting',
      });
    return this.#watchers.wait(waitMs, signal).finally(release);
  }

  #refusal(refusal?: RefusedShare): UmlmonError {
    if (!refusal)
      return new UmlmonError('JOB_BUSY', { place: this.#vm, cause: 'the monitor is shutting down' });
    const names = [...this.#running.keys()].map((id) => `${id} (${this.#jobs.get(id)?.name})`);
    return new UmlmonError('JOB_BUSY', {
      place: this.#vm,
      cause: `${refusalText(refusal, 'jobs at a time')}: ${names.join(', ')} are in progress`,
      hint: `wait for one, or end it with: umlwatch ${this.#vm} -cancel ID`,
    });
  }
}

/** The reason of a signal that ends a job early. */
class Cancelled extends Error {
  readonly by: string;

  constructor(by: string) {
    super(`cancelled by ${by}`);
    this.by = by;
  }
}
