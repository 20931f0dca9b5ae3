/** umladmin start and stop, with real monitors and guests. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { processIdentity } from '../../../../src/system/native/process.ts';
import { program, World } from '../../../helpers/programs/world.ts';
import { Tmux } from '../../../helpers/terminal/tmux.ts';

const world = new World();
const admin = (...args: string[]) => world.run('umladmin', args);
/** The documents of a command, by VM. */
const told = (...args: string[]) => {
  const { status, stdout } = admin('-json', ...args);
  const documents = stdout.trimEnd().split('\n').filter(Boolean);
  return { status, outcomes: documents.map((line) => JSON.parse(line)) };
};
const did = (...args: string[]) => {
  const { status, outcomes } = told(...args);
  return { status, did: Object.fromEntries(outcomes.map(({ vm, did: what }) => [vm, what])) };
};
const infoOf = async (vm: string) => {
  const client = await world.client(vm);
  return client.call('info', undefined).finally(() => client.close());
};
const lastExit = (vm: string) =>
  JSON.parse(readFileSync(join(world.varDir, vm, 'log/last-exit.json'), 'utf8'));

/** A user of its own for each, so that nothing is unusual: games, man, news and backup of Debian. */
const users = { late: 5, first: 6, middle: 9, never: 34 };
const disk = (vm: keyof typeof users) => `vmuser = ${users[vm]}\nubd0 = /disks/root.dsk`;
const vms = {
  late: `start = boot\nstart_order = 300\n${disk('late')}`,
  first: `start = boot\nstart_order = 1\nstart_delay = 10ms\n${disk('first')}`,
  middle: `start = manual\nstart_order = 20\n${disk('middle')}`,
  never: `start = off\n${disk('never')}`,
};

beforeAll(() => {
  for (const [vm, user] of Object.entries(users)) world.addImage(vm, 'root.dsk', user);
});
afterEach(() => {
  expect(admin('stop', '-timeout', '20s').status).toBe(0);
});
afterAll(() => world.close());

describe('start and stop', () => {
  test('VMs start in groups by their start key; a running VM is left alone; mistakes of one VM do not delay others', async () => {
    world.configure({ ...vms, bad: 'mem = much' });
    const { status, stdout, stderr } = admin('start', '-wait', 'ready');
    expect(stderr).toMatch(/^bad: .*umlmon\.ini:\d+: \[bad\] mem: "much" is not a size/);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toMatch(
      /^first: monitor \d+ started; kernel, after \d+ ms\nmiddle: monitor \d+ started\nlate: monitor \d+ started; kernel/,
    );
    expect(status).toBe(3);
    const before = await Promise.all(['first', 'middle', 'late'].map(infoOf));
    expect(before.map(({ state }) => state)).toEqual(['running', 'stopped', 'running']);

    world.configure(vms);
    const again = { first: 'untouched', middle: 'untouched', late: 'untouched' };
    expect(did('start', '-wait', 'kernel')).toEqual({ status: 0, did: again });
    const after = await Promise.all(['first', 'middle', 'late'].map(infoOf));
    expect(after.map(({ monitorPid, kernelPid }) => [monitorPid, kernelPid])).toEqual(
      before.map(({ monitorPid, kernelPid }) => [monitorPid, kernelPid]),
    );

    const stopped = admin('stop');
    expect(stopped.stdout).toMatch(
      /^late: stopped cleanly, after [\d.]+ s\nnever: no monitor runs\nmiddle: monitor stopped, after [\d.]+ s\nfirst: stopped cleanly, /,
    );
    expect(stopped.status).toBe(0);
    expect(lastExit('first')).toMatchObject({ cause: 'poweroff' });
    for (const { monitorPid, kernelPid } of before)
      expect([processIdentity(monitorPid), kernelPid && processIdentity(kernelPid)]).toEqual([
        undefined,
        kernelPid ? undefined : 0,
      ]);
  });

  test('only named VMs start; each failure is reported, and failures with the same status set the exit status', () => {
    world.configure(vms);
    expect(did('start', 'middle', 'middle')).toEqual({ status: 0, did: { middle: 'started' } });
    expect(did('start', 'never')).toEqual({ status: 5, did: { never: 'failed' } });
    const { status, outcomes } = told('start', 'never', 'nowhere', 'middle');
    expect(status).toBe(1);
    expect(outcomes.map(({ vm, failure }) => [vm, failure?.code])).toEqual([
      ['nowhere', 'CONFIG_NO_VM'],
      ['middle', undefined],
      ['never', 'VM_OFF'],
    ]);
    expect(did('stop', 'first')).toEqual({ status: 0, did: { first: 'untouched' } });
    expect(did('stop', 'middle')).toEqual({ status: 0, did: { middle: 'stopped' } });
  });

  test('a boot that fails is a start that fails, with -wait and without', () => {
    world.configure({ middle: `start = boot\nvmuser = ${users.middle}\nubd0 = /disks/nowhere.dsk` });
    expect(told('start')).toMatchObject({ status: 3, outcomes: [{ failure: { code: 'IMAGE_MISSING' } }] });
    expect(did('stop')).toEqual({ status: 0, did: { middle: 'stopped' } });
    const { status, outcomes } = told('start', '-wait', 'ready');
    expect([status, outcomes[0].failure.code]).toEqual([7, 'WAIT_STOPPED']);
    expect(outcomes[0].failure.cause).toContain('the image does not exist');
  });

  test('out of time: a guest that does not answer is killed', async () => {
    world.configure(vms);
    expect(did('start', '-wait', 'ready', 'first').status).toBe(0);
    const { kernelPid } = await infoOf('first');
    process.kill(kernelPid, 'SIGSTOP');
    expect(did('stop', '-timeout', '500ms', 'first')).toEqual({ status: 0, did: { first: 'killed' } });
    expect(lastExit('first')).toMatchObject({ cause: 'killed' });
    expect(processIdentity(kernelPid)).toBeUndefined();
  });

  test('a monitor that does not answer delays the others no longer than the limit for all', async () => {
    world.configure(vms);
    expect(did('start', 'middle', 'first').status).toBe(0);
    const { monitorPid } = await infoOf('middle');
    process.kill(monitorPid, 'SIGSTOP');
    try {
      const { status, outcomes } = told('stop', '-timeout', '10s', 'middle', 'first');
      expect(outcomes.map(({ vm, did: what }) => `${vm} ${what}`)).toEqual([
        'middle failed',
        'first stopped',
      ]);
      expect([status, outcomes[0].failure.code]).toEqual([4, 'RPC_TIMEOUT']);
    } finally {
      process.kill(monitorPid, 'SIGCONT');
    }
  });

  test('a guest whose monitor was killed is taken over, and then shut down cleanly', async () => {
    world.configure(vms);
    expect(did('start', '-wait', 'ready', 'first').status).toBe(0);
    const { monitorPid, kernelPid } = await infoOf('first');
    process.kill(monitorPid, 'SIGKILL');
    expect(admin('stop', 'first').stdout).toMatch(/^first: stopped cleanly/);
    expect(processIdentity(kernelPid)).toBeUndefined();
  });

  test('a boot that fails is in the list, with its error', async () => {
    world.configure({ first: vms.first.replace('root.dsk', 'gone.dsk') });
    expect(did('start')).toEqual({ status: 3, did: { first: 'failed' } });
    await expect
      .poll(() => admin('list').stdout, { timeout: 20_000 })
      .toMatch(/^first +stopped +for .* the last warning: .* the image does not exist/m);
  });

  test('stop of an unknown VM is an error', () => {
    world.configure(vms);
    const { status, stdout, stderr } = admin('stop', 'frist', 'never');
    expect({ status, stdout }).toEqual({ status: 3, stdout: 'never: no monitor runs\n' });
    expect(stderr).toContain('the configuration has no section of this name (hint: did you mean "first"?)');
  });

  test('a monitor without section: listed, stopped with all others', () => {
    world.configure(vms);
    expect(did('start', 'middle', 'first').status).toBe(0);
    const { middle: _removed, ...others } = vms;
    world.configure(others);
    expect(admin('list').stdout).toMatch(/^middle +stopped +for .* not in the configuration$/m);
    expect(JSON.parse(admin('list', '-json').stdout).vms).toContainEqual(
      expect.objectContaining({ name: 'middle', configured: false }),
    );
    expect(did('stop').did).toMatchObject({ middle: 'stopped', first: 'stopped' });
    expect(existsSync(join(world.varDir, 'middle/ctrl'))).toBe(false);
  });
});

test('on a terminal, only one line for each VM stays', async () => {
  world.configure(vms);
  const commands = { umladmin: `exec "${program('umladmin')}" -config "${world.configPath}" "$@"` };
  const terminal = new Tmux({ commands, columns: 100 });
  try {
    await terminal.shows('$');
    const started = (await terminal.run('umladmin start middle first')).trimEnd().split('\n');
    expect(started).toEqual([
      expect.stringMatching(/^first: monitor \d+ started$/),
      expect.stringMatching(/^middle: monitor \d+ started$/),
    ]);
    expect(await terminal.run('umladmin stop middle')).toMatch(/^middle: monitor stopped, after [\d.]+ s$/m);
  } finally {
    terminal.close();
  }
});
