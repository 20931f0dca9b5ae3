/** The reckoning of unread input against a guest that does everything in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputLedger } from '../../../src/console/input/input-ledger.ts';
import { consoleLimits } from '../../../src/system/limits/limits.ts';
import { deadly, Guest, pasteAll, Terminal, text } from './input-guest.ts';

test('the buffer of a kernel never gets full, whatever a guest and its users do', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('paste' as const), length: fc.integer({ min: 9, max: 9000 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('key' as const),
        key: fc.constantFrom('a', '\r', '\x7f', '\x15', '\x03', '\x1b[A'),
      }),
    },
    { weight: 6, arbitrary: fc.constant({ do: 'arrive' as const }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('read' as const), most: fc.integer({ min: 1, max: 5000 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.constantFrom(1, 12, 90, 1100, 2500) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'close' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'flush' as const }) },
    { weight: 2, arbitrary: fc.constant({ do: 'open' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('mode' as const), isCanonical: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ do: 'multiplex' as const }) },
    { weight: 1, arbitrary: fc.constant({ do: 'other' as const }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 89 }), (steps, seed) => {
      const guest = new Guest();
      if (seed % 3 === 0) guest.staleTails = [0, seed];
      // Its buffer is recognised; or not yet.
      if (seed % 4 > 0) pasteAll(guest, text(4000, seed), 5000);
      let rest = '';
      for (const one of steps) {
        if (one.do === 'paste')
          for (let turns = 0; turns < 4; turns++)
            rest = guest.paste(rest === '' ? text(one.length, seed) : rest);
        else if (one.do === 'key' && guest.ledger.reserveFor(Buffer.from(one.key)) >= one.key.length)
          guest.pass(one.key);
        else if (one.do === 'arrive') guest.arrive();
        else if (one.do === 'read') guest.terminal.take(one.most);
        else if (one.do === 'tick') guest.tick(one.ms);
        else if (one.do === 'flush') guest.terminal.flush();
        else if (one.do === 'close') guest.close();
        else if (one.do === 'open') guest.reopen();
        else if (one.do === 'mode') guest.terminal.isCanonical = one.isCanonical;
        else if (one.do === 'multiplex' && !guest.inner) {
          guest.inner = new Terminal();
          guest.terminals.set(0x20_000, guest.inner);
        } else if (one.do === 'other') guest.terminals.get(0x9000)?.receive(text(40, seed));
        guest.look();
      }
    }),
    { numRuns: 400 },
  );
});

test('former mappings of the buffer, which never move, hold nothing up', () => {
  const guest = new Guest();
  guest.staleTails = [0, 0, 17];
  guest.terminal.isCanonical = true;
  expect(pasteAll(guest, text(200_000, 7), 30_000)).toBeLessThan(10_000);
});

test('a new monitor reckons by the buffer that is read, not by former mappings', () => {
  const before = new Guest();
  pasteAll(before, text(5000, 7), 5000);
  const guest = new Guest(false);
  guest.terminal.receive(before.terminal.received);
  guest.terminal.take(1e9);
  guest.staleTails = [1000];
  guest.look();
  expect(guest.ledger.unread).toBe(0);
});

test('a guest that reads gets everything, whatever happened before', () => {
  const before = fc.constantFrom(
    'nothing',
    'closed',
    'unread',
    'adopted',
    'multiplexer',
    'canonical',
    'erased',
    'keys',
  );
  fc.assert(
    fc.property(before, fc.integer({ min: 1, max: 89 }), (what, seed) => {
      const guest = new Guest(what !== 'adopted');
      guest.terminal.isCanonical = what === 'canonical' || what === 'erased';
      if (what === 'multiplexer') {
        guest.inner = new Terminal();
        guest.terminals.set(0x20_000, guest.inner);
      }
      if (what === 'unread' || what === 'closed') {
        guest.paste(text(5000, 7));
        guest.arrive();
        guest.arrive();
      }
      // As fast as they come, without a moment to look.
      if (what === 'keys')
        for (const key of text(4000, 3)) if (guest.ledger.reserveFor(Buffer.from(key)) > 0) guest.pass(key);
      if (what === 'closed') {
        guest.close();
        guest.tick(100);
        guest.reopen();
      }
      if (what === 'erased') guest.pass('\x7f\x7fab\x7f\r');
      pasteAll(guest, text(60_000, seed), 30_000);
    }),
    { numRuns: 60 },
  );
});

test('CTRL-C helps a guest whose terminal was opened anew when there was no room to recognise it', () => {
  const guest = new Guest();
  guest.pass(text(3000, 3));
  guest.tick(200);
  guest.close();
  guest.tick(200);
  guest.reopen();
  guest.terminal.isCanonical = true;
  guest.pass(text(900, 5));
  guest.tick(200);
  const interrupt = '\x03';
  expect(guest.ledger.reserveFor(Buffer.from(interrupt))).toBeGreaterThan(0);
  guest.pass(interrupt);
  guest.tick(200);
  guest.terminal.take(1e9);
  pasteAll(guest, text(20_000, 7), 30_000);
});

test('what another monitor has typed counts, as far as a terminal may have it unread', () => {
  const guest = new Guest(false);
  guest.terminal.receive(text(2900, 3));
  expect(guest.ledger.roomFor(Buffer.alloc(100))).toBe(0);
  guest.look();
  expect(guest.ledger.unread).toBe(2900);
  expect(guest.ledger.roomFor(Buffer.alloc(1000))).toBe(100);
});

test('a line gets more room than lines do, but no more than a terminal takes', () => {
  const guest = new Guest();
  guest.terminal.isCanonical = true;
  pasteAll(guest, text(4000, 3), 5000);
  guest.look();
  let rest = 'x'.repeat(6000);
  for (let i = 0; i < 500; i++) {
    rest = guest.paste(rest);
    guest.arrive();
    guest.terminal.take(1e9);
    guest.tick(5);
  }
  expect(guest.terminal.unread).toBeGreaterThanOrEqual(consoleLimits.openLineBytes);
  expect(guest.terminal.unread).toBeLessThan(deadly);
});

test('where nothing can be seen, input goes in pieces: after a pause, or after output', () => {
  const ledger = new InputLedger(true, 0);
  const blind = (output: number) => ({ buffers: undefined, passed: ledger.passed, outside: 0, output });
  const bytes = Buffer.alloc(5000, 'a');
  // The guest has booted: what it said before the input answers nothing.
  const boot = 50_000;
  ledger.note(bytes.subarray(0, ledger.roomFor(bytes)), 0, boot);
  ledger.look(blind(boot + 3000), 10);
  expect(ledger.isBlind).toBe(true);
  expect(ledger.roomFor(bytes)).toBe(0);
  ledger.look(blind(boot + 10_000), 20);
  expect(ledger.roomFor(bytes)).toBe(3000);
  ledger.note(bytes.subarray(0, 3000), 30, boot + 20_000);
  ledger.look(blind(boot + 20_000), 9000);
  expect(ledger.roomFor(bytes)).toBe(0);
  ledger.look(blind(boot + 20_000), 10_040);
  expect(ledger.roomFor(bytes)).toBe(3000);
});

test('where nothing can be seen, keys that a guest answers do not use up the room', () => {
  const ledger = new InputLedger(true, 0);
  ledger.look({ buffers: undefined, passed: 0, outside: 0, output: 0 }, 0);
  const key = Buffer.from('j');
  // An editor draws a line for each key.
  for (let keys = 0; keys < 10_000; keys++) ledger.note(key, keys * 50, keys * 100);
  expect(ledger.unread).toBeLessThan(100);
});

test('a kernel whose buffers are not recognised is done without', () => {
  const ledger = new InputLedger(true, 0);
  const buffers = new Map([[0x1000, new Terminal().buffer]]);
  const bytes = Buffer.alloc(5000, 'a');
  ledger.note(bytes.subarray(0, 3000), 0, 0);
  for (let now = 0; now < 60_000 && !ledger.isBlind; now += 100) {
    ledger.look({ buffers, passed: ledger.passed, outside: 0, output: 0 }, now);
    ledger.note(bytes.subarray(0, ledger.probe(now)), now, 0);
  }
  expect(ledger.isBlind).toBe(true);
  expect(ledger.unread).toBeLessThan(deadly);
});
