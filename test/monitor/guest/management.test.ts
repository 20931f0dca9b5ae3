/** The management console of a real kernel through its monitor, beside uml_mconsole. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { testKernelDirectory } from '../../helpers/guest/kernel.ts';
import { testImage, World } from '../../helpers/programs/world.ts';

const world = new World();
let client: MonitorClient;
let shell: GuestShell;

async function ensureUp(): Promise<void> {
  const { state, eventsNext } = await client.call('info', undefined);
  if (state === 'running') return;
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', eventsNext);
  shell = await GuestShell.open(client);
}

beforeAll(async () => {
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty' });
  world.addImage('vm1');
  world.addImage('vm1', 'x.dsk');
  await world.startMonitor('vm1');
  client = await world.client('vm1');
});
beforeEach(ensureUp);
afterAll(() => world.close());

const ask = async (line: string) => (await client.call('mconsole', line)).text;
const refusal = async (line: string) => {
  const error: unknown = await client.call('mconsole', line).catch((reason: unknown) => reason);
  const { code, cause } = toFailure(error);
  return `${code}: ${cause}`;
};

/** What uml_mconsole says, which prints OK or ERR before the text of the kernel. */
async function oracle(line: string): Promise<string> {
  const { kernelPid, mconsole } = await client.call('info', undefined);
  // Its replies come to an abstract name, which is one of a network namespace.
  const args = ['-t', String(kernelPid), '-n', 'uml_mconsole', mconsole, ...line.split(' ')];
  return spawnSync('nsenter', args, { encoding: 'utf8' }).stdout;
}

describe('every command', () => {
  test.each([
    'version',
    'help',
    'config con0',
    'config ubd0',
    'config ubd1',
    'proc filesystems',
    'proc version',
    'proc cmdline',
    'log hello',
    'sysrq h',
  ])('%s answers as uml_mconsole shows it', async (line) => {
    const { text, truncated } = await client.call('mconsole', line);
    expect(truncated).toBe(false);
    // It adds commands of its own to help.
    expect((await oracle(line)).trimEnd().replace(/^(?:OK\s*)+|\n+Additional local[\s\S]*/g, '')).toBe(
      text.trimEnd(),
    );
  });

  test.each([
    ['config bogus', 'Bad configuration option'],
    ['config ubd0=/disks/x.dsk', 'Device is already configured'],
    ['remove mem', "Memory doesn't support the remove operation"],
    ['proc no/such', 'Failed to open file'],
    ['stack 99999', "Couldn't find that pid"],
  ])('%s is refused in the words of the kernel', async (line, words) => {
    expect(await refusal(line)).toMatch(/^MCONSOLE_REFUSED: /);
    expect(await refusal(line)).toContain(words);
    expect(await oracle(line)).toContain(`ERR ${words}`);
  });

  test('errors have names, with advice', async () => {
    expect(await refusal('remove ubd0')).toBe('MCONSOLE_DEVICE_OPEN: EBUSY: Device is currently open');
    expect(await refusal('remove ubd5')).toMatch(/ENODEV: Device doesn't exist/);
    expect(world.run('umlwatch', ['vm1', '-mconsole', 'remove ubd0'])).toMatchObject({
      status: 5,
      stderr: expect.stringContaining('close or unmount it there'),
    });
  });

  test('log reaches the guest, sysrq s syncs, stack and sysrq t have the lines of con0', async () => {
    await ask('log a word from the host');
    await ask('sysrq s');
    expect((await shell.run('dmesg')).output).toMatch(/a word from the host[\s\S]*Emergency Sync/);
    expect((await client.call('mconsole', 'stack 1')).text).toMatch(/Call Trace:[\s\S]*schedule/);
    const tasks = await client.call('mconsole', 'sysrq t');
    expect(tasks.text).toMatch(/task:init +state:\S/);
    if (!tasks.truncated) expect(tasks.text).toMatch(/task:kthreadd/);
  });

  test('config plugs a disk and remove unplugs it', async () => {
    expect(await ask('config ubd1=/disks/x.dsk')).toBe('');
    expect((await shell.run('cat /sys/block/ubdb/size')).output).toMatch(/^\d+$/);
    expect(await ask('config ubd1')).toBe('/disks/x.dsk');
    expect(await ask('remove ubd1')).toBe('');
    expect((await shell.run('ls /sys/block')).output).not.toContain('ubdb');
  });

  test('config mem returns the memory; the answer of the kernel is an address', async () => {
    expect(await ask('config mem')).toBe(String(64 * 1024 ** 2));
  });

  test('files in which the kernel would wait, and devices of the monitor, are refused', async () => {
    expect(await refusal('proc kmsg')).toMatch(/^MCONSOLE_COMMAND: .*endless/);
    expect(await refusal('config con1=null')).toMatch(/^MCONSOLE_COMMAND: con1 is a console of the monitor/);
    // The kernel reads the number in any base.
    for (const number of ['0x1', '0X1', '01', '001'])
      expect(await refusal(`config con${number}=null`)).toMatch(/con1 is a console of the monitor/);
    expect(await refusal('remove con0')).toMatch(/^MCONSOLE_COMMAND/);
    expect(await refusal('versionfoo')).toMatch(/^MCONSOLE_COMMAND/);
  });

  test('stop is a pause, go ends it', async () => {
    expect(await ask('stop')).toBe('stopped');
    expect((await client.call('info', undefined)).paused).toMatchObject({ by: 'uid 0' });
    expect(await ask('proc uptime')).toMatch(/^\d/);
    expect(await ask('go')).toBe('');
    expect(await refusal('go')).toBe('STATE_WRONG: it is not paused');
  });

  test('reboot, halt and sysrq o count as requested', async () => {
    const before = (await client.call('info', undefined)).kernelPid;
    expect(await ask('reboot')).toMatch(/running|up/);
    const info = await client.call('info', undefined);
    expect(info).toMatchObject({ state: 'running', lastExit: { askedBy: 'uid 0' } });
    expect(info.kernelPid).not.toBe(before);
    expect(await ask('halt')).toBe('stopped by halt');
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'stopped',
      lastExit: { cause: 'poweroff' },
    });
    expect(await refusal('version')).toBe('STATE_WRONG: it is stopped');
    await client.call('start', undefined);
    expect(await ask('sysrq o')).toBe('stopped by halt');
    expect((await client.call('crashList', undefined)).bundles).toEqual([]);
  });
});

describe('umlwatch', () => {
  const umlwatch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);

  test('-mconsole takes one command, or many from a pipe', () => {
    expect(umlwatch('-mconsole', 'config ubd0').stdout).toBe('/disks/root.dsk\n');
    const { text } = JSON.parse(umlwatch('-json', '-mconsole', 'version').stdout);
    expect(text).toMatch(/^Linux/);
    expect(world.run('umlwatch', ['vm1', '-mconsole'], 'version\nproc uptime\nquit\nhelp\n').stdout).toMatch(
      /^Linux [^\n]*\n[\d. ]+\n$/,
    );
    expect(world.run('umlwatch', ['vm1'], 'mconsole proc  loadavg\nlog-to-guest two  words\n')).toMatchObject(
      {
        status: 0,
        stdout: expect.stringMatching(/^\d+\.\d+ /),
      },
    );
    expect(umlwatch('-mconsole', 'halp')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean'),
    });
  });

  test('the commands beside it', async () => {
    expect(umlwatch('-log-to-guest', 'from the host').status).toBe(0);
    expect((await shell.run('dmesg | tail')).output).toContain('from the host');
    expect((await shell.run('dmesg | tail -n 40')).output).toContain('two  words');
    expect(umlwatch('-sysrq', 'h').stdout).toMatch(/HELP/);
    expect(umlwatch('-sysrq', 'hh').status).toBe(2);
    expect(umlwatch('-stack', '1').stdout).toMatch(/Call Trace/);
    const { stdout, stderr } = umlwatch('-ps');
    expect(stdout).toMatch(/^ +PID +PPID +S +NAME\n +1 +0 +S +init$/m);
    const total = Number(/\/(\d+)/.exec(await ask('proc loadavg'))?.[1]);
    // All, or it is said that some are missing.
    if (!stderr) expect(stdout.trimEnd().split('\n').length - 1).toBeGreaterThanOrEqual(total - 2);
    else expect(stderr).toMatch(/^\(\d+ of \d+ tasks/);
  });
});

describe('a kernel that umlmon did not start', () => {
  test('answers by its socket, and is reported as unmanaged', async () => {
    const kernel = testKernelDirectory();
    const home = mkdtempSync(join(tmpdir(), 'umlmon-foreign-'));
    // Not in a jail: it sees the directories of the host, and only its libraries are others.
    const sandbox = ['-R', 'bwrap', '--die-with-parent', '--dev-bind', '/', '/'];
    const libraries = [
      '--ro-bind',
      `${kernel}/lib`,
      '/usr/lib64',
      '--setenv',
      'LD_LIBRARY_PATH',
      `${kernel}/lib`,
    ];
    const quick = ['initcall_blacklist=raid6_init', 'lpj=38682624', 'pty.legacy_count=0'];
    const disk = [`ubd0r=${testImage()}`, 'root=/dev/ubda', 'ro'];
    const consoles = ['con=null', 'ssl=null', 'con0=null,fd:1'];
    const own = ['mem=64M', ...quick, ...consoles, `uml_dir=${home}/`, 'umid=other', ...disk];
    const child = spawn('setarch', [...sandbox, ...libraries, `${kernel}/linux`, ...own], {
      stdio: 'ignore',
      detached: true,
    });
    const socket = join(home, 'other/mconsole');
    try {
      await expect.poll(() => existsSync(socket), { timeout: 20_000 }).toBe(true);
      const run = (...words: string[]) => world.run('umlwatch', ['-mconsole-socket', socket, ...words]);
      expect(run('-mconsole', 'version').stdout).toMatch(/^Linux /);
      expect(JSON.parse(run('-json', '-mconsole', 'version').stdout)).toMatchObject({ foreign: true });
      expect(run('-info')).toMatchObject({ status: 2, stderr: expect.stringContaining('needs a monitor') });
      expect(world.run('umlwatch', ['-mconsole-socket', `${socket}x`, '-mconsole', 'version']).status).toBe(
        4,
      );
    } finally {
      if (child.pid) process.kill(-child.pid, 'SIGKILL');
      rmSync(home, { recursive: true, force: true });
    }
  });
});

test('800 requests of 8 clients, bulky ones among them, and then a halt: all are answered, in order', async () => {
  const answers: [string, RegExp][] = [
    ['version', /^Linux/],
    ['proc meminfo', /^MemTotal/],
    ['sysrq m', /Mem-Info/],
    ['config ubd0', /root\.dsk/],
    ['proc no/such', /Failed/],
    ['proc stat', /^cpu/],
    ['help', /^Commands/],
    ['stack 1', /Call Trace|Stack/],
    ...Array<[string, RegExp]>(17).fill(['proc loadavg', /^\d/]),
  ];
  let down = 0;
  const done = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const one = await world.client('vm1');
      const order: number[] = [];
      const requests = Array.from({ length: 100 }, async (__, i) => {
        const [line, wanted] = answers[(3 * n + i) % answers.length] ?? ['', /never/];
        const answer = await one.call('mconsole', line).catch((error: unknown) => toFailure(error));
        order.push(i);
        if ('code' in answer && /^(?:MCONSOLE_DOWN|STATE_WRONG)$/.test(answer.code)) down += 1;
        else expect('text' in answer ? answer.text : answer.cause).toMatch(wanted);
      });
      // Behind the own requests of the last client; those of the others are answered, or told that the VM is stopped.
      const halted = n === 7 ? one.call('mconsole', 'halt') : undefined;
      await Promise.all(requests);
      if (halted) expect((await halted).text).toBe('stopped by halt');
      expect(order).toEqual(Array.from({ length: 100 }, (__, i) => i));
      return order.length;
    }),
  );
  expect(done).toEqual(Array(8).fill(100));
  // The clients take turns, so that when the last one is through, the others nearly are.
  expect(down).toBeLessThan(7 * 100);
  expect((await client.call('info', undefined)).state).toBe('stopped');
}, 120_000);
