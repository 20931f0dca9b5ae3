/** Sessions at a console in a real terminal (tmux), with a real guest. */
import type { ChildProcess } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { untilAsleep } from '../../helpers/guest/until-asleep.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
let monitor: ChildProcess;
let terminal: Tmux;

/** umlwatch as the shell in the terminal finds it. */
const commands = {
  umlwatch: `exec "${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" "$@"`,
};
/** The last line is the prompt of the guest's shell. */
const guestPrompt = /(?:^|\n)vm1:\/root#$/;

beforeAll(() => {
  const vm = 'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty\non_reboot = restart';
  world.configure({ vm1: vm });
  world.addImage('vm1');
});
afterAll(() => world.close());

beforeEach(async () => {
  if (!monitor || monitor.exitCode !== null || monitor.signalCode !== null)
    monitor = await world.startMonitor('vm1');
  // A guest of its own for each test: it boots in a tenth of a second.
  if ((await info()).state !== 'stopped') world.run('umlwatch', ['vm1', '-kill']);
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0, stderr: '' });
  terminal = new Tmux({ commands });
  await terminal.shows('$');
});
afterEach(() => terminal.close());

async function info() {
  const client = await world.client('vm1');
  try {
    return await client.call('info', undefined);
  } finally {
    client.close();
  }
}

/** Opens a session, and waits for the guest's prompt: earlier input may be lost. */
async function connect(): Promise<void> {
  terminal.afresh('umlwatch vm1 -connect con1');
  await terminal.shows('con1 of vm1');
  terminal.keys('Enter');
  await terminal.shows(guestPrompt);
}

/** The terminal as a user finds it: line settings, alternate screen, cursor, mouse, keypad. */
async function settings(): Promise<string> {
  const stty = await terminal.run('stty -a');
  return `${stty}${terminal.value('#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag} #{keypad_cursor_flag}')}`;
}

test('the guest executes typed commands; CTRL-] d detaches and restores the terminal', async () => {
  const before = await settings();
  expect(before).toContain('speed');
  await connect();
  terminal.line('echo $((6*7)) $(stty size) $(hostname)');
  await terminal.shows('42 24 80 vm1');
  terminal.line('echo asleep; sleep 1000');
  await terminal.shows(/^asleep$/m);
  terminal.keys('C-c');
  // The guest's shell may have turned the echo off before its kernel gets to show ^C.
  await terminal.shows(/asleep\n(?:\^C)?\nvm1:\/root#$/);
  terminal.keys('C-]', 'd');
  const screen = await terminal.shows('[detached from con1]');
  expect(screen).toMatch(/\nvm1:\/root#\n\[d detach, .*\]\n+\[detached from con1\](?:\n\$)?$/);
  expect(await terminal.run('echo $?')).toBe('0\n');
  expect(await settings()).toBe(before);
});

test('keys typed just before CTRL-] still arrive', async () => {
  await connect();
  // In one write, as somebody fast types.
  terminal.paste('echo kept >/tmp/kept\n\x1dd');
  await terminal.shows('[detached from con1]');
  await connect();
  terminal.line('cat /tmp/kept');
  await terminal.shows(/^kept$/m);
});

test('an earlier prompt that is shown again does not make the terminal answer into the guest', async () => {
  await connect();
  terminal.keys('C-]', 'd');
  await terminal.shows('[detached from con1]');
  terminal.afresh('umlwatch vm1 -connect con1');
  await terminal.shows('con1 of vm1');
  terminal.line('echo an answer would stand before: ');
  const screen = await terminal.shows(/^an answer would/m);
  expect(screen).not.toMatch(/\d;\d+R/);
});

test('a full-screen program is redrawn for a viewer that attaches later', async () => {
  await connect();
  terminal.line('seq 1 200 | sed "s/^/line /" >/tmp/text; vi /tmp/text');
  await terminal.shows('line 23');
  terminal.keys('C-]', 'd');
  await terminal.shows('[detached from con1]');
  terminal.afresh('umlwatch vm1 -connect con1');
  await terminal.shows('line 23');
  await terminal.shows((screen) => screen.startsWith('line 1\nline 2\nline 3\nline 4\n'));
});

describe('programs of the guest that use the whole screen', () => {
  const file = (rows: number) => Array.from({ length: rows - 1 }, (_, row) => `line ${row + 1}`);

  beforeEach(async () => {
    await connect();
    terminal.afresh('seq 1 200 | sed "s/^/line /" >/tmp/text');
    await terminal.shows(guestPrompt);
  });

  test('vi follows the size of the window', async () => {
    terminal.line('vi /tmp/text');
    await terminal.shows((screen) => screen.startsWith(file(24).join('\n')));
    terminal.resize(100, 40);
    await terminal.shows((screen) => screen.startsWith(file(40).join('\n')));
    terminal.resize(50, 10);
    await terminal.shows((screen) => screen.startsWith(file(10).join('\n')) && !screen.includes('line 10'));
    terminal.line(':q');
    await terminal.shows(guestPrompt);
    terminal.line('stty size');
    await terminal.shows(/^10 50$/m);
  });

  test('less does, too', async () => {
    terminal.line('less /tmp/text');
    await terminal.shows((screen) => screen.startsWith(file(24).join('\n')));
    terminal.resize(100, 40);
    // busybox less reads the size when a key is pressed.
    await terminal.repeat(() => terminal.keys('g'), /^line 39$/m);
    terminal.keys('q');
    await terminal.shows(guestPrompt);
    terminal.line('stty size');
    await terminal.shows(/^40 100$/m);
  });

  test.each(['CTRL-]', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGALRM', 'SIGUSR2', 'SIGXCPU', 'SIGPWR'])(
    '%s leaves, and the terminal is as before',
    async (how) => {
      terminal.keys('C-]', 'd');
      await terminal.shows('[detached from con1]');
      const before = await settings();
      await connect();
      // The sequences of other editors: alternate screen, hidden cursor, mouse, application keys.
      terminal.line(`printf '\\033[?1049h\\033[?25l\\033[?1006;1000h\\033[?1h\\033='; vi /tmp/text`);
      await terminal.shows('line 23');
      expect(terminal.value('#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_cursor_flag}')).toBe(
        '1 0 1 1',
      );
      if (how === 'CTRL-]') {
        terminal.keys('C-]', 'd');
        await terminal.shows('[detached from con1]');
      } else {
        process.kill(umlwatchPid(), how as NodeJS.Signals);
        await terminal.shows((screen) => /\$ ?$/.test(screen));
      }
      expect(await settings()).toBe(before);
    },
  );
});

/** The program that runs in the terminal's foreground. */
function umlwatchPid(): number {
  return terminal.foreground('umlwatch');
}

describe('events of the VM during a session', () => {
  test('a poweroff is reported, and a start by another client continues in the same session', async () => {
    await connect();
    terminal.line('poweroff');
    await terminal.shows('[vm1 is stopped (poweroff); CTRL-] d detaches]');
    // For a guest that is gone.
    terminal.line('echo for nobody >/tmp/nobody');
    await untilAsleep(umlwatchPid());
    expect(world.run('umlwatch', ['vm1', '-start']).status).toBe(0);
    await terminal.shows('[vm1 is running; CTRL-] d detaches]');
    await terminal.shows(/running; CTRL-\] d detaches\].*\nvm1:\/root#$/s);
    terminal.line('ls /tmp/nobody; stty size');
    await terminal.shows('24 80');
    expect(terminal.screen()).toContain('ls: /tmp/nobody: No such file');
    terminal.keys('C-]', 'd');
    await terminal.shows('[detached from con1]');
  });

  /** On a busy host the guest's prompt appears before the kernel has reported that it runs. */
  const showsPromptAfter = (text: string) =>
    terminal.shows((screen) => {
      const after = screen.split(text)[1] ?? '';
      return after.includes('[vm1 is running; CTRL-] d detaches]') && /^vm1:\/root#/m.test(after);
    });

  test('a reboot is gone through', async () => {
    await connect();
    const { kernelPid } = await info();
    terminal.line('reboot');
    await terminal.shows('[vm1 is stopped (reboot); CTRL-] d detaches]');
    await showsPromptAfter('vm1 is stopped (reboot); CTRL-] d detaches]');
    expect((await info()).kernelPid).not.toBe(kernelPid);
    terminal.line('echo $((1+1)) again');
    await terminal.shows('2 again');
  });

  test('a crash with vi on the screen gives the screen back', async () => {
    await connect();
    terminal.line(`printf '\\033[?1049h\\033[?25l'; vi /etc/profile`);
    await terminal.shows('- /etc/profile');
    expect(terminal.value('#{alternate_on} #{cursor_flag}')).toBe('1 0');
    expect(world.run('umlwatch', ['vm1', '-kill']).status).toBe(0);
    await terminal.shows('[vm1 is stopped (killed); CTRL-] d detaches]');
    expect(terminal.value('#{alternate_on} #{cursor_flag}')).toBe('0 1');
  });

  test('a session may start before its VM', async () => {
    world.run('umlwatch', ['vm1', '-kill']);
    terminal.line('umlwatch vm1 -connect con1');
    await terminal.shows('[con1 of vm1, which is stopped; CTRL-] d detaches]');
    world.run('umlwatch', ['vm1', '-start']);
    await showsPromptAfter('which is stopped; CTRL-] d detaches]');
  });
});

describe('events of the monitor during a session', () => {
  test('it is killed: status 4, the terminal is restored, and the guest keeps running', async () => {
    const before = await settings();
    await connect();
    const { kernelPid } = await info();
    terminal.line(`printf '\\033[?1049h\\033[?25l'; vi /etc/profile`);
    await terminal.shows('- /etc/profile');
    const gone = new Promise((resolve) => monitor.once('exit', resolve));
    monitor.kill('SIGKILL');
    await gone;
    await terminal.shows('umlwatch: ');
    expect(terminal.screen().replaceAll('\n', '')).toMatch(
      /the monitor of vm1 closed the connection \(hint: /,
    );
    expect(await terminal.run('echo $?')).toBe('4\n');
    expect(await settings()).toBe(before);
    process.kill(kernelPid, 'SIGKILL');
  });

  test('a clean shutdown of the monitor ends the session cleanly', async () => {
    const before = await settings();
    await connect();
    const gone = new Promise((resolve) => monitor.once('exit', resolve));
    monitor.kill('SIGTERM');
    await terminal.shows('[the monitor has closed con1]');
    await gone;
    expect(await terminal.run('echo $?')).toBe('0\n');
    expect(await settings()).toBe(before);
  });
});

test('an escape key of the configuration', async () => {
  const other = new World();
  try {
    other.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty' }, 'escape = ^A');
    other.addImage('vm1');
    await other.startMonitor('vm1');
    other.run('umlwatch', ['vm1', '-start']);
    terminal.line(`umlwatch -config ${other.configPath} vm1 -connect con1`);
    await terminal.shows('CTRL-A d detaches');
    terminal.keys('Enter');
    await terminal.shows(guestPrompt);
    terminal.keys('C-]');
    terminal.line('echo $((6*7))');
    await terminal.shows(/42$/m);
    terminal.keys('C-a', 'd');
    await terminal.shows('[detached from con1]');
  } finally {
    await other.close();
  }
});

test('a terminal that is closed ends the session', async () => {
  await connect();
  const pid = umlwatchPid();
  const viewers = async () => (await info()).consoles.reduce((sum, each) => sum + each.viewers, 0);
  expect(await viewers()).toBe(1);
  terminal.close();
  terminal = new Tmux();
  const isAlive = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(isAlive, { timeout: 10_000 }).toBe(false);
  expect(await viewers()).toBe(0);
});
