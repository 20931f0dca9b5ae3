/** Every word of umlwatch as a user calls it, against a real monitor with a real VM. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { GuestShell, waitForEvent } from '../helpers/guest/guest.ts';
import { program } from '../helpers/programs/world.ts';
import { json, watch, world } from './umlwatch-world.ts';

/** umlwatch that goes on until it is told to end; `said` waits for its output. */
function follow(...args: string[]) {
  const child = spawn(process.execPath, [program('umlwatch'), '-config', world.configPath, 'vm1', ...args]);
  let output = '';
  const wakers = new Set<() => void>();
  child.stdout.on('data', (part) => {
    output += part;
    for (const wake of wakers) wake();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!output.includes(text)) return;
        wakers.delete(look);
        resolve();
      };
      wakers.add(look);
      void ended.then(() => reject(new Error(`ended without ${text}: ${output}`)));
      look();
    });
  return { child, ended, said, output: () => output };
}

async function end({ child, ended }: { child: ChildProcess; ended: Promise<unknown> }): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

describe('a VM that is stopped', () => {
  test('-info', () => {
    const { status, stdout, stderr } = watch('-info');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^vm1\n {2}state +stopped for \d+ s\n {2}monitor +pid \d+\n {2}memory +64 MiB\n/);
    expect(json(watch('-info', '-json'))).toMatchObject([{ name: 'vm1', state: 'stopped', kernelPid: 0 }]);
  });

  test.each([
    ['-stop', 'it is stopped already (hint: umlwatch vm1 -info)'],
    ['-kill', 'it is stopped already (hint: umlwatch vm1 -info)'],
    ['-ctrlaltdel', 'it is stopped (hint: umlwatch vm1 -start)'],
  ])('%s: wrong state, status 5', (word, why) => {
    const { status, stdout, stderr } = watch(word);
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(stderr).toBe(`umlwatch: vm1: ${why}\n`);
  });

  test.each([
    ['-run', 'true'],
    ['-send', 'x'],
  ])('%s is refused, and not waited for', (...words) => {
    const { status, stderr } = watch(...words);
    expect(stderr).toBe('umlwatch: vm1: the VM is stopped (hint: umlwatch vm1 -start)\n');
    expect(status).toBe(5);
  });

  test('-expect reports that it is stopped', () => {
    const { status, stderr } = watch('-expect', 'x', '-timeout', '100ms');
    expect(stderr).toContain('; the VM is stopped; its screen:\n  (empty)\n(hint: umlwatch vm1 -start)\n');
    expect(status).toBe(8);
  });

  test('-json: an error is a document on standard error', () => {
    const { status, stdout, stderr } = watch('-stop', '-json');
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'STATE_WRONG', place: 'vm1' } });
  });

  test('input for its console is refused, not kept waiting', () => {
    const { status, stderr } = world.run('umlwatch', ['vm1', '-connect', 'con1'], 'echo hello\n');
    expect(stderr).toBe(
      'umlwatch: vm1: VM stopped: the last 11 bytes of the input were not read (hint: umlwatch vm1 -info)\n',
    );
    expect(status).toBe(5);
    expect(world.run('umlwatch', ['vm1', '-connect', 'con1'], '').status).toBe(0);
  });
});

describe('a life', () => {
  test('several commands, in the given order', () => {
    const { status, stdout, stderr } = watch('-start', '-info', '-kill', '-start');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n').filter((line) => /^vm1|^ {2}state/.test(line));
    expect(lines).toEqual([
      expect.stringMatching(/^vm1: running, Linux \d+\.\d+\.\d+, \d+\.\d\d s$/),
      'vm1',
      expect.stringMatching(/^ {2}state +running for \d s$/),
      'vm1: killed',
      expect.stringMatching(/^vm1: running, /),
    ]);
  });

  test('the first error ends them', () => {
    const { status, stdout, stderr } = watch('-info', '-start', '-kill');
    expect(status).toBe(5);
    expect(stdout).toContain('settings');
    expect(stdout).not.toContain('vm1: killed');
    expect(stderr).toContain('it is running already');
  });

  test('a mistake in the last command prevents the first', () => {
    const { status, stderr } = watch('-kill', '-stop', '-timeout', 'soon');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'umlwatch: -timeout: "soon" is not a duration (hint: as in 500ms, 30s, 2m)\n',
    });
    expect(json(watch('-info', '-json'))).toMatchObject([{ state: 'running' }]);
  });

  test('piped input and output of a console', () => {
    const { status, stdout } = world.run('umlwatch', ['vm1', '-connect', 'con1'], 'echo $((6*7))\n');
    expect(status).toBe(0);
    expect(stdout).toMatch(/echo \$\(\(6\*7\)\)\r\n42\r\n/);
    // Only what came since: the past is for people.
    expect(world.run('umlwatch', ['vm1', '-connect', 'con1'], '').stdout).toBe('');
  });

  test('input that the end of the wait overtakes is not lost', () => {
    const { stdout } = world.run('umlwatch', ['vm1', '-connect', 'con1'], 'usleep 700000; echo a$((1))b\n');
    expect(stdout).toContain('a1b\r\n');
  });

  test('a large input arrives whole, in order, and the console stays usable', () => {
    const lines = Array.from({ length: 3000 }, (_, n) => `line ${n}`);
    const input = `cat >/tmp/in\n${lines.join('\n')}\n\x04md5sum </tmp/in\n`;
    const { status, stdout } = world.run('umlwatch', ['vm1', '-connect', 'con2'], input);
    const sum = spawnSync('md5sum', { input: `${lines.join('\n')}\n`, encoding: 'utf8' }).stdout;
    expect(status).toBe(0);
    expect(stdout).toContain(sum.trimEnd());
    expect(world.run('umlwatch', ['vm1', '-connect', 'con2'], 'echo a$((1))b\n').stdout).toContain('a1b\r\n');
  });

  test('-log: all of it, also through a pipe that is read slowly', async () => {
    const client = await world.client('vm1');
    const shell = await GuestShell.open(client);
    await shell.run('yes 0123456789abcdefghijklmnopqrstuvwxyz | head -n 10000');
    client.close();
    const logged = world.log('vm1', 'con1');
    expect(logged.length).toBeGreaterThan(370_000);
    expect(watch('-log', 'con1')).toEqual({ status: 0, stdout: logged, stderr: '' });
    const command = '"$0" "$1" -config "$2" vm1 -log con1 | (sleep 1; cat)';
    const args = ['-c', command, process.execPath, program('umlwatch'), world.configPath];
    expect(spawnSync('sh', args, { encoding: 'utf8' }).stdout).toBe(logged);
  });

  test('-log -json: pieces that make the whole', () => {
    const pieces = json(watch('-log', 'con1', '-json'));
    expect(pieces[0]).toMatchObject({ channel: 'con1', offset: 0 });
    expect(pieces.map(({ text }) => text).join('')).toBe(world.log('vm1', 'con1'));
  });

  test('-log -follow goes on as the log grows, over characters that are cut', async () => {
    const followed = follow('-log', 'con1', '-follow', '-json');
    await followed.said('"offset":0');
    world.run(
      'umlwatch',
      ['vm1', '-connect', 'con1'],
      "printf '\\303'; usleep 50000; printf '\\244\\n'; echo the-$((0))end\n",
    );
    await followed.said('the-0end');
    await end(followed);
    const text = followed
      .output()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).text)
      .join('');
    expect(text).toMatch(/ä\r\nthe-0end/);
    expect(text).not.toContain('\ufffd');
  });

  test('-events, past and present', async () => {
    const past = follow('-events', '-since', '1');
    await past.said('monitor-started: monitor');
    await past.said('exit: killed');
    const present = follow('-events', '-json');
    await waitForViewers(0);
    // The first one that it sees is the first one after it asked.
    const client = await world.client('vm1');
    const poke = setInterval(
      () => void client.call('consoleAttach', { channel: 'con0', columns: 0, rows: 0 }),
      100,
    );
    await present.said('console-attached').finally(() => clearInterval(poke));
    client.close();
    await Promise.all([end(past), end(present)]);
    const events = present
      .output()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ kind }) => kind)).not.toContain('monitor-started');
    expect(past.output().split('\n')[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {4}1 {2}monitor-started: /);
  });

  test('-ctrlaltdel: the guest decides; it powers off', async () => {
    const client = await world.client('vm1');
    const { eventsNext } = await client.call('info', undefined);
    await waitForEvent(client, 'guest-message');
    expect(watch('-ctrlaltdel', '-json').stdout).toBe('{"sent":true}\n');
    expect(await waitForEvent(client, 'exit', eventsNext)).toBe('poweroff');
    client.close();
  });

  test('-stop', () => {
    // A guest that has no init yet does not stop in order.
    watch('-start', '-run', 'true');
    const { status, stdout } = watch('-stop', '-timeout', '20s', '-json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      joined: false,
      state: 'stopped',
      summary: expect.stringMatching(/^stopped/),
    });
    expect(watch('-info').stdout).toMatch(/last exit +poweroff at .* \(status 0, asked by uid 0\)/);
  });
});

async function waitForViewers(count: number): Promise<void> {
  const client = await world.client('vm1');
  const viewers = async () =>
    (await client.call('info', undefined)).consoles.reduce((sum, each) => sum + each.viewers, 0);
  while ((await viewers()) !== count) await new Promise((resolve) => setTimeout(resolve, 20));
  client.close();
}

describe('commands on standard input', () => {
  const script = (text: string, ...args: string[]) => world.run('umlwatch', ['vm1', ...args], text);

  test('are executed in order; comments and empty lines are not commands', () => {
    const { status, stdout } = script('# first\n\nstart\n  info\nkill\nquit\nstart\n');
    expect(status).toBe(0);
    expect(stdout.match(/^vm1.*$/gm)).toEqual([expect.stringContaining('running'), 'vm1', 'vm1: killed']);
  });

  test('the first error ends the script and is its status', () => {
    const { status, stdout, stderr } = script('kill\ninfo\n');
    expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
    expect(stderr).toContain('it is stopped already');
    expect(script('info\ninof\ninfo\n')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('did you mean info?'),
    });
  });

  test('a session needs the standard input for itself', () => {
    expect(script('connect con1\n')).toMatchObject({
      status: 2,
      stderr:
        'umlwatch: connect: standard input is in use for commands (hint: umlwatch vm1 -connect con1 <FILE)\n',
    });
  });

  test('-json', () => {
    expect(json(script('info\ninfo\n', '-json'))).toHaveLength(2);
  });
});

describe('who reads the output', () => {
  beforeAll(() => {
    expect(watch('-start').status).toBe(0);
  });

  const shell = (command: string) =>
    spawnSync(
      'bash',
      [
        '-c',
        `umlwatch() { "${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" "$@"; }; ${command}`,
      ],
      {
        encoding: 'utf8',
        timeout: 20_000,
      },
    );

  test.each(['-info', '-log con1', '-events -since 1', '-help'])('has gone: %s ends quietly', (words) => {
    const { stdout, stderr } = shell(`umlwatch vm1 ${words} | true; echo $PIPESTATUS`);
    expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
  });

  test('a log through head', () => {
    // More than a pipe holds.
    const { stdout, stderr } = shell('umlwatch vm1 -log con1 | head -n 1 | wc -l; echo $PIPESTATUS');
    expect({ stdout, stderr }).toEqual({ stdout: '1\n141\n', stderr: '' });
  });

  test('a script with its reader gone', () => {
    const { stdout, stderr } = shell('umlwatch vm1 < <(echo info) | true; echo $PIPESTATUS');
    expect({ stdout, stderr }).toEqual({ stdout: '141\n', stderr: '' });
  });

  test('has no room', () => {
    const { stdout, stderr } = shell('umlwatch vm1 -info >/dev/full; echo $?');
    expect(stdout).toBe('6\n');
    expect(stderr).toMatch(/^umlwatch: standard output: ENOSPC/);
  });

  test('a closed standard error', () => {
    expect(shell('umlwatch vm1 -start 2>&1 >/dev/null | true; echo $PIPESTATUS').stdout).toBe('5\n');
  });

  test('an input without an end does not delay the end of a command', async () => {
    // The pipe of spawn stays open on our side.
    expect(await follow('-info').ended).toBe(0);
    const session = follow('-connect', 'con1');
    await waitForViewers(1);
    expect(watch('-kill').status).toBe(0);
    expect(await session.ended).toBe(0);
  });
});
