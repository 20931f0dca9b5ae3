import { expect, test } from 'vitest';
import { complete } from '../../src/cli/complete.ts';

const channels = async () => ['con0', 'con1', 'ssl0'];

test.each([
  [
    '',
    [
      ...['info ', 'start ', 'stop ', 'kill ', 'ctrlaltdel ', 'pause ', 'resume '],
      ...[
        'stats ',
        'mem-trim ',
        'mconsole ',
        'sysrq ',
        'ps ',
        'stack ',
        'log-to-guest ',
        'wait ',
        'connect ',
        'log ',
        'events ',
      ],
      ...['crashes ', 'crash ', 'help ', 'quit '],
    ],
    '',
  ],
  ['sta', ['start ', 'stats ', 'stack '], 'sta'],
  ['  co', ['connect '], 'co'],
  ['connect ', ['con0 ', 'con1 ', 'ssl0 '], ''],
  ['log s', ['ssl0 '], 's'],
  ['log con0 ', ['-follow '], ''],
  ['log con0 -f', ['-follow '], '-f'],
  ['log con0 -follow ', [], ''],
  ['stop -', ['-timeout '], '-'],
  ['stop -timeout ', [], ''],
  ['stop -timeout 3s ', [], ''],
  ['wait ', ['launched ', 'kernel ', 'guest ', 'console ', 'ready ', 'down '], ''],
  ['wait re', ['ready '], 're'],
  ['wait ready ', ['-timeout '], ''],
  ['info ', [], ''],
  ['crash ', ['-get '], ''],
  ['crash last -', ['-get '], '-'],
  ['xyzzy ', [], ''],
  ['constructor ', [], ''],
])('%j', async (line, candidates, begun) => {
  expect(await complete(line, channels)).toEqual([candidates, begun]);
});

test('a monitor is asked only where a channel may stand', async () => {
  const never = () => Promise.reject(new Error('asked'));
  expect(await complete('sto', never)).toEqual([['stop '], 'sto']);
  await expect(complete('log ', never)).rejects.toThrow('asked');
});
