/** A Debian 13 guest with systemd through what its administrator does with it, with a monitor that lives and one that is killed. */
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DebianGuest } from '../../helpers/guest/debian-guest.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';

const guest = new DebianGuest();
beforeAll(() => guest.open(), 300_000);
afterAll(() => guest.close());

const patience = { timeout: 30_000, interval: 100 };

async function logIn(): Promise<void> {
  const words = ['-send', 'root\\r', '-expect', 'Password: ', '-send', 'guest\\r', '-expect', '# $'];
  await guest.ask('-expect', 'login: $', ...words, '-timeout', '30s');
}

async function connectNetwork(): Promise<void> {
  await guest.ask('-run', 'ip link set vec0 up && ip addr replace 10.9.0.2/24 dev vec0');
  expect(guest.canReachGuest()).toBe(true);
}

async function info(): Promise<{ state: string; kernelPid: number; operation: string }> {
  return JSON.parse(await guest.ask('-json', '-info'));
}

/** 200 KB in lines of 76 characters. */
function makePaste(): { readonly path: string; readonly sum: string } {
  const lines = randomBytes(150_000).toString('base64').replace(/.{76}/g, '$&\n');
  const path = join(guest.world.home, 'paste');
  writeFileSync(path, `${lines}\n\x04`);
  return { path, sum: createHash('sha256').update(`${lines}\n`).digest('hex') };
}

/** Has the shell of the guest write its input into a file. Without its echo the terminal has half of the work. */
async function readInto(path: string): Promise<void> {
  const line = `stty -echo; echo re""ads; cat >${path}; stty echo; echo it is $((40+2))`;
  await guest.ask('-send', `${line}\\r`, '-expect', 'reads', '-timeout', '30s');
}

async function paste(): Promise<void> {
  const { path, sum } = makePaste();
  await readInto('/root/paste');
  const { status, stderr } = await guest.watch(['-connect', 'con1'], path).ended;
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(await guest.ask('-run', 'sha256sum /root/paste')).toContain(sum);
}

async function flushHost(): Promise<void> {
  guest.onHost('nft flush ruleset');
  const rules = () => guest.onHost('nft list ruleset');
  await expect.poll(rules, patience).toMatch(/8080/);
}

describe('with one monitor', () => {
  test('boot and login', async () => {
    await guest.ask('-start', '-wait', 'guest', '-timeout', '60s');
    await logIn();
    await connectNetwork();
  });

  test('a paste of 200 KB into cat arrives complete', paste);

  test('restart, while the nftables rules of the host are flushed', async () => {
    const before = await info();
    const restart = guest.ask('-restart', '-wait', 'guest', '-timeout', '60s');
    await flushHost();
    await restart;
    expect((await info()).kernelPid).not.toBe(before.kernelPid);
    await logIn();
    await connectNetwork();
    await flushHost();
    expect(guest.canReachGuest()).toBe(true);
  });

  test('backup of frozen file systems', async () => {
    expect(await guest.ask('-backup')).toMatch(/file systems frozen by the guest/);
  });

  test('stop cleanly', async () => {
    expect(await guest.ask('-stop')).toMatch(/stopped/);
    expect(await info()).toMatchObject({ state: 'stopped' });
  });
});

/** A moment in the middle of what umlwatch asks for: resolves when it has come. @param since the first event of it */
type Moment = (watching: { readonly child: ChildProcess; readonly since: number }) => Promise<unknown>;

const event =
  (kind: string): Moment =>
  async ({ since }) =>
    waitForEvent(await guest.world.client(guest.vm), kind, since);

/** The output of the guest's first terminal ends so. */
const terminalShows = (end: RegExp): Moment => {
  return () => expect.poll(() => guest.world.log(guest.vm, 'con1'), patience).toMatch(end);
};

/** umlwatch has read so much of its input, and has not finished. */
const hasRead = (bytes: number): Moment => {
  return ({ child }) => {
    const read = () => Number(/pos:\t(\d+)/.exec(readFileSync(`/proc/${child.pid}/fdinfo/0`, 'utf8'))?.[1]);
    return expect.poll(read, { ...patience, interval: 10 }).toBeGreaterThanOrEqual(bytes);
  };
};

/** The guest has heard that it is to go down, and says so at its first console. */
const goesDown: Moment = async ({ since, child }) => {
  const before = guest.world.log(guest.vm, 'con0').length;
  await event('stop-stage')({ since, child });
  await expect.poll(() => guest.world.log(guest.vm, 'con0').length, patience).toBeGreaterThan(before);
};

/** The draft of a backup has content: the file systems of the guest are frozen. */
const draftGrows: Moment = () => {
  const draft = join(guest.world.varDir, guest.vm, 'backups/.draft/ubd0.dsk');
  const blocks = () => statSync(draft, { throwIfNoEntry: false })?.blocks ?? 0;
  return expect.poll(blocks, { ...patience, interval: 5 }).toBeGreaterThan(0);
};

/** Runs umlwatch, and kills the monitor at a moment of what it asks for; resolves when another monitor serves. */
async function cutOff(words: readonly string[], moment: Moment, input?: string): Promise<void> {
  const since = (await (await guest.world.client(guest.vm)).call('info', undefined)).eventsNext;
  const { child, ended } = guest.watch(words, input);
  await moment({ child, since });
  await guest.replaceMonitor();
  // The client ends: with an error, or because its words were done before.
  await ended;
}

/** Waits until the kernel of a guest that was asked to go down has ended, and nothing is in progress in the monitor. */
async function settle(kernelPid: number): Promise<void> {
  const hasSettled = async () => {
    const now = await info();
    // Ctrl-Alt-Del is a reboot to the guest, and the next monitor does not know who pressed it.
    return now.operation === '' && /^(?:running|stopped)$/.test(now.state) && now.kernelPid !== kernelPid;
  };
  await expect.poll(hasSettled, { ...patience, timeout: 40_000 }).toBe(true);
}

describe('with a monitor that is killed in each step', () => {
  test('boot and login', async () => {
    await cutOff(['-start', '-wait', 'guest'], event('kernel-up'));
    expect(await info()).toMatchObject({ state: 'running' });
    const words = ['-expect', 'login: $', '-send', 'root\\r', '-expect', 'Password: $', '-expect', 'never'];
    await cutOff(words, terminalShows(/Password: $/));
    await guest.ask('-send', 'guest\\r', '-expect', '# $', '-timeout', '30s');
    await connectNetwork();
  });

  test('paste: the console serves the next monitor, and a second paste arrives complete', async () => {
    await readInto('/root/half');
    await cutOff(['-connect', 'con1'], hasRead(100_000), makePaste().path);
    await guest.ask('-send', '\\x03', '-expect', '# $', '-timeout', '20s');
    await guest.ask('-run', 'stty sane');
    await paste();
  });

  test('restart', async () => {
    const before = await info();
    // The stop was asked for and the start was not yet: the administrator asks again.
    await cutOff(['-restart', '-wait', 'guest'], goesDown);
    await settle(before.kernelPid);
    await guest.ask('-restart', '-wait', 'guest', '-timeout', '60s');
    expect((await info()).kernelPid).not.toBe(before.kernelPid);
    await logIn();
    await connectNetwork();
    guest.onHost('nft flush ruleset');
    await guest.replaceMonitor();
    await expect.poll(() => guest.onHost('nft list ruleset'), patience).toMatch(/8080/);
  });

  test('backup: the guest thaws, and the next backup is whole', async () => {
    await cutOff(['-backup'], draftGrows);
    expect(await guest.ask('-run', 'touch /root/thawed && echo thawed')).toMatch(/^thawed/m);
    expect(await guest.ask('-backup')).toMatch(/file systems frozen by the guest/);
  });

  test('stop', async () => {
    const before = await info();
    await cutOff(['-stop'], goesDown);
    await settle(before.kernelPid);
    if ((await info()).state === 'running') await guest.ask('-stop');
    expect(await info()).toMatchObject({ state: 'stopped' });
    await guest.ask('-start', '-wait', 'guest', '-timeout', '60s', '-stop');
  });
});
