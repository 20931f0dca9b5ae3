import { expect, test } from 'vitest';
import {
  type BarKey,
  barKeys,
  modified,
  sequenceOf,
} from '../../../../src/web/browser/console/key-sequences.ts';

const none = { ctrl: false, alt: false };

test.each([
  ['Esc', none, false, '\x1b'],
  ['Tab', none, false, '\t'],
  ['Tab', { ctrl: false, alt: true }, false, '\x1b\t'],
  ['↑', none, false, '\x1b[A'],
  ['↑', none, true, '\x1bOA'],
  ['End', none, true, '\x1bOF'],
  ['↑', { ctrl: true, alt: false }, true, '\x1b[1;5A'],
  ['→', { ctrl: true, alt: true }, false, '\x1b[1;7C'],
  ['PgUp', none, true, '\x1b[5~'],
  ['PgDn', { ctrl: false, alt: true }, false, '\x1b[6;3~'],
] as const)('%s with %j, application %s: %j', (key, modifiers, isApplication, sent) => {
  expect(sequenceOf(key, modifiers, isApplication)).toBe(sent);
});

test('every key of the bar but Ctrl and Alt sends something', () => {
  const silent = barKeys.filter(({ key }) => sequenceOf(key, none, false) === '').map(({ key }) => key);
  expect(silent).toEqual(['Ctrl', 'Alt'] satisfies BarKey[]);
});

test.each([
  ['c', { ctrl: true, alt: false }, '\x03'],
  ['C', { ctrl: true, alt: false }, '\x03'],
  ['[', { ctrl: true, alt: false }, '\x1b'],
  ['@', { ctrl: true, alt: false }, '\0'],
  [' ', { ctrl: true, alt: false }, '\0'],
  ['?', { ctrl: true, alt: false }, '\x7f'],
  ['1', { ctrl: true, alt: false }, '1'],
  ['ü', { ctrl: true, alt: false }, 'ü'],
  ['x', { ctrl: false, alt: true }, '\x1bx'],
  ['x', { ctrl: true, alt: true }, '\x1b\x18'],
  ['pasted', { ctrl: true, alt: true }, 'pasted'],
  ['', { ctrl: true, alt: true }, ''],
] as const)('%j with %j: %j', (text, modifiers, sent) => {
  expect(modified(text, modifiers)).toBe(sent);
});
