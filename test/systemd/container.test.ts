import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Container, lastExit, momentOf } from '../helpers/host/container.ts';

const vms = {
  db: 'start = boot\nstart_order = 10\nstart_delay = 1s\nmemory_max = 512M\ncpu_weight = 50',
  web: 'start = boot\nstart_order = 20\ncon1 = pty\nready = guest\neth0 = nat(name=lan, subnet=10.8.0.0/24)',
  idle: 'start = manual',
  off: 'start = off',
  late: 'start = off\nready = console\ncon2 = pty\nready_pattern = con2 now-at-last\nhook = /usr/local/sbin/slow',
};
const unit = (vm: string) => `umlmon@${vm}.service`;

describe('units in a container with systemd', () => {
  let container: Container;

  beforeAll(async () => {
    container = new Container();
    container.configure(vms, 'umldir_user = umldir');
    // What is done when a guest has ended takes its time.
    const slow = '#!/bin/sh\n[ "$1" != stopped ] || sleep 3\n';
    writeFileSync(join(container.root, 'usr/local/sbin/slow'), slow, { mode: 0o755 });
    container.enable('umlmon.target', 'umldir.socket', 'umlredir.socket');
    await container.boot();
  }, 240_000);

  afterAll(() => container.close(), 120_000);

  function info(vm: string): {
    state: string;
    kernelPid: number;
    monitorPid: number;
    readiness: { ready: boolean };
  } {
    return JSON.parse(container.ask('umlwatch', '-json', vm, '-info'));
  }

  /** The guest is the same as long as its kernel process is: by its start time, too. */
  function kernelOf(vm: string): string {
    const { kernelPid } = info(vm);
    const stat = container.ask('cat', `/proc/${kernelPid}/stat`);
    return `${kernelPid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[20]}`;
  }

  /** Changes the service of a VM, as an administrator may. */
  function set(vm: string, ...settings: readonly string[]): void {
    const directory = `/run/systemd/system/${unit(vm)}.d`;
    const text = `[Service]\n${settings.join('\n')}\n`;
    container.ask('sh', '-c', `mkdir -p "$1" && printf %s "$2" >"$1/test.conf"`, 'sh', directory, text);
    container.ask('systemctl', 'daemon-reload');
  }

  test('are without mistakes', () => {
    const { status, stdout, stderr } = container.run(
      ...[
        'systemd-analyze',
        'verify',
        '--man=no',
        unit('web'),
        'umlmon.target',
        'umldir.service',
        'umlredir.socket',
        'umlweb.service',
      ],
    );
    expect(stdout + stderr).toBe('');
    expect(status).toBe(0);
    expect(container.ask('systemctl', 'list-units', '--failed', '--no-legend', 'uml*')).toBe('');
  });

  test('start VMs with the host, in the order of the configuration', () => {
    expect(
      container.ask('systemctl', 'is-active', unit('db'), unit('web'), unit('idle'), 'umlmon.target'),
    ).toBe('active\nactive\nactive\nactive');
    expect(['db', 'web', 'idle'].map((vm) => info(vm).state)).toEqual(['running', 'running', 'stopped']);
    expect(container.run('systemctl', 'is-active', unit('off')).stdout.trim()).toBe('inactive');
    const delayed =
      momentOf(container, unit('web'), 'InactiveExit') - momentOf(container, unit('db'), 'ActiveEnter');
    expect(delayed).toBeGreaterThanOrEqual(1000);
  });

  test('get the limits of the configuration', () => {
    const limits = ['MemoryMax', 'CPUWeight', 'TasksMax'];
    const limitsOf = (vm: string) => limits.map((name) => container.property(unit(vm), name));
    expect(limitsOf('db')).toEqual([String(512 * 1024 ** 2), '50', '4160']);
    // Memory of the guest, its 16 MiB more, 192 MiB, and 96 KiB for each of 4,096 processes.
    expect(limitsOf('web')).toEqual([String((128 + 16 + 192 + 384) * 1024 ** 2), '100', '4160']);
  });

  test('have monitors report those that the host does not enforce', () => {
    const [, cgroup] = /^0::(.*)$/m.exec(container.ask('cat', `/proc/${info('db').monitorPid}/cgroup`)) ?? [];
    const kept =
      container.run('cat', `/sys/fs/cgroup${cgroup}/memory.max`).stdout.trim() === String(512 * 1024 ** 2);
    const said = (vm: string) => container.ask('umlwatch', vm, '-info').includes('nothing keeps');
    expect(said('db')).toBe(!kept);
    expect(said('web')).toBe(false);
  });

  test('start the directory when it is asked', async () => {
    expect(container.property('umldir.service', 'ActiveState')).toBe('inactive');
    container.ask('umldir', '-list');
    await container.until('the monitors have registered', () =>
      /^web@/m.test(container.ask('umldir', '-list')),
    );
    expect(container.property('umldir.service', 'StatusText')).toBe('3 monitors');
    const pid = container.property('umldir.service', 'MainPID');
    expect(container.ask('stat', '-c', '%U', `/proc/${pid}`)).toBe('umldir');
    container.ask('systemctl', 'reload', 'umldir');
    expect(container.property('umldir.service', 'MainPID')).toBe(pid);
  });

  test('serve the pages for browsers', () => {
    container.ask('systemctl', 'start', 'umlweb.service');
    const get =
      "fetch('http://127.0.0.1:8470/').then(async (answer) => console.log(answer.status, await answer.text()))";
    expect(container.ask('node', '-e', get)).toMatch(/^200 <!doctype html>/i);
  });

  test('report the state of the VM', () => {
    expect(container.property(unit('web'), 'StatusText')).toBe('running, ready');
    expect(container.property(unit('idle'), 'StatusText')).toBe('stopped');
  });

  test('are not more exposed than the manual says', () => {
    const exposure = (name: string) => {
      const said = container.run('systemd-analyze', 'security', '--no-pager', name).stdout;
      return Number(/Overall exposure level.*: ([\d.]+)/.exec(said)?.[1] ?? Number.NaN);
    };
    const page = readFileSync(join(import.meta.dirname, '../../docs/umlmon.8.md'), 'utf8');
    const [, documented, networked] =
      /\*\*systemd-analyze security\*\* rates it ([\d.]+), and ([\d.]+) for/.exec(page) ?? [];
    expect(exposure(unit('db'))).toBeLessThanOrEqual(Number(documented));
    expect(exposure(unit('web'))).toBeLessThanOrEqual(Number(networked));
    expect(exposure('umldir.service')).toBeLessThanOrEqual(2);
    expect(exposure('umlweb.service')).toBeLessThanOrEqual(2);
  });

  test('have umldir and umlweb run as users of their own, without any capability', () => {
    for (const name of ['umldir', 'umlweb']) {
      const pid = container.property(`${name}.service`, 'MainPID');
      expect(container.ask('stat', '-c', '%U', `/proc/${pid}`)).toBe(name);
      expect(container.ask('cat', `/proc/${pid}/status`)).toMatch(/^CapBnd:\t0+$/m);
    }
  });

  test('leave a monitor no capability that its VM does not need', () => {
    const boundOf = (vm: string) =>
      BigInt(
        `0x${/^CapBnd:\t(\w+)$/m.exec(container.ask('cat', `/proc/${info(vm).monitorPid}/status`))?.[1]}`,
      );
    const has = (vm: string, bit: number) => ((boundOf(vm) >> BigInt(bit)) & 1n) === 1n;
    // CAP_NET_ADMIN, CAP_SYS_ADMIN and CAP_MKNOD of linux/capability.h.
    expect([12, 21, 27].map((bit) => has('db', bit))).toEqual([false, false, false]);
    expect([12, 21, 27].map((bit) => has('web', bit))).toEqual([true, false, true]);
  });

  test('are active when the guest is ready, and not before', async () => {
    container.ask('umladmin', 'config', 'set', 'late', 'start', 'boot');
    container.ask('systemctl', 'start', '--no-block', unit('late'));
    await container.until('the guest runs', () =>
      container.run('umlwatch', 'late', '-info').stdout.includes('running'),
    );
    expect(container.property(unit('late'), 'ActiveState')).toBe('activating');
    expect(container.property(unit('late'), 'StatusText')).toBe('running, console not reached yet');
    container.ask('sh', '-c', 'echo "echo now-at-""last" | umlwatch late -connect con2');
    await container.until(
      'the unit is active',
      () => container.property(unit('late'), 'ActiveState') === 'active',
    );
    expect(info('late').readiness.ready).toBe(true);
    container.ask('umladmin', 'config', 'set', 'late', 'start', 'off');
  });

  test('have all the time that a stop may take', async () => {
    set('late', 'TimeoutStopSec=1s');
    container.ask('systemctl', 'stop', unit('late'));
    const said = () => container.ask('journalctl', '--no-pager', '--output=cat', `--unit=${unit('late')}`);
    await container.until('the unit is stopped', () => /^Stopped |Failed with/m.test(said()));
    // The monitor was there when the hook had ended.
    expect(said()).toMatch(/"kind":"hook","moment":"stopped","result":"ok"/);
    expect(said()).not.toContain('timeout');
  });

  test('are restarted without the guest', () => {
    const [kernel, { monitorPid }] = [kernelOf('web'), info('web')];
    container.ask('systemctl', 'restart', unit('web'));
    expect(kernelOf('web')).toBe(kernel);
    expect(info('web').monitorPid).not.toBe(monitorPid);
    expect(container.property(unit('web'), 'StatusText')).toBe('running, ready');
  });

  test('are restarted without the guests by a restart of the target', () => {
    const [db, web] = [kernelOf('db'), kernelOf('web')];
    const { monitorPid } = info('db');
    container.ask('systemctl', 'restart', 'umlmon.target');
    expect([kernelOf('db'), kernelOf('web')]).toEqual([db, web]);
    expect(info('db').monitorPid).not.toBe(monitorPid);
  });

  test('are started again when a monitor is killed, and it takes the guest over', async () => {
    const [kernel, { monitorPid }] = [kernelOf('web'), info('web')];
    container.ask('sh', '-c', `kill -9 ${monitorPid}`);
    await container.until('there is another monitor', () => {
      const { status, stdout } = container.run('umlwatch', '-json', 'web', '-info');
      return status === 0 && JSON.parse(stdout).monitorPid !== monitorPid;
    });
    expect(kernelOf('web')).toBe(kernel);
    expect(Number(container.property(unit('web'), 'NRestarts'))).toBe(1);
  });

  test('let a monitor back up its VM, restore it, and start it over what it has left', async () => {
    const files = ['sh', '-c', 'find /var/lib/umlmon/web/run/uml | wc -l'];
    const before = Number(container.ask(...files));
    expect(container.ask('umlwatch', 'web', '-backup', 'b')).toContain('backup b: ');
    container.ask('umlwatch', 'web', '-kill');
    // It has left its sockets, so that the start has something to remove.
    expect(Number(container.ask(...files))).toBeGreaterThan(1);
    expect(container.ask('umlwatch', 'web', '-restore', 'b')).toContain('restored backup b of ');
    container.ask('umlwatch', 'web', '-start');
    container.ask('umlwatch', 'web', '-wait', 'ready');
    expect(Number(container.ask(...files))).toBe(before);
  });

  test('replace a monitor that hangs, and the guest runs on', async () => {
    set('idle', 'WatchdogSec=6s', 'TimeoutAbortSec=1s');
    container.ask('umlwatch', 'idle', '-start');
    container.ask('systemctl', 'restart', unit('idle'));
    const [kernel, { monitorPid }] = [kernelOf('idle'), info('idle')];
    container.ask('sh', '-c', `kill -STOP ${monitorPid}`);
    await container.until('systemd has replaced it', () => {
      const now = container.property(unit('idle'), 'MainPID');
      return (
        now !== '0' &&
        now !== String(monitorPid) &&
        container.property(unit('idle'), 'ActiveState') === 'active'
      );
    });
    expect(kernelOf('idle')).toBe(kernel);
  });

  test('stop the guest in order', () => {
    container.ask('systemctl', 'stop', unit('web'));
    expect(lastExit(container, 'web')).toMatchObject({ cause: 'poweroff', askedBy: 'SIGTERM' });
    expect(container.property(unit('web'), 'Result')).toBe('success');
    expect(container.ask('systemctl', 'show', '-P', 'TasksCurrent', unit('web'))).toBe('[not set]');
    container.ask('systemctl', 'start', unit('web'));
    expect(info('web').readiness.ready).toBe(true);
  });

  test('stop the guests in order with the host, and start them with it', async () => {
    const before = Date.now();
    await container.reboot();
    const [db, web] = [lastExit(container, 'db'), lastExit(container, 'web')];
    for (const exit of [db, web]) expect(exit).toMatchObject({ cause: 'poweroff', askedBy: 'SIGTERM' });
    expect(web.endedAt).toBeGreaterThan(before);
    expect(db.endedAt).toBeGreaterThanOrEqual(web.endedAt);
    expect(['db', 'web'].map((vm) => info(vm).state)).toEqual(['running', 'running']);
    const order =
      momentOf(container, unit('web'), 'InactiveExit') - momentOf(container, unit('db'), 'ActiveEnter');
    expect(order).toBeGreaterThanOrEqual(1000);
  }, 150_000);
});
