import { expect, test } from 'vitest';
import { cleanReplay } from '../../src/cli/replay.ts';

const clean = (text: string, isCut = false) =>
  cleanReplay(Buffer.from(text, 'latin1'), isCut).data.toString('latin1');

test.each([
  ['cursor position, which busybox asks at every prompt', '/ # \x1b[6n', '/ # '],
  ['device attributes', 'a\x1b[c\x1b[0c\x1b[>c\x1b[>0c\x1b[=cz', 'az'],
  ['status and DEC reports', 'a\x1b[5n\x1b[?15nz', 'az'],
  ['modes', 'a\x1b[?2026$p\x1b[4$pz', 'az'],
  ['window reports', 'a\x1b[18t\x1b[14tz', 'az'],
  ['name and version', 'a\x1b[>qz', 'az'],
  ['kitty keyboard', 'a\x1b[?uz', 'az'],
  ['colours', 'a\x1b]11;?\x07\x1b]4;1;?\x1b\\z', 'az'],
  ['termcap', 'a\x1bP+q544e\x1b\\z', 'az'],
  ['bell and ENQ', 'a\x07\x05z', 'az'],
])('what a terminal answers is left out: %s', (_name, text, left) => {
  expect(clean(text)).toBe(left);
});

test.each(['\x1b[31mred\x1b[0m', '\x1b[J\x1b[K\x1b[3D', '\x1b]0;title\x1b\\', 'é€𝄞', '\x1b[22;0;0t'])(
  'output stays as it is: %j',
  (text) => {
    const data = Buffer.from(text, 'utf8');
    expect(cleanReplay(data, false)).toEqual({ data, isDrawn: false });
  },
);

test.each(['\x1b[2;5H', '\x1b[H', '\x1b[2J', '\x1b[1;23r', '\x1b[?1049h', '\x1b[?1049l'])(
  'what was drawn is left out: %j',
  (sequence) => {
    const text = `shell\r\n${sequence}drawn${sequence}\r\n$ `;
    expect(cleanReplay(Buffer.from(text), true)).toEqual({ data: Buffer.from('\r\n$ '), isDrawn: true });
  },
);

test('a beginning that is cut off is left out up to the line end', () => {
  expect(clean('49hrest of a line\r\nwhole line\r\n$ ', true)).toBe('whole line\r\n$ ');
  expect(clean('no line end', true)).toBe('no line end');
});

test.each([
  ['a bell within one', '\x1b[\x076n'],
  ['one within another', '\x1b[\x1b[cc'],
  ['a line end within one', '\x1b[6\nn'],
  ['a request that ESC ends', '\x1bP+q544e\x1b[31m'],
  ['a character of two bytes that begins one', 'a\xc2\x9b6n'],
  ['the same with a bell between the bytes', 'a\xc2\x07\x9b6n'],
  ['a title with the end of a title in it', '\x1b]0;\xc2\x9c\xc2\x9b6n\x07'],
  ['a request of the clipboard', '\x1b]52;c;?\x07'],
  ['terminal parameters', '\x1b[x'],
])('no sequence that is answered comes together from what is left: %s', (_name, text) => {
  expect(clean(text)).not.toMatch(/\x1b(?!\[31m)|\xc2|[\x05\x07]/);
});
