import { expect, test } from 'vitest';
import { escapeKey, findEscape } from '../../../src/cli/session/escape-key.ts';

const leave = escapeKey(0x1d);

test.each([
  ['\x1d', 0],
  ['exit\r\x1d', 5],
  ['exit\r\x1dmore\x1d', 5],
  ['ab\x1b[93;5u', 2],
  ['ab\x1b[27;5;93~', 2],
  ['ab\x1b[94;5u', -1],
  ['', -1],
  ['äöü€𝄞', -1],
])('%j: %i', (typed, at) => {
  expect(findEscape(Buffer.from(typed), leave)).toBe(at);
});

test('names and other keys', () => {
  expect(leave.name).toBe('CTRL-]');
  expect(escapeKey(1).name).toBe('CTRL-A');
  expect(findEscape(Buffer.from('x\x1b[97;5u'), escapeKey(1))).toBe(1);
  expect(findEscape(Buffer.from('x\x1d'), escapeKey(1))).toBe(-1);
});
