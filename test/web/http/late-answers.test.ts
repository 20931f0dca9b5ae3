import { expect, test } from 'vitest';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { LateAnswers } from '../../../src/web/http/late-answers.ts';

test('an answer that is ready soon is sent at once, and is not stored', async () => {
  const late = new LateAnswers(10_000);
  expect(await late.take(Promise.resolve('done'))).toEqual({ text: 'done' });
  await expect(late.again(1)).rejects.toMatchObject({ status: 404 });
});

test('a late answer is fetched by its number, a failure too', async () => {
  const late = new LateAnswers(20);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  expect(await late.take(finished.then(() => 'done'))).toEqual({ late: 1 });
  const failing = finished.then(() => Promise.reject(new Error('it panics')));
  expect(await late.take(failing)).toEqual({ late: 2 });
  finish();
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
