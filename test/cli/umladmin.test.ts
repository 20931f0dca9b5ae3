/** umladmin, with and without monitors. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bigBytes, writeBigImage } from '../helpers/guest/big-image.ts';
import { slowMotionScript } from '../helpers/host/slow-motion.ts';
import { program, vmUid, World } from '../helpers/programs/world.ts';
import { Tmux } from '../helpers/terminal/tmux.ts';

const world = new World();
const admin = (...args: string[]) => world.run('umladmin', args);
const disk = (line: string) => admin('disk', ...line.split(' '));
const ok = (line: string) => {
  const ran = disk(line);
  expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: '' });
  // On a busy machine there may be lines of progress.
  return ran.stdout.replace(/^[\w-]+: \d+ %.*\n/gm, '');
};
const documents = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(() => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk', vm2: 'ubd0 = /disks/root.dsk', bad: 'mem = much' });
  world.addImage('vm1');
});
afterAll(() => world.close());

describe('without any monitor', () => {
  test('images of a VM that never ran, and of all VMs', () => {
    expect(ok('create vm2:/disks/a.dsk 64M -ext4')).toBe(
      'created vm2:/disks/a.dsk: 67108864 bytes, with ext4\n',
    );
    const file = join(world.varDir, 'vm2/jail/disks/a.dsk');
    expect(statSync(file)).toMatchObject({ uid: vmUid, mode: 0o100600, size: 64 * 2 ** 20 });
    // As a monitor would have made it.
    expect(statSync(join(world.varDir, 'vm2/jail/disks')).mode & 0o777).toBe(0o750);
    ok('copy vm1:/disks/root.dsk /shared/disks/base.dsk');
    expect(statSync(join(world.varDir, 'shared/disks/base.dsk')).mode & 0o777).toBe(0o644);
    ok('cow-create vm1:/disks/root.cow /shared/disks/base.dsk');
    const list = ok('list');
    expect(list).toMatch(/^vm1:\/disks\/root\.cow +cow .* over \/shared\/disks\/base\.dsk$/m);
    expect(list).toMatch(/^vm2:\/disks\/a\.dsk +flat +64 MiB/m);
    expect(ok('info vm2:/disks/a.dsk')).toContain('ext4, blocks of 4096 bytes');
    const refused = disk('delete /shared/disks/base.dsk -yes');
    expect(refused.stderr).toContain('/shared/disks/base.dsk is the backing file of vm1:/disks/root.cow');
    expect(refused.status).toBe(5);
  });

  test('kill -9 during a conversion leaves the old or the new image, complete', async () => {
    const directory = join(world.varDir, 'vm1/jail/disks');
    writeBigImage(join(directory, 'big.dsk'));
    const before = readdirSync(directory);
    const args = [
      '-config',
      world.configPath,
      '-json',
      'disk',
      'convert',
      'vm1:/disks/big.dsk',
      'vm1:/disks/b.dsk',
    ];
    const child = spawn(program('umladmin'), args);
    const ended = new Promise((resolve) => child.once('exit', (_status, signal) => resolve(signal)));
    // Independent of the speed of the host: the bytes that the process has written show that it is in the middle.
    const written = () => Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${child.pid}/io`, 'utf8'))?.[1]);
    await expect.poll(written, { interval: 2 }).toBeGreaterThan(bigBytes / 16);
    expect(written()).toBeLessThan(bigBytes);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(readdirSync(directory)).toEqual(before);
    const last = documents(
      admin('-json', 'disk', 'convert', 'vm1:/disks/big.dsk', 'vm1:/disks/b.dsk').stdout,
    ).pop();
    expect(last).toMatchObject({
      name: 'convert',
      outcome: { state: 'done', result: { image: 'vm1:/disks/b.dsk' } },
    });
    const [made, original] = ['b.dsk', 'big.dsk'].map((name) => readFileSync(join(directory, name)));
    expect(made?.equals(original ?? Buffer.alloc(0))).toBe(true);
    ok('delete vm1:/disks/b.dsk');
  });
});

describe('the command line', () => {
  test.each([
    ['', 'no command given (hint: umladmin -help lists all commands)', 2],
    ['lst', 'unknown command "lst" (hint: did you mean list?)', 2],
    ['disk crate', 'unknown subcommand "crate" of disk (hint: did you mean disk create?)', 2],
    ['disk list now', 'unexpected argument "now" after disk list (hint: use: disk list)', 2],
    [
      'disk info /disks/a.dsk',
      'disk info: "/disks/a.dsk" may be an image of any VM (hint: write VM:/disks/a.dsk)',
      2,
    ],
    [
      'disk create vm3:/disks/a.dsk 1M',
      'VM vm3: the configuration has no section of this name (hint: did you mean "vm1"?)',
      3,
    ],
    ['-wat', 'unknown option "-wat" (hint: umladmin -help lists all commands)', 2],
    ['disk info GLOBAL:/disks/a.dsk', /is not a valid VM name/, 2],
    ['disk info ../vm1:/disks/a.dsk', /is not a valid VM name/, 2],
  ])('%s', (line, message, status) => {
    const ran = admin(...line.split(' ').filter(Boolean));
    if (typeof message === 'string') expect(ran.stderr).toBe(`umladmin: ${message}\n`);
    else expect(ran.stderr).toMatch(message);
    expect(ran).toMatchObject({ status, stdout: '' });
  });

  test('help fits a terminal and lists every subcommand', () => {
    const { stdout } = admin('-help');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).toMatch(/^ +cow-merge COW \[TARGET\] \[-yes\] {2}/m);
    expect(stdout).toMatch(/^ +delete PATH \[-yes\] {2}/m);
  });
});

describe('with a monitor', () => {
  beforeAll(async () => {
    await world.startMonitor('vm1');
    expect(world.run('umlwatch', ['vm1', '-start']).status).toBe(0);
  });

  test('list: every VM with its state', () => {
    const { status, stdout } = admin('list');
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^bad +no monitor .*umlmon\.ini:\d+: .*"much"/),
      expect.stringMatching(/^vm1 +running +for \d+ s +ready +pid \d+$/),
      expect.stringMatching(/^vm2 +no monitor$/),
    ]);
    const [{ vms }] = documents(admin('list', '-json').stdout);
    expect(vms).toMatchObject([{ name: 'bad' }, { name: 'vm1', state: 'running' }, { state: 'no-monitor' }]);
  });

  test('an image that the VM has open is left alone, and the refusal names its holder', () => {
    const refused = disk('delete vm1:/disks/root.dsk -yes');
    expect(refused.stderr).toContain('vm1:/disks/root.dsk is open read-write by vm1');
    expect(refused.status).toBe(5);
  });
});

describe('on a terminal', () => {
  let terminal: Tmux;
  const umladmin = `exec "${program('umladmin')}" -config "${world.configPath}" "$@"`;
  // The shell of the terminal would take its command for suspended: it is given another one.
  const slow = `trap : INT; sh -c '"${slowMotionScript}" $$ & ${umladmin}' sh "$@"; exit $?`;
  const commands = { umladmin, 'slow-umladmin': slow };
  beforeEach(async () => {
    terminal = new Tmux({ commands, columns: 120 });
    await terminal.shows('$');
  });
  afterEach(() => terminal.close());

  test('asks before something is lost; anything but yes is no', async () => {
    ok('create vm2:/disks/x.dsk 1M');
    for (const answer of ['', 'n', 'maybe']) {
      terminal.afresh('umladmin disk delete vm2:/disks/x.dsk; echo "<$?>"');
      await terminal.shows('Delete vm2:/disks/x.dsk permanently? [y/N]');
      terminal.line(answer);
      expect(await terminal.shows('<1>')).toContain('nothing was done');
    }
    terminal.afresh('umladmin disk delete vm2:/disks/x.dsk; echo "<$?>"');
    await terminal.shows('[y/N]');
    terminal.line('y');
    expect(await terminal.shows('<0>')).toContain('deleted vm2:/disks/x.dsk');
  });

  test('a bar; CTRL-C cancels', async () => {
    terminal.afresh('slow-umladmin disk convert vm1:/disks/big.dsk vm1:/disks/c.dsk; echo "<$?>"');
    await terminal.shows(/^convert {2}\[[#.]+\] +\d+ %/m);
    terminal.keys('C-c');
    expect(await terminal.shows('<1>')).toContain('convert was cancelled; the images are unchanged');
    expect(readdirSync(join(world.varDir, 'vm1/jail/disks'))).not.toContain('c.dsk');
  });
});
