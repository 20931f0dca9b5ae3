/** Commands that end a run of a VM and start another one, and waits for the next run. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mayEndGuest, NextRun } from '../../../src/cli/wait/next-run.ts';
import type { VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { World } from '../../helpers/programs/world.ts';

const world = new World();
const vm = 'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty\nready = guest';

beforeAll(async () => {
  world.configure({ vm1: `${vm}\non_reboot = restart\non_poweroff = stop`, vm2: vm });
  for (const name of ['vm1', 'vm2']) {
    world.addImage(name);
    await world.startMonitor(name);
  }
});
afterAll(() => world.close());

const watch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);
const info = (name = 'vm1') => JSON.parse(world.run('umlwatch', [name, '-json', '-info']).stdout) as VmInfo;

beforeEach(() => {
  if (info().state === 'stopped') expect(watch('-start', '-wait', 'ready').status).toBe(0);
});

describe('umlwatch', () => {
  test('-restart shuts down cleanly and starts; -wait waits for the level of the new run', () => {
    const before = info();
    const { status, stdout, stderr } = watch('-json', '-restart', '-wait', 'ready');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      stopped: { summary: 'stopped cleanly' },
      started: { summary: expect.any(String) },
      reached: { level: 'guest' },
    });
    const after = info();
    expect(after.kernelPid).not.toBe(before.kernelPid);
    expect(after.readiness.ready).toBe(true);
  });

  test('-restart of a VM that is stopped starts it', () => {
    expect(watch('-stop').status).toBe(0);
    expect(watch('-restart', '-wait', 'ready')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^vm1: it was stopped; .*; guest, after \d+ ms\n$/),
    });
  });

  test.each([
    ['-run', 'reboot'],
    ['-send', 'reboot\\r'],
  ])('after %s %s a wait is for the next run', (...words) => {
    const { kernelPid } = info();
    const { status, stdout, stderr } = watch(...words, '-wait', 'ready');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/vm1: guest, after \d+ ms\n$/);
    expect(info()).toMatchObject({ state: 'running', readiness: { ready: true } });
    expect(info().kernelPid).not.toBe(kernelPid);
  });

  test.each([['-run', 'poweroff'], ['-run', 'poweroff -f'], ['-ctrlaltdel']])(
    'a guest that ends by %s %s and is not started again: status 7, and not the time-out',
    (...words) => {
      const { status, stderr } = watch(...words, '-wait', 'ready', '-timeout', '20s');
      expect(status).toBe(7);
      expect(stderr).toMatch(/^umlwatch: vm1: the VM stopped, and nothing starts it again: /);
    },
  );

  test('the text "rebooting" in the output of a command does not make -wait wait for the next run', () => {
    expect(watch('-run', 'echo rebooting', '-wait', 'ready', '-timeout', '5s').status).toBe(0);
  });
});

describe('umladmin restart', () => {
  test('restarts the running VMs, and leaves stopped ones alone', () => {
    const before = info();
    expect(info('vm2').state).toBe('stopped');
    const { status, stdout } = world.run('umladmin', ['restart', '-wait', 'ready']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^vm1: .*; guest, after \d+ ms$/m);
    expect(stdout).toMatch(/^vm2: it is stopped$/m);
    expect(info().kernelPid).not.toBe(before.kernelPid);
    expect(info('vm2').state).toBe('stopped');
  });

  test('starts a stopped VM that is named; an unknown VM is an error and does not block others', () => {
    const { status, stdout, stderr } = world.run('umladmin', ['restart', 'vm2', 'vm3']);
    expect(status).toBe(3);
    expect(stdout).toMatch(/^vm2: it was stopped; /);
    expect(stderr).toContain('vm3');
    expect(info('vm2').state).toBe('running');
  });
});

describe('ways to end a guest', () => {
  test.each([
    ['run', 'reboot', true],
    ['run', 'sync; /sbin/poweroff -f', true],
    ['run', 'init 6', true],
    ['run', 'systemctl reboot', true],
    ['run', 'grep rebooted /var/log/messages', false],
    ['run', 'cat reboot.txt', false],
    ['send', 'halt\r', true],
    ['sysrq', 'b', true],
    ['sysrq', 's', false],
    ['mconsole', 'reboot', true],
    ['mconsole', 'version', false],
    ['ctrlaltdel', '', true],
    ['info', '', false],
  ])('-%s %j: %s', (word, text, ends) => {
    expect(mayEndGuest(word, text)).toBe(ends);
  });
});

test('a VM that its policies give up is not waited for', () => {
  const event = (kind: string, to?: string) => ({
    sequence: 1,
    time: 0,
    kind,
    text: 'more than 5 deaths',
    attributes: to === undefined ? [] : [{ name: 'to', value: to }],
  });
  const run = new NextRun('vm1');
  expect(run.take(event('state', 'starting'))).toBeUndefined();
  expect(run.take(event('state', 'stopped'))).toBeUndefined();
  expect(() => run.take(event('restart-limit'))).toThrow(/nothing starts it again: more than 5 deaths/);
});
