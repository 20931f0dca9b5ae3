/** Arbitrary code in the place of the kernel: what it can do, and what it cannot (docs/threat-model.md). */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { monitorLimits } from '../../../src/system/limits/limits.ts';
import { setCloseOnExec } from '../../../src/system/native/native.ts';
import { HostileVm, pidNamespaceOf, processesIn } from '../../helpers/hostile/hostile-vm.ts';
import { vmUid } from '../../helpers/programs/world.ts';

const MiB = 1 << 20;

describe.each([
  ['user-namespace launcher', ''],
  ['root launcher', 'userns = off'],
])('%s', (_name, global) => {
  let vm: HostileVm;
  let monitor: number;

  beforeAll(async () => {
    vm = new HostileVm(global);
    // Something that the monitor inherits from whoever starts it, and must not pass on.
    const inherited = openSync('/etc/hostname', 'r');
    setCloseOnExec(inherited, false);
    await vm.start();
    closeSync(inherited);
    monitor = (await vm.client.call('info', undefined)).monitorPid;
  });

  afterAll(() => vm.close());

  test('it sees no file of the host', async () => {
    const { ENOENT = [], ...others } = await vm.outcomes('open-files');
    expect(others).toEqual({});
    expect(ENOENT).toContain('/etc/shadow');
    const home = join(vm.world.varDir, 'vm1');
    for (const path of [`${home}/ctrl`, vm.world.configPath, '/run/systemd/notify'])
      expect(await vm.order(`connect ${path}`), path).toEqual(['look ENOENT', 'connect EPERM']);
  });

  test('it can plant, replace or remove nothing outside of its memory, its run directory and the bytes of its images', async () => {
    const { EROFS = [], EACCES = [], EPERM = [], EXDEV = [], ...others } = await vm.outcomes('plant-files');
    expect(others).toEqual({});
    expect([...EROFS, ...EACCES, ...EPERM, ...EXDEV]).toHaveLength(18);
    expect(readdirSync(join(vm.world.varDir, 'vm1/jail/disks'))).toEqual(['root.dsk']);
  });

  test('it has none of the system calls that lead out of a sandbox', async () => {
    const { EPERM = [], ENOSYS = [], ...others } = await vm.outcomes('system-calls');
    expect(others).toEqual({});
    expect(ENOSYS).toEqual(['clone3']);
    expect(EPERM.length).toBeGreaterThan(35);
    for (const name of ['unix stream', 'unix packets', 'unix pair', 'connect']) expect(EPERM).toContain(name);
  });

  test('it gives no file a set-id bit, where it may write', async () => {
    const { EPERM = [], ...others } = await vm.outcomes('set-ids');
    expect(others).toEqual({});
    expect(EPERM).toHaveLength(8);
  });

  test('it can neither signal nor trace the monitor, the launcher or any other process of the host', async () => {
    const launcher = Number(
      /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${await vm.kernelPid()}/status`, 'latin1'))?.[1],
    );
    for (const pid of [monitor, launcher, process.pid]) {
      const outcomes = await vm.order(`signal ${pid}`);
      expect(outcomes.slice(0, 2), `${pid}`).toEqual(['kill ESRCH', expect.stringMatching(/^ptrace E/)]);
    }
    // PID 1 of the jail is not its own with the root launcher; otherwise the host kernel drops the signal.
    expect(await vm.order(`signal ${monitor}`)).toContain(global ? 'process 1 EPERM' : 'process 1 ok');
    expect(await vm.kernelPid()).toBeGreaterThan(0);
  });

  test('it has the planned descriptors, and an environment without secrets', async () => {
    // con0 three times, its own two sockets, the VM's lock, that of its images, con1, the two masters, the image.
    expect(await vm.order('descriptors')).toEqual(['0 1 2 3 4 5 6 7 8 9 10 ']);
    expect(await vm.order('environment')).toEqual(['TMPDIR=/tmp', 'PWD=/']);
  });

  test('it cannot block the resources that it shares with the monitor, type through them, or fill a lock file', async () => {
    const { EPERM = [], ...others } = await vm.outcomes('terminals 0 10');
    expect(EPERM.filter((name) => name === 'F_SETFL')).toHaveLength(11);
    for (const name of ['TIOCSTI', 'TIOCSETD', 'FIONBIO', 'F_SETFL']) {
      for (const [outcome, names] of Object.entries(others))
        if (outcome !== 'EBADF') expect(names, outcome).not.toContain(name);
    }
    expect((await vm.outcomes('use-lock 5')).ok).toBeUndefined();
    expect(statSync(join(vm.world.varDir, 'vm1/vm.lock')).size).toBe(0);
    // The monitor still reads and writes the terminals.
    expect(await vm.order('environment')).toHaveLength(2);
  });

  test('it cannot use abstract socket names of the host', async () => {
    const server = createServer();
    const name = `umlmon-test-${process.pid}`;
    await new Promise<void>((resolve) => server.listen(`\0${name}`, resolve));
    expect(await vm.order(`connect @${name}`)).toEqual(['connect EPERM']);
    await new Promise((resolve) => server.close(resolve));
  });

  test('its memory is bounded, and a request beyond the bound fails only for itself', async () => {
    const [line = ''] = await vm.order('fill-memory');
    const [, bytes = '', why = ''] = /^(\d+) (\w+)$/.exec(line) ?? [];
    expect(why).toBe('ENOSPC');
    expect(Number(bytes)).toBeLessThanOrEqual((64 + 16) * MiB);
  });

  test('its processes are bounded', async () => {
    const [line = ''] = await vm.order('fork-bomb');
    const [, count = '', why = ''] = /^(\d+) (\w+)$/.exec(line) ?? [];
    expect(why).toBe('EAGAIN');
    expect(Number(count)).toBeLessThan(200);
  });

  test('a flood of notifications with descriptors neither delays the monitor nor stays in it', async () => {
    const descriptors = () => readdirSync(`/proc/${monitor}/fd`).length;
    const before = descriptors();
    const { eventsNext } = await vm.client.call('info', undefined);
    await vm.order('flood 20000');
    const info = await vm.client.call('info', undefined);
    expect(info.state).toBe('running');
    // 20 per type and second; a busy host may take some seconds for the flood.
    expect(info.eventsNext - eventsNext).toBeLessThan(1000);
    expect(descriptors()).toBe(before);
  });

  test('its own texts reach a terminal only escaped', async () => {
    const { stdout } = vm.world.run('umlwatch', ['vm1', '-info']);
    expect(stdout).toContain('9.9.9 \\x1b]0;owned\\x07');
    const json = vm.world.run('umlwatch', ['vm1', '-info', '-json']).stdout;
    const { events } = await vm.client.call('events', { since: 1, max: 64, waitMs: 0 });
    // Line ends are the only controls.
    for (const text of [stdout, json, ...events.map((event) => event.text)])
      expect(text.replaceAll('\n', '')).toMatch(/^[^\p{Cc}]*$/u);
  });

  test('it can make its own image larger than it was', async () => {
    const image = join(vm.world.varDir, 'vm1/jail/disks/root.dsk');
    const { size } = statSync(image);
    expect(await vm.order(`grow-image ${MiB}`)).toEqual([`${MiB} ok`]);
    expect(statSync(image)).toMatchObject({ size: size + MiB, uid: vmUid });
  });

  test('links and deep trees in its run directory do not redirect the removal', async () => {
    expect(Number((await vm.order('dig'))[0])).toBe(1500);
    await vm.client.call('kill', undefined);
    await vm.client.call('start', undefined);
    await vm.attach();
    expect(readdirSync(join(vm.world.varDir, 'vm1/run/uml'))).toEqual(['vm1']);
    expect(existsSync('/etc/passwd')).toBe(true);
    // They go in the background.
    await expect.poll(() => existsSync(join(vm.world.varDir, 'vm1/trash')), { timeout: 20_000 }).toBe(false);
  });
});

describe('leftovers and false reports of a kernel', () => {
  let vm: HostileVm;
  let namespace: string;

  beforeEach(async () => {
    vm = new HostileVm();
    await vm.start();
    namespace = pidNamespaceOf(await vm.kernelPid());
  });

  afterEach(() => vm.close());

  const down = async () =>
    expect.poll(async () => (await vm.client.call('info', undefined)).state).toBe('stopped');
  const successor = async () => {
    await vm.world.killMonitor('vm1');
    await vm.startMonitor();
    return (await vm.client.call('info', undefined)).state;
  };

  test('it cannot see a VM of the same user', async () => {
    const neighbour = await vm.startNeighbour();
    expect((await vm.order(`signal ${neighbour}`)).slice(0, 2)).toEqual(['kill ESRCH', 'ptrace ESRCH']);
    for (const path of [
      `${vm.world.varDir}/vm2/ctrl`,
      `${vm.world.varDir}/vm2/run/mon/notify`,
      `${vm.world.varDir}/vm2/run/uml/vm2/mconsole`,
    ])
      expect(await vm.order(`connect ${path}`)).toEqual(['look ENOENT', 'connect EPERM']);
  });

  test('a false delay loop calibration is not stored', async () => {
    await vm.order('calibrate');
    await delay(monitorLimits.bootMessagesWait + 300);
    expect(existsSync(join(vm.world.varDir, '.cache/lpj'))).toBe(false);
  });

  test.each([
    ['of its own monitor', false],
    ['of a monitor that has adopted it', true],
  ])('processes that stay when it ends are ended: %s', async (_which, adopted) => {
    await vm.order('stray');
    if (adopted) {
      expect(await successor()).toBe('running');
      await vm.attach();
    }
    await vm.tell('exit 0');
    await down();
    expect(processesIn(namespace)).toEqual([]);
    expect(await vm.client.call('start', undefined)).toMatchObject({ state: 'running' });
  });

  test('a kernel that releases its locks is still found by the next monitor, and no second one is started', async () => {
    await vm.order('close 5 5');
    await vm.order('close 9 9');
    expect(await successor()).toBe('unmanaged');
    const { stdout, stderr } = vm.world.run('umlwatch', ['vm1', '-start']);
    expect(stdout + stderr).toContain('unmanaged');
    expect(processesIn(namespace)).toHaveLength(2);
  }, 30_000);

  test('a kernel that replaces a console is unmanaged, and its monitor still answers', async () => {
    await vm.order('swap 7');
    expect(await successor()).toBe('unmanaged');
    const { events } = await vm.client.call('events', { since: 1, max: 64, waitMs: 0 });
    expect(events.find(({ kind }) => kind === 'unmanaged')?.text).toContain('not a pty master');
    expect(processesIn(namespace)).toHaveLength(2);
  });

  test('a kernel that changes its name is unmanaged for the next monitor: reported, and never killed', async () => {
    await vm.order('rename');
    expect(await successor()).toBe('unmanaged');
    expect(processesIn(namespace)).toHaveLength(2);
  }, 30_000);
});
