/** The interactive mode in a real terminal (tmux), with a real monitor and guest. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { untilAsleep } from '../../helpers/guest/until-asleep.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
const state = mkdtempSync(join(tmpdir(), 'umlmon-state-'));
const commands = { umlwatch: `exec "${program('umlwatch')}" -config "${world.configPath}" "$@"` };
let terminal: Tmux;

const prompt = /\nvm1>$/;
const shellPrompt = /\n\$$/;

beforeAll(async () => {
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty\nssl0 = pty' });
  world.addImage('vm1');
  await world.startMonitor('vm1');
});
afterAll(async () => {
  await world.close();
  rmSync(state, { recursive: true });
});
beforeEach(async () => {
  if (world.run('umlwatch', ['vm1', '-info']).stdout.includes('stopped for'))
    world.run('umlwatch', ['vm1', '-start']);
  terminal = new Tmux({ rows: 80, commands, env: { XDG_STATE_HOME: state } });
  await terminal.shows('$');
});
afterEach(() => terminal.close());

async function open(): Promise<void> {
  terminal.afresh('umlwatch vm1');
  await terminal.shows(/^vm1 is running\. Type 'help' for commands, 'quit' to exit\.\nvm1>$/m);
}

/** Executes a command, and waits for the next prompt. */
async function word(line: string): Promise<string> {
  terminal.line(line);
  const screen = await terminal.shows((text) => text.includes(`vm1> ${line}\n`) && prompt.test(text));
  return screen.slice(screen.lastIndexOf(`vm1> ${line}\n`) + `vm1> ${line}\n`.length).replace(/vm1>$/, '');
}

test('commands are executed, errors return to the prompt, quit exits', async () => {
  await open();
  expect(await word('start')).toBe('vm1: it is running already (hint: umlwatch vm1 -info)\n');
  expect(await word('ifno')).toBe('unknown command "ifno" (hint: did you mean info?)\n');
  expect(await word('log con1')).toContain('the output of this channel is not logged');
  expect(await word('# nothing')).toBe('');
  expect(await word('help')).toContain('  crashes                         List the crash bundles.');
  terminal.line('quit');
  await terminal.shows(shellPrompt);
  expect(await terminal.run('echo $?')).toBe('0\n');
});

test('CTRL-D leaves, and the terminal is as before', async () => {
  const before = await terminal.run('stty -a');
  expect(before).toContain('speed');
  await open();
  terminal.keys('C-d');
  await terminal.shows(/\nvm1>\n\$$/);
  expect(await terminal.run('stty -a')).toBe(before);
});

test('TAB completes commands, channels and options', async () => {
  await open();
  // A tab within a paste is not a key: one at a time.
  const tab = async (text: string, wanted: RegExp) => {
    terminal.text(text);
    await terminal.shows((screen) => screen.endsWith(text.trimEnd()));
    terminal.keys('Tab');
    await terminal.shows(wanted);
  };
  await tab('co', /\nvm1> connect$/);
  await tab('s', /\nvm1> connect ssl0$/);
  terminal.keys('C-u');
  await tab('log ', /vm1> log$/);
  await tab('', /\ncon0 +con1 +ssl0\n/);
  await tab('c', /vm1> log con$/);
  await tab('0 ', /vm1> log con0 -follow$/);
  terminal.keys('C-u');
  await tab('st', /vm1> st$/);
  await tab('', /\nstart +stop +stats +stack\n/);
});

test('the management console has a prompt of its own, with completion, and a way back', async () => {
  await open();
  terminal.line('mconsole');
  await terminal.shows(/\n\(mconsole\)$/);
  terminal.line('config ubd0');
  await terminal.shows(/\n\/disks\/root\.dsk\n\(mconsole\)$/);
  terminal.text('ver');
  await terminal.shows(/\(mconsole\) ver$/);
  terminal.keys('Tab');
  await terminal.shows(/\(mconsole\) version$/);
  terminal.keys('Enter');
  await terminal.shows(/\(mconsole\) version\nLinux [^\n]+\n(?:[^(\n]+\n)?\(mconsole\)$/);
  terminal.line('remove ubd0');
  await terminal.shows(/EBUSY: Device is currently open[\s\S]*\n\(mconsole\)$/);
  terminal.line('switch vm1');
  await terminal.shows(/commands go to vm1\n\(mconsole\)$/);
  terminal.line('switch vm7');
  await terminal.shows(/VM vm7 does not exist[\s\S]*\n\(mconsole\)$/);
  terminal.line('quit');
  await terminal.shows(prompt);
  expect(await word('log con1')).toContain('is not logged');
});

test('the arrow key recalls earlier commands, also in the next session', async () => {
  await open();
  await word('info');
  await word('log con1');
  terminal.keys('Up', 'Up');
  await terminal.shows(/\nvm1> info$/);
  terminal.keys('C-u', 'C-d');
  await terminal.shows(shellPrompt);
  await open();
  terminal.keys('Up');
  await terminal.shows(/\nvm1> log con1$/);
});

test.each(['events', 'log con0 -follow'])('CTRL-C ends %s, and the prompt returns', async (follow) => {
  await open();
  terminal.line(`${follow}`);
  await terminal.shows(follow === 'events' ? 'vm1> events' : 'Run /sbin/init');
  await untilAsleep(terminal.foreground('umlwatch'));
  terminal.keys('C-c');
  await terminal.shows(/\n(?:\^C)?\nvm1>$/);
  expect(await word('log con1')).toContain('is not logged');
});

test('CTRL-C at the prompt gives the line up and stays', async () => {
  await open();
  terminal.text('kill');
  terminal.keys('C-c');
  await terminal.shows(/\nvm1> kill\^C\nvm1>$/);
  terminal.keys('Enter');
  await terminal.shows(/\nvm1> kill\^C\nvm1>\nvm1>$/);
  expect(await word('info')).toContain('default settings');
});

test('CTRL-C does not wait for an operation, and prints that the monitor continues', async () => {
  await open();
  const client = await world.client('vm1');
  const { kernelPid } = await client.call('info', undefined);
  // A guest that does not answer.
  process.kill(kernelPid, 'SIGSTOP');
  terminal.line('stop');
  const operation = async () => (await client.call('info', undefined)).operation;
  await expect.poll(operation, { timeout: 20_000 }).toMatch(/^stop /);
  client.close();
  terminal.keys('C-c');
  await terminal.shows(/interrupted; the monitor continues: stop\nvm1>$/);
  expect(await word('start')).toContain('busy with stop');
  expect(await word('kill')).toBe('vm1: killed\n');
  expect(await word('start')).toMatch(/^vm1: running/);
});

test('a session at a console, and back', async () => {
  await open();
  terminal.line('connect con1');
  await terminal.shows('[con1 of vm1; CTRL-] d detaches]');
  terminal.keys('Enter');
  await terminal.shows(/\nvm1:\/root#$/);
  // CTRL-C is the guest's.
  terminal.line('echo $((6*7)); sleep 1000');
  await terminal.shows(/^42$/m);
  terminal.keys('C-c');
  await terminal.shows(/\^C\nvm1:\/root#$/);
  terminal.keys('C-]', 'd');
  await terminal.shows(/\[detached from con1\]\nvm1>$/);
  expect(await word('log con1')).toContain('is not logged');
  terminal.line('connect con1');
  await terminal.shows(/detaches\]$/);
  terminal.line('echo $((7*7))');
  await terminal.shows(/^49$/m);
  terminal.keys('C-]', 'd');
  await terminal.shows(/\[detached from con1\]\nvm1>$/);
});

test('several lines pasted at once are all executed, and the last, incomplete line stays in the prompt', async () => {
  await open();
  terminal.paste('log con1\nlog ssl0\nlog con');
  const screen = await terminal.shows(/vm1> log con$/);
  expect(screen).toMatch(/con1: the output.*ssl0: the output/s);
  terminal.line('0');
  await terminal.shows(/Run \/sbin\/init/);
});

test('the next command uses a monitor that was restarted', async () => {
  await open();
  await world.signalMonitor('vm1', 'SIGTERM');
  expect(await word('info')).toContain('ctrl: no monitor is running for vm1 (hint: ');
  await world.startMonitor('vm1');
  expect(await word('start')).toMatch(/^vm1: running/);
});

test('-json', async () => {
  terminal.line('umlwatch -json vm1');
  await terminal.shows('vm1>');
  expect(await word('kill')).toContain('"summary":"killed"');
  expect(await word('kill')).toMatch(/"code":"STATE_WRONG"/);
  expect(await word('start')).toContain('"state":"running"');
});
