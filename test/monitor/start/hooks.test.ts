/** Programs of the host that are called in the life of a VM, well-behaved and not. */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type HookMoment, Hooks } from '../../../src/monitor/start/hooks.ts';
import type { LaunchPlan } from '../../../src/plan/plan.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { Swapper } from '../../helpers/hostile/swapper.ts';
import { nobody, World } from '../../helpers/programs/world.ts';

let home: string;
let hook: string;
const log = () => (existsSync(join(home, 'log')) ? readFileSync(join(home, 'log'), 'utf8') : '');

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-hook-'));
  hook = join(home, 'hook');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function writeHook(lines: string, mode = 0o755): void {
  writeFileSync(hook, `#!/bin/sh\nlog=${home}/log\n${lines}\n`);
  chmodSync(hook, mode);
}

describe('one call', () => {
  // The least that a hook is told; a real plan is in the tests below.
  const plan = { vm: 'vm1', mem: 5 } as unknown as LaunchPlan;
  let events: string[];
  let hooks: Hooks;

  beforeEach(() => {
    events = [];
    hooks = new Hooks('vm1', {
      publish: (kind, text, { result } = {}) => events.push(`${kind} ${result} ${text}`),
    });
  });
  const prepare = () => hooks.prepare(hook, plan, new AbortController().signal);
  const isAlive = (pid: number) =>
    existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

  test('gets its moment and the plan; its output is in the event', async () => {
    writeHook('cat >"$log.$1"; echo "$UMLMON_VM is $1"');
    await prepare();
    expect(JSON.parse(readFileSync(join(home, 'log.prepare'), 'utf8'))).toEqual(plan);
    expect(events).toEqual(['hook ok prepare: done: vm1 is prepare']);
  });

  test('refuses a start by its exit status, and nothing else', async () => {
    writeHook('echo no room >&2; exit 3');
    await expect(prepare()).rejects.toMatchObject({
      code: 'HOOK_REFUSED',
      reason: 'it refuses the start: exit status 3: no room',
    });
    hooks.call('stopped', hook, plan);
    await hooks.idle();
    writeHook('kill -9 $$');
    await prepare();
    expect(events.at(-1)).toBe('hook signal prepare: ended by SIGKILL');
  });

  test('is killed with all of its group when its time is over, or when it is done', async () => {
    writeHook('sleep 1000 & echo $! >"$log"; exit 0');
    await prepare();
    await expect.poll(() => isAlive(Number(log()))).toBe(false);
    writeHook('sleep 1000 & echo $! >"$log"; sleep 1000');
    const began = performance.now();
    await prepare();
    expect(performance.now() - began).toBeLessThan(monitorLimits.hookTime + 3000);
    await expect.poll(() => isAlive(Number(log()))).toBe(false);
    expect(events.at(-1)).toMatch(/^hook timeout prepare: not done within 5 s/);
  }, 20_000);

  test('one that leaves its group with the pipes open is not waited for', async () => {
    writeHook('setsid sleep 3 & exit 0');
    const began = performance.now();
    await prepare();
    expect(performance.now() - began).toBeLessThan(2500);
  });

  test('a flood of output is cut', async () => {
    writeHook('yes | head -c 3000000');
    await prepare();
    expect(events[0]?.length).toBeLessThan(monitorLimits.hookOutput + 100);
  });

  test('a hook that others can write, or that is missing, is not run', async () => {
    writeHook('echo ran >"$log"', 0o777);
    await prepare();
    expect(events[0]).toMatch(/^hook unusable .*is writable by users other/);
    rmSync(hook);
    await prepare();
    expect(events[1]).toMatch(/^hook unusable .*no such file/);
    expect(log()).toBe('');
  });

  test('below a directory that another user can replace it is not run, in 1,000 attempts', async () => {
    chmodSync(home, 0o755);
    const [theirs, evil] = [join(home, 'theirs'), join(home, 'evil')];
    for (const path of [theirs, join(theirs, 'bin'), evil]) mkdirSync(path, { mode: 0o755 });
    writeFileSync(join(theirs, 'bin/hook'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    writeFileSync(join(evil, 'hook'), `#!/bin/sh\nid -u >>${home}/log\n`, { mode: 0o755 });
    for (const path of [theirs, evil, join(evil, 'hook')]) chownSync(path, nobody, nobody);
    hook = join(theirs, 'bin/hook');
    const swapper = await Swapper.start(join(theirs, 'bin'), evil, { real: 1, link: 1 });
    try {
      for (let round = 0; round < 1_000; round++) await prepare();
    } finally {
      await swapper.stop();
    }
    expect(log()).toBe('');
    expect(new Set(events)).toEqual(new Set([`hook unusable prepare: ${theirs} belongs to user ${nobody}`]));
  }, 60_000);

  test.each([
    ['a directory above it', (theirs: string) => `${theirs}/hook`, () => '/bin/sh'],
    ['a directory with a link on the way', (theirs: string) => `${theirs}/link/hook`, () => '/bin/sh'],
    ['its interpreter', () => `${home}/script`, (theirs: string) => `${theirs}/interpreter`],
  ])('is not run where others may change %s', async (_, hookIn, interpreterIn) => {
    chmodSync(home, 0o755);
    const theirs = join(home, 'theirs');
    mkdirSync(join(home, 'ours'), { mode: 0o755 });
    mkdirSync(theirs);
    chmodSync(theirs, 0o775);
    hook = hookIn(theirs);
    for (const path of [join(home, 'ours/hook'), `${theirs}/hook`, `${home}/script`])
      writeFileSync(path, `#!${interpreterIn(theirs)}\necho ran >${home}/log\n`, { mode: 0o755 });
    symlinkSync('/bin/sh', join(theirs, 'interpreter'));
    symlinkSync('../ours', join(theirs, 'link'));
    await prepare();
    expect(events[0]).toMatch(/^hook unusable .*theirs is writable by users other than its owner$/);
    chmodSync(theirs, 0o755);
    await prepare();
    expect(events[1]).toMatch(/^hook ok /);
  });

  test('a script is run under its own path, links resolved, and finds its interpreter', async () => {
    writeHook('echo "$0"');
    symlinkSync(hook, join(home, 'link'));
    hook = join(home, 'link');
    await prepare();
    expect(events[0]).toBe(`hook ok prepare: done: ${join(home, 'hook')}`);
  });

  test('a hook that is being written cannot be run at that moment', async () => {
    writeHook('echo ran >>"$log"');
    const writer = openSync(hook, 'r+');
    try {
      await prepare();
    } finally {
      closeSync(writer);
    }
    expect(events[0]).toMatch(/^hook unusable .*ETXTBSY/);
    hooks.call('stopped', hook, plan);
    await hooks.idle();
    expect(log()).toBe('ran\n');
  });

  test('a start that is given up ends it', async () => {
    writeHook('sleep 1000');
    const given = new AbortController();
    const over = hooks.prepare(hook, plan, given.signal);
    setTimeout(() => given.abort(), 50);
    await over;
    expect(events[0]).toMatch(/^hook cancelled/);
  });

  test('hooks run one after the other', async () => {
    writeHook('echo "$1 begins" >>"$log"; sleep 0.1; echo "$1 ends" >>"$log"');
    const moments: Exclude<HookMoment, 'prepare'>[] = ['start', 'ready', 'stopped', 'release'];
    for (const moment of moments) hooks.call(moment, hook, plan);
    await hooks.idle();
    expect(log().trim().split('\n')).toEqual(
      moments.flatMap((moment) => [`${moment} begins`, `${moment} ends`]),
    );
  });
});

describe('a real VM', () => {
  let world: World;
  let client: MonitorClient;

  beforeEach(async () => {
    world = new World();
    world.configure({ vm1: `ubd0 = /disks/root.dsk\nready = guest\nhook = ${hook}` });
    world.addImage('vm1');
    await world.startMonitor('vm1');
    client = await world.client('vm1');
  });
  afterEach(async () => {
    client.close();
    await world.close();
  });

  test('has all moments of its life, with the plan', async () => {
    writeHook(`echo "$1" >>"$log"; cat >"$log.$1"`);
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    await client.call('stop', { timeoutMs: 0 });
    await expect.poll(log).toBe('prepare\nstart\nready\nstopped\nrelease\n');
    expect(JSON.parse(readFileSync(join(home, 'log.prepare'), 'utf8'))).toMatchObject({
      vm: 'vm1',
      user: { name: 'irc' },
    });
  });

  test('a refused start leaves no files; a start whose hook hangs at prepare continues', async () => {
    writeHook('exit 1');
    await expect(client.call('start', undefined)).rejects.toMatchObject({ code: 'HOOK_REFUSED' });
    expect(await client.call('info', undefined)).toMatchObject({ state: 'stopped' });
    writeHook('[ "$1" != prepare ] || sleep 1000');
    expect(await client.call('start', undefined)).toMatchObject({ state: 'running' });
  }, 30_000);

  test('are all called before the end of a monitor that exits when its VM has stopped', async () => {
    writeHook('[ "$1" != stopped ] || sleep 1; echo "$1" >>"$log"');
    await client.call('start', undefined);
    const ended = world.signalMonitor('vm1', 'SIGHUP');
    await waitForEvent(client, 'monitor-exiting');
    await client.call('kill', undefined);
    expect(await ended).toBe(0);
    expect(log()).toMatch(/stopped\nrelease\n$/);
  });
});
