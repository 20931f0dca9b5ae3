import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogText } from '../../../src/cli/print/log-text.ts';

/** The text in pieces of the given lengths, and then the rest. */
function show(text: string, lengths: readonly number[] = []): string {
  const log = new LogText();
  let shown = '';
  let at = 0;
  for (const length of [...lengths, text.length]) {
    shown += log.take(text.slice(at, at + length));
    at += length;
  }
  return shown + log.end();
}

test.each([
  ['plain', 'one\ttwo\r\r\nthree\n', 'one\ttwo\r\r\nthree\n'],
  ['colours, which end with the log', '\x1b[0;32mOK\x1b[38:5:1m', '\x1b[0;32mOK\x1b[38:5:1m\x1b[m'],
  ['a title', '\x1b]0;root@host\x07', '\\x1b]0;root@host\\x07'],
  [
    'a question that the terminal would answer',
    '\x1b[6n\x1b[c\x1bP$q"p\x1b\\',
    '\\x1b[6n\\x1b[c\\x1bP$q"p\\x1b\\',
  ],
  ['the same with the controls of eight bits', '\x9b6n\x9d0;x\x9c', '\\x9b6n\\x9d0;x\\x9c'],
  ['moves and deletions', 'rm\x1b[2K\x1b[1A\rls\x08', 'rm\\x1b[2K\\x1b[1A\\rls\\x08'],
  ['an overlong colour', `\x1b[${'1'.repeat(41)}m`, `\\x1b[${'1'.repeat(41)}m`],
  ['text from right to left', 'a\u202eb', 'a\\u{202e}b'],
  ['an end in the middle', 'a\x1b[3', 'a\\x1b[3'],
])('%s', (_name, text, shown) => {
  expect(show(text)).toBe(shown);
});

test('of all control sequences of a guest, only colours reach the terminal, wherever the pieces are cut', () => {
  const part = fc.constantFrom('\x1b', '[', ']', '1', ';', 'm', 'n', '\r', '\n', '\x9b', 'x', '\x07', 'é');
  const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(5), { maxLength: 20 }), (guest, lengths) => {
      const whole = show(guest);
      expect(show(guest, lengths)).toBe(whole);
      const rest = whole.replace(/\x1b\[[0-9;:]*m/g, '').replace(/\r+\n/g, '\n');
      expect(rest).toMatch(/^(?:[^\p{Cc}]|\n)*$/u);
    }),
  );
});
