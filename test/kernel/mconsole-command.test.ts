import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  explainRefusal,
  isQuestion,
  mconsoleCommands,
  mconsoleLine,
  parseMconsoleLine,
  tidyAnswer,
} from '../../src/kernel/mconsole-command.ts';
import { encodeRequest } from '../../src/kernel/mconsole-packet.ts';

const sent = (line: string) => {
  const command = parseMconsoleLine(line);
  return 'cause' in command ? command.cause : mconsoleLine(command);
};

test('a line becomes what the kernel takes', () => {
  expect(sent('  version ')).toBe('version');
  expect(sent('proc  /proc/meminfo')).toBe('proc meminfo');
  expect(sent('log  two  words ')).toBe('log two  words\n');
  expect(sent('config ubd1=/disks/a b.dsk')).toBe('config ubd1=/disks/a b.dsk');
  expect(sent('sysrq')).toBe('sysrq');
  expect(sent('log à\tla carte')).toBe('log à\tla carte\n');
});

test.each([
  ['versionfoo', /no command 'versionfoo'/],
  ['', /no command/],
  ['halt now', /halt takes no argument/],
  ['config', /needs an argument/],
  ['log a\nb', /one line/],
  ['sysrq ts', /one letter/],
  ['stack init', /not a process ID/],
  ['proc kmsg', /endless/],
  ['proc /proc//kmsg', /is not in \/proc|endless/],
  ['proc sys/../kmsg', /is not in \/proc/],
  ['proc self/root/dev/console', /is not in \/proc/],
  ['proc 1/fd/0', /is not in \/proc/],
  ['config ubd1=/disks/à.dsk', /contains "à" \(U\+00E0\)/],
  ['config ubd1=/disks/x\u00a0y.dsk', /contains U\+00A0/],
  ['config ubd1=/disks/x\ty.dsk', /contains U\+0009/],
  ['remove ubd1\u0085x', /contains U\+0085/],
  ['proc net/\u00a0dev', /contains U\+00A0/],
  ['log a\x1b[2J', /contains U\+001B/],
])('%j is refused, not sent', (line, cause) => {
  expect(sent(line)).toMatch(cause);
});

test('a slip is corrected, and the use of a command shown', () => {
  expect(parseMconsoleLine('verson')).toMatchObject({ hint: 'did you mean version?' });
  expect(parseMconsoleLine('stack x')).toMatchObject({ hint: 'use: stack PID' });
});

test('for any input, an accepted line becomes a request with the same command', () => {
  const line = fc.oneof(
    fc.string(),
    fc.tuple(fc.constantFrom(...Object.keys(mconsoleCommands)), fc.string()).map((parts) => parts.join(' ')),
  );
  fc.assert(
    fc.property(line, (text) => {
      const command = parseMconsoleLine(text);
      if ('cause' in command) {
        expect(command.cause).not.toBe('');
        return;
      }
      expect(Buffer.isBuffer(encodeRequest(mconsoleLine(command)))).toBe(true);
      expect(parseMconsoleLine(mconsoleLine(command))).toEqual(command);
    }),
  );
});

test('queries are distinguished from changes', () => {
  const asks = (line: string) => {
    const command = parseMconsoleLine(line);
    return 'cause' in command ? undefined : isQuestion(command);
  };
  expect(['version', 'help', 'proc stat', 'stack 1', 'config con0'].map(asks)).toEqual(Array(5).fill(true));
  expect(['config con0=null', 'config ubd1:x', 'remove ubd1', 'sysrq s', 'log x'].map(asks)).toEqual(
    Array(5).fill(false),
  );
});

test('refusals have the name of their error, and advice', () => {
  expect(explainRefusal(-16, 'Device is currently open')).toEqual({
    cause: 'EBUSY: Device is currently open',
    hint: expect.stringContaining('try again'),
  });
  expect(explainRefusal(-19, '')).toMatchObject({ cause: 'ENODEV: no such device' });
  expect(explainRefusal(1, 'Not stopped')).toEqual({ cause: 'Not stopped', hint: '' });
  expect(explainRefusal(-99999, '')).toEqual({ cause: 'error -99999', hint: '' });
});

test('the empty first packet of proc does not count', () => {
  expect(tidyAnswer('proc uptime', '\n0.42 0.32\n')).toBe('0.42 0.32\n');
  expect(tidyAnswer('log x', '\n')).toBe('\n');
});
