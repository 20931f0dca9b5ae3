import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { LateAnswers } from '../../../src/web/http/late-answers.ts';

test('an answer that is soon there is given at once, and is not held', async () => {
  const late = new LateAnswers(10_000);
  expect(await late.take(Promise.resolve('done'))).toEqual({ text: 'done' });
  await expect(late.again(1)).rejects.toMatchObject({ status: 404 });
});

test('a late one is asked for by its number, a failure too', async () => {
  const late = new LateAnswers(20);
  const slow = delay(100).then(() => 'done');
  const failing = delay(100).then(() => Promise.reject(new Error('it panics')));
  expect(await late.take(slow)).toEqual({ late: 1 });
  expect(await late.take(failing)).toEqual({ late: 2 });
  await delay(150);
  expect(await late.again(1)).toEqual({ text: 'done' });
  await expect(late.again(2)).rejects.toThrow('it panics');
  await expect(late.again(2)).rejects.toMatchObject({ status: 404 });
});

test('a session holds so many, and forgets the oldest', async () => {
  const late = new LateAnswers(5);
  const never = new Promise<string>(() => undefined);
  for (let count = 0; count <= webLimits.lateAnswers; count++) await late.take(never);
  await expect(late.again(1)).rejects.toMatchObject({ status: 404 });
  expect(await late.again(2)).toEqual({ late: 2 });
});
