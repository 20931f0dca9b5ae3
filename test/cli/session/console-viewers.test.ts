/** Several viewers of one console, each in a real terminal (tmux), with a real guest; and commands without a terminal. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
const terminals: Tmux[] = [];
const commands = {
  umlwatch: `exec "${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" "$@"`,
};

beforeAll(async () => {
  world.configure({
    vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty log\ncon2 = pty',
  });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0, stderr: '' });
});
afterEach(() => {
  for (const terminal of terminals.splice(0)) terminal.close();
});
afterAll(() => world.close());

const watch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);

/** A terminal with a session in it. */
async function sit(...args: string[]): Promise<Tmux> {
  const terminal = new Tmux({ commands });
  terminals.push(terminal);
  await terminal.shows('$');
  terminal.afresh(`umlwatch vm1 -connect con1 ${args.join(' ')}`);
  await terminal.shows('con1 of vm1');
  return terminal;
}

describe('two viewers of a console', () => {
  test('one types and both see it; the other takes control, and both get a notice', async () => {
    const first = await sit();
    first.line('echo $((6*7))');
    await first.shows(/^42$/m);
    const second = await sit();
    await second.shows('uid 0 types; you observe, CTRL-] t takes over');
    // The later viewer sees the earlier output.
    expect(second.screen()).toMatch(/^42$/m);
    second.line('echo mine');
    first.line('echo $((7*7))');
    for (const terminal of [first, second]) await terminal.shows(/^49$/m);
    expect(first.screen()).not.toContain('mine');

    second.keys('C-]', 't');
    await second.shows('[you type at con1 now]');
    await first.shows('[uid 0 took control: you observe, CTRL-] t takes over]');
    first.line('echo lost');
    second.line('echo $((8*8))');
    for (const terminal of [first, second]) await terminal.shows(/^64$/m);
    expect(second.screen()).not.toContain('lost');

    second.keys('C-]', 'w');
    await second.shows(/\[con1 +uid 0 types, attached for .*\]\n+\[con1 +uid 0 observes, attached for /);
    second.keys('C-]', 'n');
    second.line('look at this');
    for (const terminal of [first, second]) await terminal.shows('[umlmon: uid 0: look at this]');
    second.keys('C-]', 'd');
    await second.shows('[detached from con1]');
    await first.shows('[no viewer has control: you may type]');
    first.line('echo $((9*9))');
    await first.shows(/^81$/m);
    expect(world.log('vm1', 'con1')).toContain('[umlmon: uid 0: look at this]');
  });

  test('a single viewer gets a notice, too, when it has control again', async () => {
    const alone = await sit();
    alone.keys('C-]', 'o');
    await alone.shows('[you observe, CTRL-] t takes over]');
    alone.keys('C-]', 't');
    await alone.shows('[you type at con1 now]');
    alone.line('echo $((5*5))');
    await alone.shows(/^25$/m);
  });

  test('-force takes over at once; -observe never types', async () => {
    const first = await sit();
    first.line('echo $((2*2))00');
    await first.shows(/^400$/m);
    const third = await sit('-observe');
    await third.shows('you observe');
    third.line('echo never');
    const second = await sit('-force');
    await first.shows('[uid 0 took control: you observe');
    second.line('echo $((3*3))00');
    for (const terminal of [first, second, third]) await terminal.shows(/^900$/m);
    expect(second.screen()).not.toContain('never');
  });

  test('the menu in the middle of a program that draws on the whole screen leaves it as it was', async () => {
    const terminal = await sit();
    terminal.line('seq 1 200 >/tmp/text; vi /tmp/text');
    await terminal.shows((screen) => screen.startsWith('1\n2\n3\n') && screen.includes('- /tmp/text'));
    const before = terminal.screen();
    terminal.keys('C-]', '?');
    await terminal.shows((screen) => screen === before);
    terminal.keys('C-]', 'r');
    await terminal.shows((screen) => screen === before);
    terminal.line(':q');
    await terminal.shows((screen) => /vm1:\/root#$/.test(screen));
  });

  test('the escape key itself reaches the guest', async () => {
    const terminal = await sit();
    terminal.line('stty -echo -icanon; head -c 1 | od -An -tx1; stty sane');
    await terminal.shows('stty sane');
    terminal.keys('C-]', 'l');
    await terminal.shows(/^ 1d$/m);
  });
});

test('a recording has the shown output in asciicast format', async () => {
  const path = join(world.home, 'session.cast');
  const terminal = await sit('-record', path);
  terminal.line('echo $((5*5))öß');
  await terminal.shows(/^25öß$/m);
  terminal.resize(90, 30);
  await terminal.repeat(() => terminal.line('stty size'), /^30 90$/m);
  terminal.keys('C-]', 'd');
  await terminal.shows(`[recorded into ${path}]`);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const [header, ...events] = lines.map((line) => JSON.parse(line));
  expect(header).toMatchObject({ version: 2, width: 80, height: 24, title: 'con1 of vm1' });
  expect(header.timestamp).toBeGreaterThan(1_700_000_000);
  const times = events.map(([time]) => time);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(events.filter(([, kind]) => kind === 'r').map(([, , data]) => data)).toContain('90x30');
  const text = events.filter(([, kind]) => kind === 'o').map(([, , data]) => data);
  expect(text.join('')).toMatch(/\r\n25öß\r\n/);
  // An existing file is not overwritten.
  expect(watch('-connect', 'con1', '-record', path)).toMatchObject({ status: 1 });
  rmSync(path);
  expect(existsSync(path)).toBe(false);
});

describe('commands without a terminal', () => {
  test('-run gives output and exit status', () => {
    const ran = watch('-run', 'uname -a');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^Linux vm1 7\.\S+ .* GNU\/Linux\n$/);
    expect(watch('-run', "echo 'a  b' >&2; printf c; exit 7")).toEqual({
      status: 7,
      stdout: 'a  b\nc',
      stderr: '',
    });
    expect(watch('-run', '"unclosed')).toMatchObject({ status: 2 });
    const [document] = watch('-json', '-run', 'seq 3').stdout.split('\n');
    expect(JSON.parse(document ?? '')).toEqual({ output: '1\n2\n3\n', truncated: false, status: 0 });
  });

  test('a command that fails prevents the commands after it', () => {
    const { status, stdout } = watch('-run', 'false', '-run', 'echo not done');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  test('a command that prints a lot is there to the last byte', () => {
    const { status, stdout } = watch('-run', 'seq 20000');
    expect(status).toBe(0);
    expect(stdout).toBe(Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join(''));
  });

  test('-send and -expect', () => {
    const { status, stdout } = watch(
      ...['-json', '-send', 'read x; echo "<$x>"\\r', '-send', 'two words\\r', '-expect', '^<.*>$'],
    );
    expect(status).toBe(0);
    const documents = stdout.trimEnd().split('\n');
    expect(documents.map((text) => JSON.parse(text)).at(-1)).toEqual({ matched: '<two words>' });
    // Text that is on the screen already.
    expect(watch('-expect', '<two words>', '-timeout', '20s')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('-expect matches only output that follows the typed text, not older text', () => {
    watch('-run', 'echo AAA; echo BBB');
    const { status, stderr } = watch(
      ...['-expect', 'AAA', '-send', 'sleep 1\\r', '-expect', 'BBB', '-timeout', '700ms'],
    );
    expect(status).toBe(8);
    expect(stderr).toContain('"BBB" did not come within 0.7 s');
    expect(watch('-expect', '# $').status).toBe(0);
  });

  test('a prompt with a blank at its end matches, on the screen too', () => {
    watch('-run', 'true');
    expect(watch('-expect', 'vm1:/root# $', '-timeout', '5s')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('a command that no shell took in time is not done later', () => {
    watch('-send', 'sleep 1000\\r');
    for (let i = 0; i < 2; i++) {
      const given = watch('-run', 'echo ran >>/tmp/ran', '-timeout', '300ms');
      expect(given).toMatchObject({ status: 8, stdout: '' });
      expect(given.stderr).toContain('no shell answered within 0.3 s; the command was not typed');
    }
    watch('-send', '\\x03');
    expect(watch('-run', 'cat /tmp/ran')).toMatchObject({ status: 1 });
  });

  test('several -run at once are executed one after the other', async () => {
    const runs = Array.from(
      { length: 4 },
      (_, i) =>
        new Promise<{ status: number | null; stdout: string }>((resolve) => {
          const args = ['-config', world.configPath, 'vm1', '-run', `sleep 0.2; echo turn ${i}`];
          const child = spawn(program('umlwatch'), args, { stdio: ['ignore', 'pipe', 'ignore'] });
          let stdout = '';
          child.stdout.on('data', (text: Buffer) => {
            stdout += text.toString();
          });
          child.once('close', (status) => resolve({ status, stdout }));
        }),
    );
    const ends = await Promise.all(runs);
    expect(ends).toEqual(ends.map((_, i) => ({ status: 0, stdout: `turn ${i}\n` })));
  });

  test('-expect that nothing matches: status 8, with the last screen', () => {
    watch('-run', 'echo the last words');
    const { status, stderr } = watch('-expect', 'never seen', '-timeout', '300ms');
    expect(status).toBe(8);
    expect(stderr).toMatch(/^umlwatch: con1: "never seen" did not come within 0\.3 s; its screen:\n/);
    expect(stderr).toContain('\n  | the last words\n');
    expect(stderr).toMatch(/\n\(hint: inspect it with -connect con1\)\n$/);
  });

  test('an error names a paused VM as paused', () => {
    expect(watch('-pause').status).toBe(0);
    const { status, stderr } = watch('-expect', 'never seen', '-timeout', '300ms');
    expect(watch('-resume').status).toBe(0);
    expect(status).toBe(8);
    expect(stderr).toContain('; the VM is paused; its screen:\n');
    expect(stderr).toMatch(/\n\(hint: umlwatch vm1 -resume\)\n$/);
  });

  test('-run where no shell is: status 8, with the last screen', () => {
    watch('-send', 'cat >/dev/null\\r');
    const { status, stderr } = watch('-run', 'true', '-timeout', '500ms');
    expect(status).toBe(8);
    expect(stderr).toContain('no shell answered within 0.5 s; the command was not typed');
    expect(stderr).toContain('  | vm1:/root# cat >/dev/null\n');
    // CTRL-C discards input that follows it, until the shell is back.
    expect(watch('-send', '\\x03', '-expect', '# $', '-run', 'echo back').stdout).toBe('back\n');
  });

  test('-screen and -history', () => {
    watch('-run', 'seq 100 | sed "s/^/line /"');
    const screen = watch('-screen', 'con1').stdout.split('\n');
    expect(screen).toContain('line 100');
    expect(screen).not.toContain('line 50');
    const document = JSON.parse(watch('-json', '-screen', 'con1').stdout);
    expect(document).toMatchObject({ columns: expect.any(Number), rows: expect.any(Number), history: 0 });
    expect(document.lines.length).toBe(document.rows);
    expect(watch('-screen', 'con1', '-html').stdout).toMatch(/^<!DOCTYPE html>\n.*line 100\n/s);
    expect(watch('-history', 'con1').stdout).toContain('\nline 50\nline 51\n');
    expect(watch('-history', 'con1', '-search', '^line [23]7$').stdout).toBe('line 27\nline 37\n');
    expect(watch('-history', 'con1', '-lines', '2', '-search', '^line').stdout).toBe('line 99\nline 100\n');
    expect(watch('-history', 'con1', '-search', 'nowhere')).toMatchObject({ status: 1, stdout: '' });
    expect(watch('-screen', 'con9')).toMatchObject({ status: 1, stdout: '' });
  });

  test('-run of a command that ends the guest finishes with the guest, without a further wait', () => {
    expect(watch('-run', 'poweroff -f', '-timeout', '50s')).toMatchObject({ status: 0, stderr: '' });
  });

  test('a command whose guest powers off meanwhile: status 7', async () => {
    expect(watch('-start', '-expect', '# $').status).toBe(0);
    watch('-send', '(until [ -e /tmp/runs ]; do usleep 100000; done; poweroff -f) &\\r');
    const { status, stderr } = watch('-run', 'touch /tmp/runs; sleep 100', '-timeout', '50s');
    expect(stderr).toBe(
      'umlwatch: vm1: the VM stopped before the command ended (hint: umlwatch vm1 -info)\n',
    );
    expect(status).toBe(7);
  });
});
