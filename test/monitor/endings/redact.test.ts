import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactBytes, redactText, redactValue, secretValues } from '../../../src/monitor/endings/redact.ts';

test.each([
  ['password=hunter2 quiet', 'password=*** quiet'],
  ['luks.key=0xabc rd.debug', 'luks.key=*** rd.debug'],
  ['systemd.setenv=DB_PASSWORD=x1 ro', 'systemd.setenv=DB_PASSWORD=*** ro'],
  ['password="two words" ro', 'password=*** ro'],
  ['"password=two words" ro', '"password=***" ro'],
  ['{"api_key": "abc def", "n": 1}', '{"api_key":***, "n": 1}'],
  ['Token: abc\r\nnext', 'Token:***\r\nnext'],
  ['password="never closed', 'password=*** closed'],
  ['a.secret==x', 'a.secret=***'],
])('takes the value out of %j', (text, clean) => {
  expect(redactText(text, [])).toBe(clean);
});

test.each(['Password: \r\n~ # ', 'keyboard=de', 'bypass=1 monkey=2', 'root=/dev/ubda ro', 'no secret here'])(
  'leaves %j as it is',
  (text) => {
    expect(redactText(text, [])).toBe(text);
  },
);

test('values of kernel arguments are looked for everywhere, short ones only behind their names', () => {
  const secrets = secretValues([
    'password=hunter22',
    'pin_token=abc',
    'x=1',
    '"secret=two wordsLong"',
    'a=passwd=nested1',
  ]);
  expect(secrets).toEqual(['two wordsLong', 'wordsLong', 'hunter22', 'nested1']);
  expect(redactText('I am hunter22, abc', secrets)).toBe('I am ***, abc');
  expect(redactValue({ a: ['hunter22', 1], b: null }, secrets)).toEqual({ a: ['***', 1], b: null });
});

test('bytes that are not text stay unchanged', () => {
  const bytes = Buffer.from([0, 0xff, 0xfe, 0x1b, ...Buffer.from('päss tokén-lång'), 0x80]);
  expect(redactBytes(bytes, [])).toEqual(bytes);
  expect(redactBytes(bytes, ['tokén-lång']).toString('latin1')).toBe(
    Buffer.from([0, 0xff, 0xfe, 0x1b, ...Buffer.from('päss ***'), 0x80]).toString('latin1'),
  );
});

test('a secret never survives, whatever is around it', () => {
  const around = fc.string({ maxLength: 40 });
  fc.assert(
    fc.property(around, around, (before, after) => {
      const text = `${before} password=Xk93hHq7 ${after} Xk93hHq7${after}`;
      expect(redactText(text, ['Xk93hHq7'])).not.toContain('Xk93hHq7');
    }),
  );
});

test('a guest cannot make it slow', () => {
  // Linear work takes milliseconds, quadratic work minutes.
  for (const piece of ['a', '=', 'password="', '"password=', 'passw', 'key: ', 'password=" ']) {
    const began = performance.now();
    redactText(piece.repeat(Math.ceil((256 * 1024) / piece.length)), []);
    expect(performance.now() - began, piece).toBeLessThan(2_000);
  }
});
