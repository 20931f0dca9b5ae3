import { expect, test } from 'vitest';
import { EventLog } from '../../src/monitor/events/event-log.ts';
import { Operations } from '../../src/monitor/operations.ts';

function pending() {
  let finish: (summary: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const done = new Promise<string>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { done, finish, fail };
}

test('the same operation is joined', async () => {
  const operations = new Operations('vm1', new EventLog('vm1', () => undefined));
  const { done, finish } = pending();
  const first = operations.run('start', 'uid 0', () => done);
  const second = operations.run('start', 'uid 1', () => Promise.reject(new Error('must not run')));
  finish('running');
  expect(await first).toMatchObject({ joined: false, summary: 'running', operation: { id: 1, by: 'uid 0' } });
  expect(await second).toMatchObject({ joined: true, summary: 'running', operation: { id: 1 } });
  expect(operations.current).toBeUndefined();
});

test('another operation is refused by name', async () => {
  const operations = new Operations('vm1', new EventLog('vm1', () => undefined));
  const { done, finish } = pending();
  const first = operations.run('stop', 'uid 7', () => done);
  await expect(operations.run('start', 'uid 0', () => Promise.resolve(''))).rejects.toMatchObject({
    code: 'STATE_BUSY',
    place: 'vm1',
    reason: expect.stringMatching(/^busy with stop \(operation 1, since \d+\.\d s, asked by uid 7\)$/),
    hint: expect.stringContaining('-kill'),
  });
  finish('');
  await first;
});

test('a kill overtakes, and stays current until its own end', async () => {
  const operations = new Operations('vm1', new EventLog('vm1', () => undefined));
  const start = pending();
  const kill = pending();
  const first = operations.run('start', 'uid 0', () => start.done);
  const second = operations.run('kill', 'uid 0', () => kill.done);
  start.fail(new Error('killed'));
  await expect(first).rejects.toThrow('killed');
  expect(operations.current?.name).toBe('kill');
  kill.finish('killed');
  await second;
  expect(operations.current).toBeUndefined();
});

test('a failed operation is over, and its error reaches those who joined', async () => {
  const operations = new Operations('vm1', new EventLog('vm1', () => undefined));
  const { done, fail } = pending();
  const first = operations.run('start', 'uid 0', () => done);
  const second = operations.run('start', 'uid 0', () => done);
  fail(new Error('no image'));
  await expect(first).rejects.toThrow('no image');
  await expect(second).rejects.toThrow('no image');
  expect((await operations.run('start', 'uid 0', () => Promise.resolve('up'))).operation.id).toBe(2);
});

test('the same operation on another object is another operation, with its own progress', async () => {
  const operations = new Operations('vm1', new EventLog('vm1', () => undefined));
  const { done, finish } = pending();
  const first = operations.run(
    'backup',
    'uid 0',
    (report) => {
      report(1, 4);
      return done;
    },
    'a',
  );
  const joined = operations.run('backup', 'uid 1', () => Promise.reject(new Error('must not run')), 'a');
  await expect(operations.run('backup', 'uid 1', () => done, 'b')).rejects.toMatchObject({
    code: 'STATE_BUSY',
  });
  expect(operations.current).toMatchObject({ name: 'backup', object: 'a', progress: { done: 1, total: 4 } });
  finish('done');
  await first;
  expect(await joined).toMatchObject({ joined: true, summary: 'done' });
});

test('a kill does not overtake a restore, during which no kernel runs', async () => {
  const operations = new Operations('vm1', new EventLog('vm1', () => undefined));
  const { done, finish } = pending();
  const restore = operations.run('restore', 'uid 0', () => done, 'a');
  await expect(operations.run('kill', 'uid 0', () => Promise.resolve(''))).rejects.toMatchObject({
    code: 'STATE_BUSY',
    hint: 'wait for it',
  });
  finish('');
  await restore;
});
