/** Root without one of its capabilities, as in containers: what cannot be done is said, and no monitor ends by it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

/** Those that umlmon or its launcher may need; all others are taken away at once. */
const single =
  `chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap net_admin net_raw sys_chroot
  sys_ptrace sys_admin sys_nice sys_resource mknod setfcap`.split(/\s+/);
const others =
  `linux_immutable net_bind_service net_broadcast ipc_lock ipc_owner sys_module sys_rawio sys_pacct sys_boot
  sys_time sys_tty_config lease audit_write audit_control mac_override mac_admin syslog wake_alarm block_suspend audit_read
  perfmon bpf checkpoint_restore`.split(/\s+/);

/** What a VM with a user of its own cannot do without: the monitor, or the start, says so. */
const refusals: Readonly<Record<string, RegExp>> = {
  chown: /root lacks CAP_CHOWN here/,
  fowner: /root lacks CAP_FOWNER here/,
  dac_override: /root lacks CAP_DAC_OVERRIDE here/,
  setgid: /give the monitor CAP_SETUID and CAP_SETGID/,
  setuid: /give the monitor CAP_SETUID and CAP_SETGID/,
};

let world: World;

afterEach(() => world.close());

function without(names: readonly string[]): void {
  const list = names.map((name) => `-${name}`).join(',');
  world = new World(['setpriv', `--bounding-set=${list}`, `--inh-caps=${list}`]);
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log' });
  world.addImage('vm1');
}

const umlwatch = (...words: string[]) => world.run('umlwatch', ['vm1', ...words]);
const endOfMonitor = () => JSON.parse(readFileSync(join(world.varDir, 'vm1/log/monitor-end.json'), 'utf8'));

test.each([...single.map((name) => [name]), others])(
  'without %s: start, -run, console and -stop work or report why not, and the monitor continues',
  async (...names) => {
    without(names);
    const refusal = refusals[names[0] ?? ''];
    const begun = await world.startMonitor('vm1').catch((error: Error) => error);
    if (begun instanceof Error) {
      expect(begun.message).toMatch(refusal ?? 'a monitor');
      return;
    }
    const pid = world.monitorPid('vm1');
    const started = umlwatch('-start');
    if (refusal)
      expect([started.status !== 0, started.stderr]).toEqual([true, expect.stringMatching(refusal)]);
    else {
      expect(started).toMatchObject({ status: 0, stderr: '' });
      // Much output: the kernel has to be woken.
      expect(umlwatch('-run', 'seq 1 20000').stdout).toMatch(/19999\n20000\n$/);
      expect(umlwatch('-stop')).toMatchObject({ status: 0, stdout: 'vm1: stopped cleanly\n' });
    }
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    expect(await world.signalMonitor('vm1', 'SIGTERM')).toBe(0);
    expect(endOfMonitor()).toMatchObject({ pid, served: true, reason: 'SIGTERM: stop', failed: '' });
  },
  120_000,
);

test('without kill: a refused signal is a warning, reported once, and -kill halts the kernel', async () => {
  without(['kill']);
  await world.startMonitor('vm1');
  umlwatch('-start');
  expect(umlwatch('-run', 'seq 1 20000').status).toBe(0);
  const { stdout } = umlwatch('-info');
  expect(stdout.split('\n')[1]).toMatch(/^ {2}wrong: signal to the kernel: EPERM.*root lacks CAP_KILL here/);
  expect(umlwatch('-kill')).toMatchObject({ status: 0, stdout: 'vm1: killed\n' });
  expect(umlwatch('-start').status).toBe(0);
}, 60_000);

test('without a free descriptor: what needs one is refused, and the VM can be stopped', async () => {
  without(['mac_admin']);
  await world.startMonitor('vm1');
  umlwatch('-start');
  const pid = world.monitorPid('vm1');
  const client = await world.client('vm1');
  // Descriptors are numbered from 0: no free number is below this one.
  const fds = readdirSync(`/proc/${pid}/fd`).map(Number);
  const free = fds.findIndex((_, index) => !fds.includes(index));
  spawnSync('prlimit', ['--pid', `${pid}`, `--nofile=${free < 0 ? fds.length : free}`]);
  await expect(client.call('backup', { name: 'b' })).rejects.toMatchObject({
    reason: expect.stringMatching(/EMFILE/),
  });
  expect(await client.call('stop', { timeoutMs: 200 })).toMatchObject({ summary: 'stopped by kill' });
  expect(existsSync(`/proc/${pid}`)).toBe(true);
}, 60_000);

test('a monitor that ends by a fault or is killed: clients and the next monitor report it', async () => {
  without(['mac_admin']);
  await world.startMonitor('vm1');
  const pid = world.monitorPid('vm1');
  await world.killMonitor('vm1');
  const killed = `the last monitor, process ${pid}: it was killed`;
  expect(umlwatch('-info').stderr).toContain(killed);
  // As LastWord writes it.
  const path = join(world.varDir, 'vm1/log/monitor-end.json');
  const end = {
    ...endOfMonitor(),
    ended: 1,
    reason: 'INTERNAL',
    failed: 'x is not a function',
    stack: 'at y',
  };
  writeFileSync(path, JSON.stringify(end));
  expect(umlwatch('-info').stderr).toContain(`process ${pid}: x is not a function`);
  await world.startMonitor('vm1');
  expect(umlwatch('-info').stdout).toContain('wrong: previous monitor');
  expect(JSON.parse(umlwatch('-info', '-json').stdout)).toMatchObject({
    warningCount: 1,
    wrong: [{ fix: expect.any(String) }],
  });
  expect(await waitForEvent(await world.client('vm1'), 'previous-monitor')).toContain('x is not a function');
  for (const text of ['', 'null', '[]', '{"pid":"x"}', 'no json']) {
    await world.killMonitor('vm1');
    writeFileSync(path, text);
    expect(umlwatch('-info').stderr).toContain('no monitor is running for vm1');
    await world.startMonitor('vm1');
  }
}, 60_000);
