/** umladmin update, with 20 VMs of one file. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { program, vmUid, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
const admin = (...args: string[]) => world.run('umladmin', args);
const update = (...args: string[]) => {
  const { status, stdout } = admin('-json', 'update', ...args);
  const outcomes = stdout
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { status, outcomes: new Map(outcomes.map((outcome) => [outcome.vm, outcome])) };
};
const infoOf = async (vm: string) => {
  const client = await world.client(vm);
  return client.call('info', undefined).finally(() => client.close());
};
const edit = (...changes: readonly (readonly [string, string])[]) => {
  const text = readFileSync(world.configPath, 'utf8');
  const edited = changes.reduce((all, [from, to]) => {
    if (!all.includes(from)) throw new Error(`the file has no ${from}`);
    return all.replace(from, to);
  }, text);
  writeFileSync(world.configPath, edited);
  return edited;
};

const names = Array.from({ length: 20 }, (_, i) => `vm${i + 1}`);
const section = (vm: string) =>
  `# ${vm}: its comment\nstart = ${vm === 'vm1' ? 'boot' : 'manual'}\n; mem\nmem = 64M\nubd0 = /disks/root.dsk`;

beforeAll(() => {
  world.addImage('vm1', 'root.dsk', vmUid);
  world.configure(Object.fromEntries(names.map((vm) => [vm, section(vm)])));
  const { status, stderr } = admin('start', '-wait', 'ready');
  expect({ status, stderr: stderr.replace(/^.*warning: .*\n/gm, '') }).toEqual({ status: 0, stderr: '' });
}, 60_000);
afterAll(async () => {
  expect(admin('stop', '-timeout', '20s').status).toBe(0);
  await world.close();
}, 60_000);

test('the changes of each VM, and when they take effect; running VMs are left alone', async () => {
  const before = await Promise.all(names.map(infoOf));
  expect(update().outcomes.get('vm20')).toMatchObject({ did: 'unchanged', changes: [] });

  const text = edit(
    [
      '# vm1: its comment\nstart = boot\n; mem\nmem = 64M',
      '# vm1: its comment\nstart = boot\nmem = 96M\nstop_timeout = 7s',
    ],
    ['# vm2: its comment', '# vm2: its comment\nlog_count = 7\nubd1 = /disks/more.dsk'],
    ['[vm3]', '[new]'],
    ['[vm4]\nvmuser = irc\n# vm4: its comment\nstart = manual\n; mem\nmem = 64M', '[vm4]\nmem = much'],
  );
  const wanted = [
    ['vm1', 'changed'],
    ['vm2', 'changed'],
    ['vm4', 'failed'],
    ['new', 'started'],
  ];
  const told = update('-n');
  expect(
    [...told.outcomes].filter(([, { did }]) => did !== 'unchanged').map(([vm, { did }]) => [vm, did]),
  ).toEqual(expect.arrayContaining([...wanted, ['vm3', 'removed']]));
  const changes = [
    { section: 'vm1', key: 'mem', before: '64M', after: '96M', effect: 'vm' },
    { section: 'vm1', key: 'stop_timeout', before: '30s', after: '7s', effect: 'now' },
  ];
  const sorted = (outcome: { changes: { key: string }[] }) =>
    outcome.changes.sort((one, other) => (one.key < other.key ? -1 : 1));
  expect(sorted(told.outcomes.get('vm1'))).toEqual(changes);

  const done = update();
  expect(done.status).toBe(1);
  expect(sorted(done.outcomes.get('vm1'))).toEqual(changes);
  expect(sorted(done.outcomes.get('vm2'))).toEqual([
    { section: 'vm2', key: 'log_count', before: '3', after: '7', effect: 'monitor' },
    { section: 'vm2', key: 'ubd1', before: '', after: '/disks/more.dsk', effect: 'vm' },
  ]);
  expect(done.outcomes.get('vm4').failure.code).toBe('CONFIG_BAD_VALUE');
  // No monitor received a request.
  expect(done.outcomes.get('vm3').failure.code).toBe('VM_REMOVED');
  expect([...done.outcomes.values()].filter(({ did }) => did === 'unchanged')).toHaveLength(16);

  const after = await Promise.all(names.map(infoOf));
  expect(after.map(({ monitorPid, kernelPid, state }) => [monitorPid, kernelPid, state])).toEqual(
    before.map(({ monitorPid, kernelPid, state }) => [monitorPid, kernelPid, state]),
  );
  expect((await infoOf('new')).state).toBe('stopped');
  expect(readFileSync(world.configPath, 'utf8')).toBe(text);
  // Applied changes are in force; waiting changes are still reported.
  const settings = (await infoOf('vm1')).settings;
  expect(settings.find(({ key }) => key === 'stop_timeout')).toMatchObject({ value: '7s' });
  expect(settings.find(({ key }) => key === 'mem')).toMatchObject({ value: '64M' });
  expect(update('vm1').outcomes.get('vm1').changes).toEqual([changes[0]]);
});

test('a change that waits for the next start of the VM is in force after that start', () => {
  expect(world.run('umlwatch', ['vm1', '-stop', '-start'])).toMatchObject({ status: 0, stderr: '' });
  expect(update('vm1').outcomes.get('vm1')).toMatchObject({ did: 'unchanged' });
});

test('on a terminal: a question before a VM without section is stopped', async () => {
  const commands = { umladmin: `exec "${program('umladmin')}" -config "${world.configPath}" "$@"` };
  const terminal = new Tmux({ commands, columns: 120, rows: 50 });
  try {
    await terminal.shows('$');
    terminal.line('umladmin update vm3; echo "<$?>"');
    await terminal.shows('Stop vm3, which is not in the configuration any more? [y/N]');
    terminal.line('n');
    await terminal.shows('<5>');
    expect((await infoOf('vm3')).state).toBe('stopped');
    terminal.afresh('umladmin update vm3; echo "<$?>"');
    await terminal.shows('[y/N]');
    terminal.line('y');
    expect(await terminal.shows('<0>')).toContain('vm3: not in the configuration any more: monitor stopped');
  } finally {
    terminal.close();
  }
  expect(admin('list').stdout).not.toMatch(/^vm3 /m);
});

test('an unknown VM', () => {
  expect(update('vm99').outcomes.get('vm99').failure.code).toBe('CONFIG_NO_VM');
});
