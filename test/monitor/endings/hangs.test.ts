/** Kernels that hang, and what on_hang does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid } from '../../helpers/programs/world.ts';
import { boot, happened, mconsole, world } from './booted.ts';

/**
 * The datagram that uml_watchdog(1) sends, as recorded from Debian's, from a process of the jail. The process stays, as
 * the kernel keeps that of its watchdog.
 */
async function notifyHang({ kernelPid }: VmInfo): Promise<void> {
  const script = `
import os, socket, sys
os.setgroups([]); os.setgid(${vmUid}); os.setuid(${vmUid})
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(bytes.fromhex('bebafeca00000000020000000200000000000000ff7f0000'), sys.argv[1])
print('sent', flush=True)
sys.stdin.read()`;
  const socket = join(world.varDir, 'vm1/run/mon/notify');
  const words = ['--target', `${kernelPid}`, '--pid', '--', 'python3', '-c', script, socket];
  const child = spawn('nsenter', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined);
  watchdogs.push(child);
  // A monitor that kills the jail at once ends this process before it can say so.
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
}
const watchdogs: ChildProcess[] = [];
afterEach(() => {
  for (const child of watchdogs.splice(0)) child.stdin?.end();
});

describe('a kernel that hangs', () => {
  const keys = 'hang_check = 1s\n';

  test('on_hang = preserve: reported with what was found, and over when it answers again', async () => {
    const { client, info } = await boot(`${keys}on_hang = preserve`);
    process.kill(info.kernelPid, 'SIGSTOP');
    expect(await waitForEvent(client, 'hang', info.eventsNext)).toMatch(
      new RegExp(`no answer within 5000 ms; process ${info.kernelPid} is stopped; on_hang = preserve$`),
    );
    const hung = await client.call('info', undefined);
    expect(hung).toMatchObject({ state: 'running', kernelPid: info.kernelPid });
    expect(hung.hungSince).toBeGreaterThan(info.stateSince);
    expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(/hung since +\d{4}-\d\d-\d\d/);
    process.kill(info.kernelPid, 'SIGCONT');
    await waitForEvent(client, 'hang-ended', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'hang-ended']);
    expect((await client.call('info', undefined)).hungSince).toBe(0);
    expect((await (await GuestShell.open(client)).run('echo alive')).output).toBe('alive');
  }, 60_000);

  const exit = { cause: 'hang', code: -1, signal: 9, askedBy: 'on_hang' };

  test('on_hang = stop: killed', async () => {
    const { client, info } = await boot(`${keys}on_hang = stop`);
    process.kill(info.kernelPid, 'SIGSTOP');
    await waitForEvent(client, 'exit', info.eventsNext);
    await expect.poll(async () => (await client.call('info', undefined)).state).toBe('stopped');
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'exit']);
    expect((await client.call('info', undefined)).lastExit).toMatchObject(exit);
    expect(existsSync(`/proc/${info.kernelPid}`)).toBe(false);
  }, 60_000);

  test('on_hang = restart: killed and started again', async () => {
    const { client, info } = await boot(`${keys}on_hang = restart`);
    process.kill(info.kernelPid, 'SIGSTOP');
    await waitForEvent(client, 'guest-message', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'exit', 'restart', 'kernel-up']);
    expect(await client.call('info', undefined)).toMatchObject({
      state: 'running',
      hungSince: 0,
      lastExit: exit,
    });
  }, 60_000);

  test('a guest that the management console has stopped does not hang; hang_check = off asks nothing', async () => {
    const { client, info } = await boot(`${keys}on_hang = restart`);
    expect(mconsole(info, 'stop')).toContain('OK');
    const unasked = await boot('hang_check = off\non_hang = stop', 'vm2');
    process.kill(unasked.info.kernelPid, 'SIGSTOP');
    // Longer than a hang needs to be found: an interval and two questions of 5 s.
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    expect(await happened(unasked.client, unasked.info.eventsNext)).toEqual([]);
    process.kill(unasked.info.kernelPid, 'SIGCONT');
    expect(await happened(client, info.eventsNext)).toEqual([]);
    mconsole(info, 'go');
    expect((await (await GuestShell.open(client)).run('echo alive')).output).toBe('alive');
  }, 60_000);

  test('on_hang = preserve: what the watchdog of the guest reports lasts as long as the kernel', async () => {
    const { client, info } = await boot(`${keys}on_hang = preserve`);
    await notifyHang(info);
    await notifyHang(info);
    expect(await waitForEvent(client, 'hang', info.eventsNext)).toContain('watchdog of the guest');
    // The kernel answers the next questions; its programs may hang all the same.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await happened(client, info.eventsNext)).toEqual(['hang']);
    expect((await client.call('info', undefined)).hungSince).toBeGreaterThan(0);
    await client.call('kill', undefined);
    expect(await client.call('info', undefined)).toMatchObject({
      hungSince: 0,
      lastExit: { cause: 'killed', askedBy: 'uid 0' },
    });
  });

  test('on_hang = restart: what the watchdog of the guest reports is acted on, also without questions', async () => {
    const { client, info } = await boot('hang_check = off\non_hang = restart');
    await notifyHang(info);
    await waitForEvent(client, 'guest-message', info.eventsNext);
    expect(await happened(client, info.eventsNext)).toEqual(['hang', 'exit', 'restart', 'kernel-up']);
    expect((await client.call('info', undefined)).lastExit).toMatchObject(exit);
  });

  test('a kernel that hangs when its monitor starts is unmanaged, whatever on_hang is', async () => {
    const { info } = await boot(`${keys}on_hang = restart`);
    await world.killMonitor('vm1');
    process.kill(info.kernelPid, 'SIGSTOP');
    await world.startMonitor('vm1');
    const client = await world.client('vm1');
    expect(await waitForEvent(client, 'unmanaged')).toContain('no answer within 5000 ms');
    expect(existsSync(`/proc/${info.kernelPid}`)).toBe(true);
  }, 60_000);
});
