/** A Debian 13 guest with systemd through what its administrator does with it, with a monitor that lives and one that is killed. */
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DebianGuest } from '../../helpers/guest/debian-guest.ts';

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

async function paste(): Promise<void> {
  const { path, sum } = makePaste();
  // Without its echo the guest's terminal has half of the work.
  await guest.ask('-send', 'stty -echo; cat >/root/paste; stty echo; echo it is $((40+2))\\r');
  await delay(300);
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

/** Runs umlwatch, and kills the monitor in the middle of what it asks for; resolves when another monitor serves. */
async function cutOff(words: readonly string[], afterMs: number, input?: string): Promise<void> {
  const { ended } = guest.watch(words, input);
  await delay(afterMs);
  await guest.replaceMonitor();
  // The client ends: with an error, or because its words were done before.
  await ended;
}

/** Waits until nothing is in progress any more, in the monitor or in a guest that was asked to go down. */
async function settle(): Promise<void> {
  const look = async () => {
    const { state, kernelPid, operation } = await info();
    return operation === '' && /^(?:running|stopped)$/.test(state) ? kernelPid : Number.NaN;
  };
  const isSettled = async () => {
    const before = await look();
    await delay(3_000);
    return before === (await look());
  };
  await expect.poll(isSettled, { timeout: 40_000 }).toBe(true);
}

describe('with a monitor that is killed in each step', () => {
  test('boot and login', async () => {
    await cutOff(['-start', '-wait', 'guest'], 700);
    expect(await info()).toMatchObject({ state: 'running' });
    await cutOff(
      ['-expect', 'login: $', '-send', 'root\\r', '-expect', 'Password: $', '-expect', 'never'],
      4000,
    );
    await guest.ask('-send', 'guest\\r', '-expect', '# $', '-timeout', '30s');
    await connectNetwork();
  });

  test('paste: the console serves the next monitor, and a second paste arrives complete', async () => {
    await guest.ask('-send', 'stty -echo; cat >/root/half; stty echo; echo it is $((40+2))\\r');
    await cutOff(['-connect', 'con1'], 300, makePaste().path);
    await guest.ask('-send', '\\x03', '-expect', '# $', '-timeout', '20s');
    await guest.ask('-run', 'stty sane');
    await paste();
  });

  test('restart', async () => {
    const before = await info();
    await cutOff(['-restart', '-wait', 'guest'], 600);
    // The stop was asked for and the start was not yet: the administrator asks again.
    await settle();
    await guest.ask('-restart', '-wait', 'guest', '-timeout', '60s');
    expect((await info()).kernelPid).not.toBe(before.kernelPid);
    await logIn();
    await connectNetwork();
    guest.onHost('nft flush ruleset');
    await guest.replaceMonitor();
    await expect.poll(() => guest.onHost('nft list ruleset'), patience).toMatch(/8080/);
  });

  test('backup: the guest thaws, and the next backup is whole', async () => {
    await cutOff(['-backup'], 150);
    expect(await guest.ask('-run', 'touch /root/thawed && echo thawed')).toMatch(/^thawed/m);
    expect(await guest.ask('-backup')).toMatch(/file systems frozen by the guest/);
  });

  test('stop', async () => {
    await cutOff(['-stop'], 200);
    await settle();
    if ((await info()).state === 'running') await guest.ask('-stop');
    expect(await info()).toMatchObject({ state: 'stopped' });
    await guest.ask('-start', '-wait', 'guest', '-timeout', '60s', '-stop');
  });
});
