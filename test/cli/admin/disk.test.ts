/** The disk commands, against a real monitor, through pipes and in a real terminal (tmux). */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeBigImage } from '../../helpers/guest/big-image.ts';
import { inSlowMotion } from '../../helpers/host/slow-motion.ts';
import { program, type Ran, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
const disks = join(world.varDir, 'vm1/jail/disks');
const watch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);
const disk = (line: string, ...more: string[]) => watch('-disk', ...line.split(' '), ...more);
const json = (ran: Ran) =>
  ran.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  mkdirSync(disks, { recursive: true });
  world.addImage('vm1');
  world.addSharedImage();
  writeBigImage(join(disks, 'big.dsk'));
  await world.startMonitor('vm1');
});
afterAll(() => world.close());

describe('in a pipe', () => {
  test('one line for each disk command', () => {
    const said = [
      disk('create /disks/a.dsk 64M -ext4'),
      disk('snapshot /disks/a.dsk one'),
      disk('cow-create /disks/a.cow /shared/disks/root.dsk'),
      disk('resize /disks/a.dsk 96M -filesystem'),
      disk('rollback /disks/a.dsk one'),
      disk('snapshot-delete /disks/a.dsk one'),
      disk('delete /disks/a.dsk'),
    ];
    for (const { status, stdout, stderr } of said) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      // On a busy machine there may be lines of progress.
      expect(stdout).toMatch(/^(?:[\w-]+: .*\n)*vm1: .*\n$/);
    }
    expect(said[0]?.stdout).toMatch(/^vm1: created vm1:\/disks\/a\.dsk: 67108864 bytes, with ext4\n$/m);
  });

  test('lists as text and as JSON', () => {
    const { stdout } = disk('list');
    expect(stdout).toMatch(/^\/disks\/a\.cow +cow +32 MiB +.* used +over \/shared\/disks\/root\.dsk$/m);
    expect(stdout.split('\n')).toHaveLength(5);
    const [{ images }] = json(disk('list', '-json'));
    expect(images.map(({ path }: { path: string }) => path)).toEqual([
      ...['/disks/a.cow', '/disks/big.dsk', '/disks/root.dsk', '/shared/disks/root.dsk'],
    ]);
    expect(disk('info /disks/a.cow').stdout).toMatch(/^ {2}content +ext4, blocks of 4096 bytes/m);
    expect(json(disk('info /disks/a.cow', '-json'))).toMatchObject([{ image: { kind: 'cow' }, hazard: '' }]);
    expect(watch('-jobs').stdout).toMatch(/^1 +create +done \d+ s ago +vm1:\/disks\/a\.dsk$/m);
    expect(json(watch('-jobs', '-json'))[0].jobs[0]).toMatchObject({ id: 1, outcome: { state: 'done' } });
  });

  test('lines of progress without repetition; the last line is the result', () => {
    const { status, stdout, stderr } = disk('convert /disks/big.dsk /disks/b.dsk');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.pop()).toBe('vm1: converted vm1:/disks/big.dsk to vm1:/disks/b.dsk');
    for (const line of lines) expect(line).toMatch(/^convert: \d+ %, [\d.]+ MiB of 512 MiB, [\d.]+ \w+\/s, /);
    expect(stdout).not.toContain('\r');
    const documents = json(disk('copy /disks/big.dsk /disks/c.dsk', '-json'));
    expect(documents.pop()).toMatchObject({
      name: 'copy',
      outcome: { state: 'done', result: { image: 'vm1:/disks/c.dsk', bytes: 512 * 2 ** 20 } },
    });
    for (const document of documents)
      expect(document).toMatchObject({ outcome: { state: 'running' }, bytesPerSecond: expect.any(Number) });
    for (const name of ['b', 'c']) disk(`delete /disks/${name}.dsk`);
  });

  test('errors with status, place and hint', () => {
    const { status, stdout, stderr } = disk('delete /disks/none.dsk');
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('image vm1:/disks/none.dsk does not exist');
    expect(disk('delete /shared/disks/root.dsk')).toMatchObject({ status: 5 });
    expect(JSON.parse(disk('create /disks/root.dsk 1M', '-json').stderr)).toMatchObject({
      error: { code: 'IMAGE_EXISTS' },
    });
    expect(watch('-cancel', '99').stderr).toContain(
      'there was no job 99 (hint: umlwatch vm1 -jobs lists them)',
    );
  });
});

describe('on a terminal', () => {
  let terminal: Tmux;
  const commands = { umlwatch: `exec "${program('umlwatch')}" -config "${world.configPath}" "$@"` };
  beforeEach(async () => {
    terminal = new Tmux({ commands, columns: 120 });
    await terminal.shows('$');
  });
  afterEach(() => terminal.close());

  const bar = /^convert {2}\[[#.]+\] +\d+ %.*$/m;

  /** Converts a large image, and returns the screen with the bar. */
  function convert(): Promise<string> {
    terminal.afresh('umlwatch vm1 -disk convert /disks/big.dsk /disks/b.dsk; echo "<$?>"');
    return terminal.shows(bar);
  }

  test('a bar in one line that fits; CTRL-C cancels the job', async () => {
    const before = readdirSync(disks);
    const screen = await inSlowMotion(world.monitorPid('vm1'), async () => {
      const [text = ''] = bar.exec(await convert()) ?? [];
      expect(text.length).toBeLessThan(120);
      expect(terminal.lines().filter((line) => line.startsWith('convert')).length).toBeLessThan(2);
      terminal.keys('C-c');
      return terminal.shows('<1>');
    });
    expect(screen).toMatch(/^vm1: cancelling job \d+; press CTRL-C again to exit without cancelling$/m);
    expect(screen).toMatch(/^umlwatch: vm1: job \d+ was cancelled; the images are unchanged$/m);
    expect(readdirSync(disks)).toEqual(before);
  });

  test('the bar is removed when the disk command has finished', async () => {
    await inSlowMotion(world.monitorPid('vm1'), convert);
    const screen = await terminal.shows('<0>');
    expect(screen).toMatch(/^vm1: converted vm1:\/disks\/big\.dsk to vm1:\/disks\/b\.dsk\n<0>$/m);
    expect(screen).not.toContain('[#');
    disk('delete /disks/b.dsk');
  });

  test('CTRL-C twice leaves the job running, and its number is printed', async () => {
    const pid = world.monitorPid('vm1');
    await inSlowMotion(pid, convert);
    // A monitor that does not answer for a moment.
    process.kill(pid, 'SIGSTOP');
    try {
      terminal.keys('C-c');
      await terminal.shows('press CTRL-C again to exit without cancelling');
      terminal.keys('C-c');
      expect(await terminal.shows('<1>')).toMatch(
        /job \d+ \(convert\) continues in the monitor \(hint: umlwatch vm1 -jobs, or -cancel \d+\)/,
      );
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const { jobs } = json(watch('-jobs', '-json'))[0];
    watch('-cancel', String(jobs.at(-1).id));
    if (existsSync(join(disks, 'b.dsk'))) disk('delete /disks/b.dsk');
  });
});
