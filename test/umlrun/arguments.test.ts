import { expect, test } from 'vitest';
import { parseUmlrunArguments } from '../../src/umlrun/arguments.ts';

const parse = (words: readonly string[], env = {}) =>
  parseUmlrunArguments(
    words.map((word) => Buffer.from(word)),
    env,
  );

test('options end at the command', () => {
  const parsed = parse(['-mem', '64M', '-share', '/src', '--share', '/data:ro', 'ls', '-image', 'x']);
  expect(parsed).toMatchObject({
    run: {
      memory: 64 * 1024 ** 2,
      image: undefined,
      shares: [
        { directory: '/src', writable: true },
        { directory: '/data', writable: false },
      ],
      command: ['ls', '-image', 'x'].map((word) => Buffer.from(word)),
    },
  });
  expect(parse(['--', '-x'])).toMatchObject({ run: { command: [Buffer.from('-x')] } });
  expect(parse(['-share', '/odd:ro:rw', 'x'])).toMatchObject({
    run: { shares: [{ directory: '/odd:ro', writable: true }] },
  });
});

test('variables are given, or passed on', () => {
  const parsed = parse(['-env', 'A=1=2', '-env', 'B', '-env', 'GONE', 'x'], { B: 'own' });
  expect(parsed).toMatchObject({ run: { environment: [Buffer.from('A=1=2'), Buffer.from('B=own')] } });
});

test.each([
  [['-mem', '1M', 'x'], /-mem: 1M is too small \(hint: at least 32M/],
  [['-mem', '3', 'x'], /-mem: "3" is not a size \(hint: write 3M/],
  [['-image', 'a', '-root', 'b', 'x'], /either -image or -root/],
  [['-image', 'a', '-image', 'b', 'x'], /-image is given more than once/],
  [['-image'], /-image needs a FILE/],
  [['-frob', 'x'], /unknown option "-frob"/],
  [['-net', 'tap', 'x'], /-net: "tap" is not none or user/],
  [['-env', '=x', 'x'], /a variable has a name/],
  [['--'], /no command given/],
])('%j is refused', (words, why) => {
  expect(() => parse(words)).toThrow(why);
  expect(() => parse(words)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('a network', () => {
  expect(parse(['-net', 'user', 'x'])).toMatchObject({ run: { network: 'user' } });
  expect(parse(['x'])).toMatchObject({ run: { network: 'none' } });
  expect(() => parse(['-net', 'bridge', 'x'])).toThrow(/none or user/);
});
