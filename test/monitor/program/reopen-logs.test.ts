/** SIGUSR1: logs that somebody has moved go on under their names. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import { freePort, until, writeGlobal } from '../../helpers/programs/umldir.ts';
import { program, World } from '../../helpers/programs/world.ts';

const root = join(import.meta.dirname, '../../..');

describe('of a monitor', () => {
  let world: World;
  let logs: string;
  let old: string;

  beforeEach(async () => {
    world = new World();
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log\ncon2 = pty log\nlog_size = 64M' });
    world.addImage('vm1');
    logs = join(world.varDir, 'vm1/log');
    old = join(world.home, 'old');
    mkdirSync(old);
  });

  afterEach(() => world.close());

  const numbersIn = (text: string) =>
    [...text.matchAll(/line (\d+)\r?$/gm)].map(([, number]) => Number(number));

  /** What a guest says on con2 while its log is rotated again and again: all that the files have of it, oldest first. */
  async function rotated(
    mode: string,
    rounds: number,
  ): Promise<{ numbers: number[]; said: number; text: string }> {
    const { shell } = await bootGuest(world, 'vm1');
    const config = join(world.home, 'logrotate.conf');
    const state = join(world.home, 'logrotate.state');
    const pid = join(world.runDir, 'vm1.pid');
    const notify = mode === 'copytruncate' ? '' : `postrotate\nkill -USR1 "$(cat ${pid})"\nendscript`;
    // By size 1, each call rotates.
    writeFileSync(
      config,
      `${logs}/con2 {\nrotate 99\nsize 1\nstart 1000\nolddir ${old}\n${mode}\n${notify}\n}\n`,
      { mode: 0o600 },
    );
    const command =
      'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo "line $i"; [ $((i % 50)) -ne 0 ] || usleep 1000; done >/dev/tty2; echo $i >/said';
    await shell.run(`rm -f /stop /said; ((${command}) &)`);
    for (let round = 0; round < rounds; round++) {
      const before = existsSync(join(logs, 'con2')) ? readFileSync(join(logs, 'con2')).length : 0;
      await until(
        'more was said',
        () => existsSync(join(logs, 'con2')) && readFileSync(join(logs, 'con2')).length > before + 2000,
      );
      execFileSync('logrotate', ['--state', state, config], { stdio: 'pipe' });
      expect(readdirSync(old).length).toBe(round + 1);
    }
    const { output } = await shell.run('touch /stop; while [ ! -s /said ]; do usleep 10000; done; cat /said');
    const said = Number(output);
    const files = () => {
      const names = readdirSync(old).sort(
        (a, b) => Number(b.split('.').at(-1)) - Number(a.split('.').at(-1)),
      );
      return [...names.map((name) => join(old, name)), join(logs, 'con2')]
        .map((path) => readFileSync(path, 'latin1'))
        .join('');
    };
    await until('the last line is logged', () => files().includes(`line ${said}\r\n`));
    const text = files();
    return { numbers: numbersIn(text), said, text };
  }

  test.each(['create 0640 root root', 'nocreate'])('loses no byte to logrotate with %s', async (mode) => {
    const { numbers, said } = await rotated(mode, 5);
    expect(numbers.length).toBe(said);
    expect(numbers).toEqual(Array.from({ length: said }, (_, index) => index + 1));
  });

  test('writes nothing twice with copytruncate, and leaves no hole', async () => {
    const { numbers, text, said } = await rotated('copytruncate', 5);
    expect(text).not.toContain('\0');
    expect(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))).toBe(true);
    // What comes between copy and truncation is lost: logrotate(8) says so.
    expect(numbers.length).toBeGreaterThan(said / 2);
    // The offsets of the log go on.
    expect(world.run('umlwatch', ['vm1', '-log', 'con2']).stdout).toContain(`line ${said}`);
  });

  test('are written again at once, also the log of the monitor, and readers continue', async () => {
    await bootGuest(world, 'vm1');
    const before = readFileSync(join(logs, 'con0'), 'utf8');
    renameSync(join(logs, 'con0'), join(old, 'con0'));
    process.kill(world.monitorPid('vm1'), 'SIGUSR1');
    await until('the log is there', () => existsSync(join(logs, 'con0')));
    expect(readFileSync(join(logs, 'con0'), 'utf8')).toBe('');
    expect(readFileSync(join(old, 'con0'), 'utf8')).toBe(before);
    // Offsets go on: nothing before the end is left, and what is new comes after it.
    const seen = world.run('umlwatch', ['vm1', '-log', 'con0']).stdout;
    expect(before.replaceAll('\r', '')).not.toBe('');
    expect(seen).toBe('');
  });

  test('a monitor in the background continues in the file of that name', async () => {
    expect(world.run('umladmin', ['start', 'vm1']).status).toBe(0);
    try {
      const log = join(logs, 'monitor');
      renameSync(log, join(old, 'monitor'));
      const pid = Number(readFileSync(join(world.runDir, 'vm1.pid'), 'utf8'));
      process.kill(pid, 'SIGUSR1');
      await until(
        'the log is there',
        () => existsSync(log) && readFileSync(log, 'utf8').includes('opened again'),
      );
    } finally {
      world.run('umladmin', ['stop', 'vm1']);
    }
  });
});

describe('of daemons that log to standard error', () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'umlmon-reopen-'));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  test.each(['umldir', 'umlweb'] as const)('%s continues in the file of that name', async (name) => {
    const keys = { umldir_port: await freePort(), host_name: 'host1', web_listen: '127.0.0.1:0' };
    const config = writeGlobal(home, keys);
    const path = join(home, 'log');
    const fd = openSync(path, 'a');
    const child = spawn(program(name), ['-config', config], { stdio: ['ignore', 'ignore', fd] });
    closeSync(fd);
    const ended = once(child, 'exit');
    const said = (file: string, text: string) =>
      until(`${text} in ${file}`, () => existsSync(file) && readFileSync(file, 'utf8').includes(text));
    await said(path, `${name} serves`);
    renameSync(path, join(home, 'moved'));
    child.kill('SIGUSR1');
    await said(path, 'opened again');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(readFileSync(path, 'utf8')).toMatch(/ends/);
    expect(readFileSync(join(home, 'moved'), 'utf8')).not.toMatch(/ends|again/);
  });

  test('SIGUSR1 makes no log where other users may write; the old log has the reason', async () => {
    const keys = { umldir_port: await freePort(), host_name: 'host1', web_listen: '127.0.0.1:0' };
    const config = writeGlobal(home, keys);
    const open = join(home, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const fd = openSync(join(open, 'log'), 'a');
    const child = spawn(program('umldir'), ['-config', config], { stdio: ['ignore', 'ignore', fd] });
    closeSync(fd);
    const ended = once(child, 'exit');
    const says = (file: string, text: string) =>
      until(`${text} in ${file}`, () => readFileSync(file, 'utf8').includes(text));
    await says(join(open, 'log'), 'umldir serves');
    renameSync(join(open, 'log'), join(open, 'moved'));
    child.kill('SIGUSR1');
    await says(join(open, 'moved'), 'HOST_LOG_UNTRUSTED');
    expect(existsSync(join(open, 'log'))).toBe(false);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

test('the example for logrotate is one', () => {
  const text = readFileSync(join(root, 'etc/logrotate.umlmon'), 'utf8');
  const home = mkdtempSync(join(tmpdir(), 'umlmon-logrotate-'));
  try {
    const config = join(home, 'umlmon');
    writeFileSync(
      config,
      text.replaceAll('/var/lib/umlmon', join(home, 'var')).replaceAll('/run/umlmon', join(home, 'run')),
      { mode: 0o644 },
    );
    mkdirSync(join(home, 'var/vm1/log'), { recursive: true });
    mkdirSync(join(home, 'run'));
    for (const name of ['con0', 'con12', 'monitor', 'con0.base', 'con0.1'])
      writeFileSync(join(home, 'var/vm1/log', name), 'x\n');
    // Not a monitor: whatever has the number of one that was killed is left alone.
    const other = spawn('sleep', ['1000']);
    writeFileSync(join(home, 'run/vm1.pid'), `${other.pid}\n`);
    execFileSync('logrotate', ['--force', '--state', join(home, 'state'), config], { stdio: 'pipe' });
    expect(other.exitCode).toBe(null);
    expect(other.signalCode).toBe(null);
    other.kill();
    const names = readdirSync(join(home, 'var/vm1/log')).sort();
    expect(names.map((name) => name.replace(/\d{8}/, 'DATE'))).toEqual([
      'con0-DATE',
      'con0.1',
      'con0.base',
      'con12-DATE',
      'monitor-DATE',
    ]);
  } finally {
    rmSync(home, { recursive: true });
  }
});
