/** umlwatch -wait, and listeners of events, against a real monitor with a real VM. */
import { spawn, spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { writeCall } from '../../../src/rpc/codec/message.ts';
import { beginRecord, sealRecord } from '../../../src/rpc/codec/record.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { untilAsleep } from '../../helpers/guest/until-asleep.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
let image: string;
let client: MonitorClient;
const watch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);

beforeAll(async () => {
  world.configure({
    vm1: 'mem = 64M\nubd0 = /disks/root.dsk\nready = guest\nready_pattern = con1 never-said',
  });
  image = world.addImage('vm1');
  await world.startMonitor('vm1');
  client = await world.client('vm1');
});
afterEach(() => {
  watch('-kill');
});
afterAll(async () => {
  client.close();
  await world.close();
});

/** umlwatch in the background. */
function begin(...args: string[]) {
  const child = spawn(process.execPath, [program('umlwatch'), '-config', world.configPath, 'vm1', ...args]);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (part) => {
    said.stdout += part;
  });
  child.stderr.on('data', (part) => {
    said.stderr += part;
  });
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (status) => resolve({ status, ...said }));
  });
  return { child, said, ended, asked: () => untilAsleep(child.pid ?? 0) };
}

describe('-wait', () => {
  test('several in order, long reached levels at once', () => {
    const { status, stdout, stderr } = watch(
      '-start',
      '-wait',
      'ready',
      '-wait',
      'launched',
      '-wait',
      'kernel',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const [, ...lines] = stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/\d+/g, (n, at) => (at > 3 ? 'N' : n)))).toEqual([
      'vm1: guest, after N ms',
      'vm1: launched, after N ms',
      'vm1: kernel, after N ms',
    ]);
    expect(JSON.parse(watch('-wait', 'guest', '-json').stdout)).toEqual({
      level: 'guest',
      elapsedMs: expect.any(Number),
    });
    // On a busy host the guest is heard before the answer of its kernel.
    expect(watch('-info').stdout).toMatch(
      /ready +yes \(guest\); launched after \d+ ms, (kernel \d+ ms, guest|guest \d+ ms, kernel) \d+ ms\n/,
    );
    expect(watch('-kill', '-wait', 'stopped').stdout).toBe('vm1: killed\nvm1: stopped (killed)\n');
    expect(JSON.parse(watch('-wait', 'stopped', '-json').stdout)).toEqual({
      level: 'stopped',
      cause: 'killed',
    });
  });

  test('before the start', async () => {
    const waiting = begin('-wait', 'ready');
    await waiting.asked();
    watch('-start');
    expect(await waiting.ended).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^vm1: guest, after /),
    });
  });

  test('a level that is never reached: status 8', () => {
    watch('-start');
    expect(watch('-wait', 'console', '-timeout', '300ms')).toEqual({
      status: 8,
      stdout: '',
      stderr: 'umlwatch: vm1: console was not reached within 0.3 s (hint: umlwatch vm1 -info -log con0)\n',
    });
    expect(watch('-wait', 'stopped', '-timeout', '300ms').status).toBe(8);
  });

  test('the VM exits: status 7, but success for -wait stopped', async () => {
    watch('-start');
    const [level, down] = [begin('-wait', 'console', '-json'), begin('-wait', 'stopped')];
    await Promise.all([level.asked(), down.asked()]);
    const { kernelPid } = await client.call('info', undefined);
    process.kill(kernelPid, 'SIGKILL');
    const { status, stderr } = await level.ended;
    expect(status).toBe(7);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'WAIT_STOPPED', place: 'vm1' } });
    expect(await down.ended).toEqual({ status: 0, stdout: 'vm1: stopped (crash)\n', stderr: '' });
  });

  test('a start that fails: status 7 and why', async () => {
    renameSync(image, `${image}.away`);
    try {
      const waiting = begin('-wait', 'kernel');
      await waiting.asked();
      expect(watch('-start').status).toBe(3);
      const { status, stderr } = await waiting.ended;
      expect(status).toBe(7);
      expect(stderr).toMatch(
        /^umlwatch: vm1: kernel was not reached: start failed: .*ubd0: the image does not exist/,
      );
    } finally {
      renameSync(`${image}.away`, image);
    }
  });

  test('CTRL-C ends it in the interactive mode', async () => {
    const command = `exec "${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" "$@"`;
    const tmux = new Tmux({ commands: { umlwatch: command } });
    try {
      tmux.line('umlwatch vm1');
      await expect.poll(() => tmux.screen(), { timeout: 20_000 }).toMatch(/^vm1>$/m);
      tmux.line('wait stopped -timeout 100ms');
      await expect.poll(() => tmux.screen(), { timeout: 20_000 }).toMatch(/vm1: stopped/);
      tmux.line('wait kernel');
      await untilAsleep(tmux.foreground('umlwatch.cjs'));
      tmux.keys('C-c');
      await expect.poll(() => tmux.lines().at(-1)?.trim(), { timeout: 20_000 }).toBe('vm1>');
      tmux.line('quit');
      await expect.poll(() => tmux.lines().at(-1)?.trim(), { timeout: 20_000 }).toBe('$');
    } finally {
      tmux.close();
    }
  });
});

describe('listeners', () => {
  /** Two events for each pair. */
  async function makeEvents(pairs: number): Promise<void> {
    for (let i = 0; i < pairs; i++) {
      const { id } = await client.call('consoleAttach', { channel: 'con0', columns: 0, rows: 0 });
      await client.call('consoleDetach', id);
    }
  }

  test('a umlwatch that is too slow reports which events it missed, and continues', async () => {
    const slow = begin('-events', '-since', '1');
    await expect.poll(() => slow.said.stdout, { timeout: 20_000 }).toContain('monitor-started');
    slow.child.kill('SIGSTOP');
    await makeEvents(monitorLimits.eventsKept);
    slow.child.kill('SIGCONT');
    await expect
      .poll(() => slow.said.stderr, { timeout: 20_000 })
      .toMatch(
        /^umlwatch: vm1: events \d+ to \d+ are not held any more: there were too many of one source$/m,
      );
    const { eventsNext } = await client.call('info', undefined);
    const numbers = () => [...slow.said.stdout.matchAll(/^\S+ \S+ +(\d+) /gm)].map(([, n]) => Number(n));
    await expect.poll(() => numbers().at(-1), { timeout: 20_000 }).toBe(eventsNext - 1);
    slow.child.kill('SIGINT');
    await slow.ended;
    // Each number is printed, or reported as missing.
    const missing = [
      ...slow.said.stderr.matchAll(/events? (\d+)(?: to (\d+))? (?:is|are) not held/g),
    ].flatMap(([, first, last = first]) =>
      Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
    );
    const all = [...numbers(), ...missing].sort((a, b) => a - b);
    expect(all).toEqual(all.map((_, i) => i + 1));
  });

  test('64 listeners that never read delay neither the guest nor other listeners, which miss no event', async () => {
    watch('-start', '-wait', 'guest');
    const sockets: Socket[] = [];
    try {
      for (let i = 0; i < 64; i++) sockets.push(await deafListener());
      const { eventsNext } = await client.call('info', undefined);
      const shell = await GuestShell.open(client);
      const seen: number[] = [];
      for (let round = 0; round < 20; round++) {
        await makeEvents(10);
        expect((await shell.run(`echo $((${round}+1))`)).output).toBe(String(round + 1));
        const next = seen.length + eventsNext;
        const { events } = await client.call('events', { since: next, max: 64, waitMs: 0 });
        seen.push(...events.map(({ sequence }) => sequence));
      }
      expect(seen.length).toBeGreaterThanOrEqual(400);
      expect(seen).toEqual(seen.map((_, i) => eventsNext + i));
      await shell.run('echo still here >/proc/mconsole');
      expect(await waitForEvent(client, 'guest-message', eventsNext)).toBe('still here');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  /** Asks for all events there were, many times over, and never reads an answer. */
  async function deafListener(): Promise<Socket> {
    const socket = connectSocket(join(world.varDir, 'vm1/ctrl'));
    socket.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.pause();
    const { program: number, version, procedures } = umlmonctrl;
    const { eventsNext } = await client.call('info', undefined);
    const since = Math.max(1, eventsNext - monitorLimits.eventsKept / 2);
    for (let xid = 1; xid <= 200; xid++) {
      const writer = beginRecord();
      writeCall(writer, { xid, program: number, version, procedure: procedures.events.number });
      procedures.events.args.encode(writer, { since, max: 64, waitMs: 60_000 });
      socket.write(sealRecord(writer));
    }
    return socket;
  }

  test.each(['-events -since LAST', '-log con0 -follow'])(
    '%s | head -1 ends without another event',
    async (words) => {
      watch('-start', '-wait', 'guest');
      const { eventsNext } = await client.call('info', undefined);
      const command = `"$0" "$1" -config "$2" vm1 ${words.replace('LAST', String(eventsNext - 1))} | head -n 1 | wc -l; echo $PIPESTATUS`;
      const args = ['-c', command, process.execPath, program('umlwatch'), world.configPath];
      expect(spawnSync('bash', args, { encoding: 'utf8', timeout: 20_000 }).stdout).toBe('1\n141\n');
    },
  );
});
