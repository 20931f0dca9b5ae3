import { expect, test } from 'vitest';
import { complete } from '../../../src/cli/commands/prompt-completion.ts';

const offers = {
  channels: async () => ['con0', 'con1', 'ssl0'],
  images: async () => ['/disks/a.dsk', '/shared/disks/base.dsk'],
};

test.each([
  [
    '',
    [
      ...[
        'info ',
        'start ',
        'stop ',
        'restart ',
        'kill ',
        'ctrlaltdel ',
        'pause ',
        'resume ',
        'stats ',
        'mem-trim ',
      ],
      ...[
        'mconsole ',
        'sysrq ',
        'ps ',
        'stack ',
        'log-to-guest ',
        'wait ',
        'plug ',
        'unplug ',
        'plug-net ',
        'unplug-net ',
        'connect ',
      ],
      ...['who ', 'screen ', 'history ', 'run ', 'send ', 'expect '],
      ...[
        'log ',
        'events ',
        'security ',
        'crashes ',
        'crash ',
        'disk ',
        'jobs ',
        'cancel ',
        'backup ',
        'backups ',
      ],
      ...['restore ', 'help ', 'quit '],
    ],
    '',
  ],
  ['sta', ['start ', 'stats ', 'stack '], 'sta'],
  ['  co', ['connect '], 'co'],
  ['connect ', ['con0 ', 'con1 ', 'ssl0 '], ''],
  ['connect con1 -', ['-observe ', '-force ', '-record '], '-'],
  ['who ', ['con0 ', 'con1 ', 'ssl0 '], ''],
  ['send x -on s', ['ssl0 '], 's'],
  ['log s', ['ssl0 '], 's'],
  ['log con0 ', ['-follow '], ''],
  ['log con0 -f', ['-follow '], '-f'],
  ['log con0 -follow ', [], ''],
  ['stop -', ['-timeout '], '-'],
  ['stop -timeout ', [], ''],
  ['stop -timeout 3s ', [], ''],
  ['wait ', ['launched ', 'kernel ', 'guest ', 'console ', 'ready ', 'stopped '], ''],
  ['wait re', ['ready '], 're'],
  ['wait ready ', ['-timeout '], ''],
  ['info ', [], ''],
  ['crash ', ['-get '], ''],
  ['crash last -', ['-get '], '-'],
  ['disk cow', ['cow-create ', 'cow-merge ', 'cow-rebase '], 'cow'],
  ['disk copy ', ['/disks/a.dsk ', '/shared/disks/base.dsk '], ''],
  ['disk copy /disks/a.dsk /s', ['/shared/disks/base.dsk '], '/s'],
  ['disk create /disks/new.dsk ', [], ''],
  ['disk create /disks/new.dsk 10G ', ['-ext4 '], ''],
  ['disk cow-merge /disks/a.cow ', ['/disks/a.dsk ', '/shared/disks/base.dsk '], ''],
  ['disk xyzzy ', [], ''],
  ['cancel ', [], ''],
  ['xyzzy ', [], ''],
  ['constructor ', [], ''],
])('%j', async (line, candidates, begun) => {
  expect(await complete(line, offers)).toEqual([candidates, begun]);
});

test('completion asks a monitor only where a channel is allowed', async () => {
  const refuse = () => Promise.reject(new Error('asked'));
  const never = { channels: refuse, images: refuse };
  expect(await complete('sto', never)).toEqual([['stop '], 'sto']);
  await expect(complete('log ', never)).rejects.toThrow('asked');
});
