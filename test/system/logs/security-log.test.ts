import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { securityLimits } from '../../../src/system/limits/limits.ts';
import { SecurityLog } from '../../../src/system/logs/security-log.ts';

let now = 0;
let lines: Record<string, unknown>[] = [];
let log: SecurityLog;
const sink = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };

beforeEach(() => {
  vi.useFakeTimers();
  now = 1_700_000_000_000;
  lines = [];
  log = new SecurityLog(sink, () => now);
});
afterEach(() => vi.useRealTimers());

const login = (from: string) => ({ kind: 'login', who: 'admin', from, what: 'admin', result: 'ok' }) as const;
const refusal = (from: string, what = 'kill') =>
  ({ kind: 'refused', who: 'somebody', from, what, result: 'ROLE_TOO_LOW' }) as const;

test('texts of others are made printable, and cut', () => {
  log.record({ ...refusal('192.0.2.1'), who: 'a\u001b[2J\u202eb\n{"kind":"login"}', what: 'x'.repeat(9999) });
  const [event] = log.held();
  expect(event?.who).toBe('a\\x1b[2J\\u{202e}b\\n{"kind":"login"}');
  expect(event?.what).toHaveLength(securityLimits.text);
  expect(lines).toEqual([
    {
      time: now,
      seq: 1,
      kind: 'refused',
      who: event?.who,
      from: '192.0.2.1',
      what: event?.what,
      result: 'ROLE_TOO_LOW',
    },
  ]);
});

test('equal events within a minute are one event, reported again with their count; then a new one starts', () => {
  for (let n = 0; n < 1000; n++) log.record(refusal('192.0.2.1'));
  expect(log.held()).toHaveLength(1);
  expect(log.held()[0]).toMatchObject({ count: 1000, time: now });
  expect(lines).toHaveLength(1);
  now += securityLimits.foldTime;
  vi.advanceTimersByTime(securityLimits.foldTime);
  expect(lines[1]).toMatchObject({ seq: 1, count: 999 });
  log.record(refusal('192.0.2.1'));
  expect(log.held().map(({ count }) => count)).toEqual([1000, 1]);
  // Nothing is left to tell, and no timer is left to wake anybody.
  expect(vi.getTimerCount()).toBe(0);
});

describe('a flood', () => {
  test('of one peer drops its own events only', () => {
    log.record(refusal('192.0.2.1'));
    for (let n = 0; n < 10_000; n++) log.record(refusal('192.0.2.66', `call ${n}`));
    const from = (address: string) => log.held().filter((event) => event.from === address).length;
    expect([from('192.0.2.1'), from('192.0.2.66')]).toEqual([1, securityLimits.eventsOfPeer]);
    expect(log.dropped).toBe(10_000 - securityLimits.eventsOfPeer);
  });

  test('of one kind by many peers drops events of this kind only, first of those who have the most', () => {
    for (let n = 0; n < 40; n++) log.record(login(`198.51.100.${n}`));
    log.record({ kind: 'operation', who: 'uid 0', what: 'kill', result: 'ok' });
    for (let n = 0; n < 20; n++) log.record(refusal('192.0.2.66', `call ${n}`));
    for (let n = 0; n < 20_000; n++) log.record(refusal(`10.${n >> 14}.${(n >> 7) & 127}.${n & 127}`));
    const held = log.held();
    expect(held).toHaveLength(securityLimits.events);
    expect(held.filter(({ kind }) => kind === 'login')).toHaveLength(40);
    expect(held.filter(({ kind }) => kind === 'operation')).toHaveLength(1);
    expect(held.filter(({ from }) => from === '192.0.2.66').length).toBeLessThanOrEqual(1);
  });

  test('does not fill the log: lines have shares too, and the number of omitted lines is reported', () => {
    for (let n = 0; n < 10_000; n++) log.record(refusal('192.0.2.66', `call ${n}`));
    expect(lines).toHaveLength(securityLimits.linesOfPeerAtOnce);
    for (let n = 0; n < 10_000; n++) log.record(refusal(`10.0.${n >> 7}.${n & 127}`));
    expect(lines).toHaveLength(securityLimits.linesAtOnce);
    log.record(login('192.0.2.1'));
    expect(lines.at(-1)).toMatchObject({ kind: 'login' });
    now += securityLimits.foldTime;
    vi.advanceTimersByTime(securityLimits.foldTime);
    expect(lines.at(-1)).toMatchObject({
      kind: 'unlogged',
      what: 'refused',
      count: 20_000 - securityLimits.linesAtOnce,
    });
    // A day of it.
    const before = lines.length;
    for (let minute = 0; minute < 24 * 60; minute++) {
      now += 60_000;
      vi.advanceTimersByTime(60_000);
      for (let n = 0; n < 50; n++) log.record(refusal(`10.1.${minute & 127}.${n}`, `at ${minute}`));
    }
    const written = lines.slice(before).reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
    expect(written).toBeLessThan(securityLimits.fileBytes);
  });

  test('costs little', () => {
    for (let n = 0; n < securityLimits.events; n++) log.record(refusal(`10.0.${n >> 7}.${n & 127}`));
    const began = process.cpuUsage();
    for (let n = 0; n < 2000; n++) log.record(refusal(`10.9.${n >> 7}.${n & 127}`));
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 2000).toBeLessThan(500);
  });
});

test('pending counts are reported at the end', () => {
  log.record(login('192.0.2.1'));
  log.record(login('192.0.2.1'));
  log.close();
  expect(lines).toHaveLength(2);
});
