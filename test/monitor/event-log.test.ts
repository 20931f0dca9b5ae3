import { setMaxListeners } from 'node:events';
import { expect, test } from 'vitest';
import { EventLog } from '../../src/monitor/event-log.ts';
import type { EventList } from '../../src/rpc/umlmonctrl.gen.ts';
import { monitorLimits } from '../../src/system/limits.ts';

const never = new AbortController().signal;
const numbers = ({ events }: EventList) => events.map(({ sequence }) => sequence);

test('events are numbered without gaps and can be read again', async () => {
  const log = new EventLog('vm1', () => undefined);
  for (let i = 0; i < 5; i++) log.publish('guest-message', `${i}`);
  expect(numbers(await log.read(1, 64, 0, never))).toEqual([1, 2, 3, 4, 5]);
  expect(numbers(await log.read(4, 64, 0, never))).toEqual([4, 5]);
  expect(numbers(await log.read(1, 2, 0, never))).toEqual([1, 2]);
  expect(await log.read(6, 64, 0, never)).toEqual({ events: [], next: 6 });
});

test('0 means from now on, and a reader is woken by the next event', async () => {
  const log = new EventLog('vm1', () => undefined);
  log.publish('guest-message', 'old');
  const reading = log.read(0, 64, 60_000, never);
  log.publish('guest-message', 'new');
  expect(await reading).toMatchObject({ events: [{ text: 'new' }], next: 3 });
});

test('lost events are an error, also when they are lost while waiting', async () => {
  const log = new EventLog('vm1', () => undefined);
  const waiting = log.read(1, 64, 60_000, never);
  for (let i = 0; i <= monitorLimits.eventsKept; i++) log.publish('guest-message', `${i}`);
  await expect(waiting).rejects.toMatchObject({ code: 'EVENTS_LOST' });
  await expect(log.read(1, 64, 0, never)).rejects.toMatchObject({ code: 'EVENTS_LOST' });
  expect(numbers(await log.read(2, 1, 0, never))).toEqual([2]);
  await expect(log.read(5000, 64, 0, never)).rejects.toMatchObject({ code: 'EVENTS_LOST' });
});

test('waiting ends with the connection, and the number of waiting readers is bounded', async () => {
  const log = new EventLog('vm1', () => undefined);
  const connection = new AbortController();
  setMaxListeners(monitorLimits.eventListeners, connection.signal);
  const readers = Array.from({ length: monitorLimits.eventListeners }, () =>
    log.read(0, 64, 60_000, connection.signal),
  );
  await expect(log.read(0, 64, 60_000, never)).rejects.toMatchObject({ code: 'EVENTS_LISTENERS' });
  connection.abort();
  expect(await Promise.all(readers)).toEqual(readers.map(() => ({ events: [], next: 1 })));
});

test('long texts are cut', async () => {
  const log = new EventLog('vm1', () => undefined);
  log.publish('guest-message', 'x'.repeat(100_000), { text: 'y'.repeat(100_000) });
  const {
    events: [event],
  } = await log.read(1, 64, 0, never);
  expect(event?.text.length).toBe(monitorLimits.eventText);
  expect(event?.attributes[0]?.value.length).toBe(monitorLimits.eventText);
});
