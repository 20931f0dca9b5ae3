import { setMaxListeners } from 'node:events';
import { expect, test } from 'vitest';
import { EventLog } from '../../../src/monitor/events/event-log.ts';
import type { EventList } from '../../../src/rpc/umlmonctrl.gen.ts';
import { monitorLimits, monitorShares } from '../../../src/system/limits/limits.ts';

const peer = { key: 'uid:1000', isOwner: false };
const never = { peer, signal: new AbortController().signal };
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
  for (let i = 0; i <= monitorLimits.eventsOfGuest; i++) log.publish('guest-message', `${i}`);
  await expect(waiting).rejects.toMatchObject({ code: 'EVENTS_LOST' });
  await expect(log.read(1, 64, 0, never)).rejects.toMatchObject({ code: 'EVENTS_LOST' });
  expect(numbers(await log.read(2, 1, 0, never))).toEqual([2]);
  await expect(log.read(5000, 64, 0, never)).rejects.toMatchObject({ code: 'EVENTS_LOST' });
});

test('waiting ends with the connection, and the number of waiting readers is bounded', async () => {
  const log = new EventLog('vm1', () => undefined);
  const connection = new AbortController();
  const { perPeer } = monitorShares.eventListeners;
  setMaxListeners(2 * perPeer, connection.signal);
  const listen = (uid: number) =>
    log.read(0, 64, 60_000, { peer: { key: `uid:${uid}`, isOwner: uid === 0 }, signal: connection.signal });
  const readers = Array.from({ length: perPeer }, () => listen(1000));
  const refusal = { code: 'EVENTS_LISTENERS', cause: /you have 64 of 64/ };
  await expect(listen(1000)).rejects.toMatchObject({ code: refusal.code });
  await expect(listen(1000)).rejects.toThrow(refusal.cause);
  // Others are not concerned.
  readers.push(listen(1001), listen(0));
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

test('a client or guest with many events loses its own events, and their numbers are missing', async () => {
  const log = new EventLog('vm1', () => undefined);
  log.publish('panic', 'what matters');
  log.publish('login', 'somebody', { address: '192.0.2.1' });
  log.publish('console-note', 'a note', { by: 'uid 1000' });
  for (let i = 0; i < 5000; i++) {
    log.publish('console-attached', 'flood', { by: 'uid 1001' });
    log.publish('console-attached', 'flood', { by: `look at 2001:db8:1:2:${i.toString(16)}::1` });
    log.publish('guest-message', `${i}`, { text: `${i}` });
    log.publish('operation-started', 'start', { by: 'uid 1001' });
  }
  const held = log.held();
  expect(held).toHaveLength(monitorLimits.eventsKept);
  expect(held.slice(0, 3).map(({ kind }) => kind)).toEqual(['panic', 'login', 'console-note']);
  const list = await log.read(1, 4, 0, never);
  expect(numbers(list).slice(0, 3)).toEqual([1, 2, 3]);
  expect(list.events[3]?.sequence).toBeGreaterThan(4);
  expect(list.next).toBeGreaterThan(list.events[3]?.sequence ?? 0);
  // All that is held is found, once.
  const seen: number[] = [];
  for (let since = 1; since < log.next; ) {
    const page = await log.read(since, 64, 0, never);
    seen.push(...numbers(page));
    since = page.next;
  }
  expect(seen).toEqual(held.map(({ sequence }) => sequence));
});
