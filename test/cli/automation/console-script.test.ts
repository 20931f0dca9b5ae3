import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PlainText } from '../../../src/cli/automation/plain-text.ts';
import { OutputSplitter } from '../../../src/cli/automation/run-in-guest.ts';

const mark = '0123456789ab';

/** Output and status, from text that arrives in pieces of this length. */
function split(text: string, length: number): { output: string; status: number | undefined } {
  const splitter = new OutputSplitter(mark);
  let output = '';
  for (let at = 0; at < text.length; at += length) {
    const taken = splitter.take(text.slice(at, at + length));
    output += taken.output;
    if (taken.status !== undefined) return { output, status: taken.status };
  }
  return { output, status: undefined };
}

test('the output of a command is the text between the marks, in whatever pieces it arrives', () => {
  const output = fc.array(fc.constantFrom('a', '\n', ' ', 'E0123', 'B0123456789ab', 'ö', ':', '7'), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(output, fc.nat(255), fc.integer({ min: 1, max: 50 }), (parts, status, length) => {
      const text = parts.join('');
      const echo = `# echo B""${mark}; (eval 'x'); echo E""${mark}:\r\r\n$?\r\n`;
      const shown = `${echo}B${mark}\r\n${text.replaceAll('\n', '\r\n')}E${mark}:${status}\r\n# `;
      expect(split(shown, length)).toEqual({ output: text, status });
    }),
  );
});

describe('text without control sequences', () => {
  test.each([
    ['\x1b[1;32mroot\x1b[0m@vm1:\x1b]0;title\x07# ', 'root@vm1:# '],
    ['a\r\nb\tc\x07\x08', 'a\nb\tc'],
    ['\x1b(Bx\x1bMy\x1b=z', 'xyz'],
    ['prompt# \x1b[6n', 'prompt# '],
  ])('%j', (given, expected) => {
    expect(new PlainText().take(given)).toBe(expected);
    const text = new PlainText();
    expect([...given].map((character) => text.take(character)).join('')).toBe(expected);
  });

  test('an endless escape sequence does not hide all later output', () => {
    const text = new PlainText();
    for (let i = 0; i < 100; i++) text.take(`\x1b]0;${'x'.repeat(100)}`);
    expect(text.take('\x1b\\visible')).toContain('visible');
  });
});
