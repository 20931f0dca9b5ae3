import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TerminalModes } from '../../../src/cli/session/terminal-modes.ts';

function restoreAfter(...pieces: readonly (string | Uint8Array)[]): string {
  const modes = new TerminalModes();
  for (const piece of pieces) modes.watch(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  return modes.restore();
}

/** Attributes are always reset. */
const nothing = '\x1b[0m';

describe('a mode that was switched on is switched off', () => {
  test.each([
    ['alternate screen', '\x1b[?1049h', '\x1b[?1049l'],
    ['hidden cursor', '\x1b[?25l', '\x1b[?25h'],
    ['no wrapping', '\x1b[?7l', '\x1b[?7h'],
    ['mouse', '\x1b[?1000h\x1b[?1006h', '\x1b[?1000l\x1b[?1006l'],
    ['several modes in one sequence', '\x1b[?1006;1000h', '\x1b[?1000l\x1b[?1006l'],
    ['bracketed paste', '\x1b[?2004h', '\x1b[?2004l'],
    ['application cursor keys and keypad', '\x1b[?1h\x1b=', '\x1b[?1l\x1b>'],
    ['margins', '\x1b[2;10r', '\x1b7\x1b[r\x1b8'],
    ['line drawing', '\x1b(0', '\x1b(B'],
    ['shift out', '\x0e', '\x0f'],
    ['insert mode', '\x1b[4h', '\x1b[4l'],
    ['cursor shape', '\x1b[5 q', '\x1b[0 q'],
    ['modifyOtherKeys', '\x1b[>4;2m', '\x1b[>4m'],
    ['kitty keyboard, pushed twice', '\x1b[>1u\x1b[>3u', '\x1b[<2u'],
  ])('%s', (_name, on, off) => {
    expect(restoreAfter(on)).toBe(`${off}${nothing}`);
    // The terminal's own way back is the same as ours.
    expect(restoreAfter(on, off)).toBe(nothing);
    expect(restoreAfter(on, off, on)).toBe(`${off}${nothing}`);
  });

  test('a reset of the terminal undoes all', () => {
    expect(restoreAfter('\x1b[?1049h\x1b[?25l\x1b[>1u\x0e\x1bc')).toBe(nothing);
  });

  test('a sequence that is not finished is ended first', () => {
    expect(restoreAfter('\x1b[?25l\x1b[?10')).toBe(`\x18\x1b[?25h${nothing}`);
  });

  test('a soft reset leaves the alternate screen', () => {
    expect(restoreAfter('\x1b[?1049h\x1b[?25l\x1b[!p')).toBe(`\x1b[?1049l${nothing}`);
  });
});

describe('a similar sequence changes nothing', () => {
  test.each([
    ['text', '[?1049h'],
    ['a public mode', '\x1b[1049h'],
    ['broken off by another escape', '\x1b[?104\x1b[m9h'],
    ['broken off by CAN', '\x1b[?10\x1849h'],
    ['unknown modes', '\x1b[?12;9999h'],
    ['a title', '\x1b]0;[?1049h\x07'],
    ['too long', `\x1b[?${'1049;'.repeat(1000)}h`],
  ])('%s', (_name, text) => {
    expect(restoreAfter(text)).toBe(nothing);
  });

  test('a line end within a sequence does not break it', () => {
    expect(restoreAfter('\x1b[?10\r\n49h')).toBe(`\x1b[?1049l${nothing}`);
  });
});

const sequence = fc.oneof(
  fc.constantFrom(
    '\x1b[?1049h',
    '\x1b[?1049l',
    '\x1b[?25l',
    '\x1b[?25h',
    '\x1b[?1006;1000h',
    '\x1b[2;5r',
    '\x1b[r',
  ),
  fc.constantFrom(
    '\x1b=',
    '\x1b>',
    '\x1b(0',
    '\x1b(B',
    '\x0e',
    '\x0f',
    '\x1b[>1u',
    '\x1b[<1u',
    '\x1bc',
    '\x1b[!p',
  ),
  fc.constantFrom('\x1b', '\x1b[', '\x1b[?', 'h', 'l', ';', '25', 'q', ' ', '\x18', '\r\n'),
  fc.string({ unit: 'binary-ascii', maxLength: 8 }),
);
const output = fc.array(sequence, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('where the output is cut makes no difference', () => {
  fc.assert(
    fc.property(output, (bytes) => {
      const whole = restoreAfter(bytes);
      expect(restoreAfter(...[...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole);
      for (let cut = 0; cut <= bytes.length; cut++)
        expect(restoreAfter(bytes.subarray(0, cut), bytes.subarray(cut))).toBe(whole);
    }),
  );
});

test('after the sequences of restore, no mode is left to restore', () => {
  fc.assert(
    fc.property(output, (bytes) => {
      const modes = new TerminalModes();
      modes.watch(bytes);
      modes.watch(Buffer.from(modes.restore(), 'latin1'));
      expect(modes.restore()).toBe(nothing);
    }),
  );
});
