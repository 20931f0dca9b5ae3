import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../src/monitor/events/event-log.ts';
import { type JobRequest, Jobs } from '../../src/monitor/jobs.ts';
import type { JobResult } from '../../src/rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../src/system/errors/errors.ts';
import { monitorLimits, monitorShares } from '../../src/system/limits/limits.ts';

const result: JobResult = { summary: 'copied', image: '/disks/b.dsk', bytes: 9, report: '' };
const peer = { key: 'uid:1000', isOwner: false };
const never = { peer, signal: new AbortController().signal };

function begin() {
  const events = new EventLog('vm1', () => undefined);
  const jobs = new Jobs('vm1', events);
  const run = (work: JobRequest['work'], uid = 0) => {
    const peer = { key: `uid:${uid}`, isOwner: uid === 0 };
    return jobs.run({ name: 'copy', subject: 'a to b', by: 'uid 7', peer, work });
  };
  const kinds = () =>
    events.held().map(({ kind, attributes }) => [kind, ...attributes.map(({ value }) => value)].join(' '));
  return { jobs, run, kinds };
}

/** Work that ends when it is told to, or cancelled. */
function pending() {
  let finish: (value: JobResult) => void = () => undefined;
  const work: JobRequest['work'] = (_id, { signal }) =>
    new Promise((resolve, reject) => {
      finish = resolve;
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return { work, finish: () => finish(result) };
}

async function ended(jobs: Jobs, id: number) {
  for (;;) {
    const job = await jobs.watch(id, Number.MAX_SAFE_INTEGER, 60_000, never);
    if (job.ended > 0) return job;
  }
}

describe('a job', () => {
  test('is listed at once, and found by its number by any client', async () => {
    const { jobs, run, kinds } = begin();
    const job = run(async () => result);
    expect(job).toMatchObject({ id: 1, name: 'copy', subject: 'a to b', by: 'uid 7', ended: 0 });
    expect(job.outcome).toEqual({ state: 'running' });
    expect((await ended(jobs, 1)).outcome).toEqual({ state: 'done', result });
    expect(kinds()).toEqual(['job-started 1 copy uid 7', 'job-ended 1 copy uid 7 ok']);
  });

  test('that fails has the error as its outcome, and its code in the event', async () => {
    const { jobs, run, kinds } = begin();
    run(() => Promise.reject(new UmlmonError('IMAGE_EXISTS', { place: '/b', cause: 'there it is' })));
    run(() => {
      throw new Error('at once');
    });
    expect((await ended(jobs, 1)).outcome).toMatchObject({ state: 'failed', why: { code: 'IMAGE_EXISTS' } });
    expect((await ended(jobs, 2)).outcome).toMatchObject({ state: 'failed', why: { code: 'INTERNAL' } });
    expect(kinds()).toContain('job-ended 1 copy uid 7 IMAGE_EXISTS');
  });

  test('is cancelled by its signal; a job that was cancelled before its start did not start', async () => {
    const { jobs, run, kinds } = begin();
    run(pending().work);
    await delay(10);
    let hasBegun = false;
    run(async () => {
      hasBegun = true;
      return result;
    });
    expect(jobs.cancel(2, 'uid 8').cancelling).toBe(true);
    jobs.cancel(1, 'uid 8');
    jobs.cancel(1, 'uid 9');
    expect((await ended(jobs, 1)).outcome).toEqual({ state: 'cancelled' });
    expect((await ended(jobs, 2)).outcome).toEqual({ state: 'cancelled' });
    expect(hasBegun).toBe(false);
    expect(
      kinds()
        .filter((kind) => kind.startsWith('job-ended'))
        .sort(),
    ).toEqual(['job-ended 1 copy uid 7 cancelled', 'job-ended 2 copy uid 7 cancelled']);
    // Too late is no error.
    expect(jobs.cancel(1, 'uid 8').outcome).toEqual({ state: 'cancelled' });
  });

  test('that finished or failed while it was cancelled has that result', async () => {
    const { jobs, run } = begin();
    run(
      (_id, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(result))),
    );
    run(
      (_id, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('disk full'))),
        ),
    );
    await delay(10);
    for (const id of [1, 2]) jobs.cancel(id, 'uid 0');
    expect((await ended(jobs, 1)).outcome.state).toBe('done');
    expect((await ended(jobs, 2)).outcome).toMatchObject({ state: 'failed', why: { cause: 'disk full' } });
  });
});

describe('watching', () => {
  test('waits for news, gets progress at intervals, and the end at once', async () => {
    const { jobs, run } = begin();
    let tell: (done: number, total: number) => void = () => undefined;
    let finish: (value: JobResult) => void = () => undefined;
    const { progress } = run((_id, { onProgress }) => {
      tell = onProgress;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    expect(await jobs.watch(1, 0, 60_000, never)).toMatchObject({ progress });
    const first = jobs.watch(1, progress, 60_000, never);
    await delay(monitorLimits.jobProgressInterval + 20);
    tell(1, 10);
    const told = await first;
    expect(told).toMatchObject({ done: 1, total: 10, progress: progress + 1 });
    // Too soon after the last one: kept for the next.
    tell(2, 10);
    expect(await jobs.watch(1, told.progress, 0, never)).toMatchObject({ done: 2, progress: told.progress });
    const last = jobs.watch(1, told.progress, 60_000, never);
    finish(result);
    expect(await last).toMatchObject({ outcome: { state: 'done' }, progress: told.progress + 1 });
  });

  test('ends with the connection', async () => {
    const { jobs, run } = begin();
    const { progress } = run(pending().work);
    const connection = new AbortController();
    const watch = jobs.watch(1, progress, 60_000, { peer, signal: connection.signal });
    connection.abort();
    expect((await watch).outcome.state).toBe('running');
    await jobs.close();
  });

  test.each([0, 7, -1, 2 ** 40])('there is no job %d', async (id) => {
    const { jobs } = begin();
    await expect(jobs.watch(id, 0, 0, never)).rejects.toMatchObject({ code: 'JOB_UNKNOWN' });
    expect(() => jobs.cancel(id, 'uid 0')).toThrow('there was no job');
  });
});

test('several at once, up to a limit; the refusal names them', async () => {
  const { jobs, run } = begin();
  const works = Array.from({ length: monitorLimits.jobsRunning }, pending);
  for (const { work } of works) run(work);
  expect(() => run(pending().work)).toThrow(
    /you have 4 of 4 jobs at a time: 1 \(copy\), 2 \(copy\).*-cancel ID/,
  );
  await delay(10);
  works[2]?.finish();
  await ended(jobs, 3);
  expect(run(pending().work).id).toBe(monitorLimits.jobsRunning + 1);
  await jobs.close();
});

test('those that have ended are remembered for a while; those that run for as long as they do', async () => {
  const { jobs, run } = begin();
  run(pending().work);
  for (let n = 0; n < monitorLimits.jobsKept + 5; n++) await ended(jobs, run(async () => result).id);
  const ids = jobs.list().map(({ id }) => id);
  expect(ids).toHaveLength(monitorLimits.jobsKept - monitorLimits.jobsRunning + 1);
  expect(ids.slice(0, 2)).toEqual([1, 11]);
  expect(() => jobs.cancel(3, 'uid 0')).toThrow('job 3 is no longer in the list');
  await jobs.close();
});

test('a monitor that shuts down cancels jobs, waits for them, and starts no more', async () => {
  const { jobs, run } = begin();
  let isTidy = false;
  run(async (_id, { signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await delay(20);
    isTidy = true;
    throw signal.reason;
  });
  await delay(10);
  await jobs.close();
  expect(isTidy).toBe(true);
  expect(jobs.list()[0]?.outcome.state).toBe('cancelled');
  expect(() => run(async () => result)).toThrow('the monitor is shutting down');
});

test('a user has its share of jobs, and neither blocks root nor displaces jobs of others', async () => {
  const { jobs, run } = begin();
  await ended(jobs, run(async () => result, 1000).id);
  for (let n = 0; n < monitorLimits.jobsKept; n++) await ended(jobs, run(async () => result, 1001).id);
  const { perPeer } = monitorShares.jobsRunning;
  for (let n = 0; n < perPeer; n++) run(pending().work, 1001);
  expect(() => run(pending().work, 1001)).toThrow(/you have 2 of 2/);
  run(pending().work, 1002);
  expect(() => run(pending().work, 1003)).toThrow(/are taken, by others/);
  run(pending().work, 0);
  expect(jobs.list()[0]?.id).toBe(1);
  await jobs.close();
});
