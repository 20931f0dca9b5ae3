/** What the guest and its kernel process can reach of the host, with both launchers. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

describe.each([
  ['user-namespace launcher', ''],
  ['root launcher', 'userns = off'],
])('%s', (_name, global) => {
  let world: World;
  let client: MonitorClient;
  let shell: GuestShell;
  let kernelPid: number;

  beforeAll(async () => {
    world = new World();
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty\nssl0 = pty' }, global);
    world.addImage('vm1');
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    shell = await GuestShell.open(client);
    ({ kernelPid } = await client.call('info', undefined));
  });

  afterAll(async () => {
    client?.close();
    await world.close();
  });

  test('the kernel process has no capability, no new privileges, a filter, and the uid of the VM', () => {
    const status = readFileSync(`/proc/${kernelPid}/status`, 'latin1');
    const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status)?.[1];
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(field(set), set).toBe('0000000000000000');
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
    expect(field('Uid')).toBe(Array(4).fill(vmUid).join('\t'));
    expect(field('Gid')).toBe(Array(4).fill(vmUid).join('\t'));
    expect(field('Groups')?.trim()).toBe('');
  });

  test('it has namespaces of its own and is not process 1 in them', () => {
    for (const namespace of ['mnt', 'pid', 'ipc', 'uts', 'net'])
      expect(readlinkSync(`/proc/${kernelPid}/ns/${namespace}`), namespace).not.toBe(
        readlinkSync(`/proc/self/ns/${namespace}`),
      );
    const inner = /^NSpid:\s*.*\s(\d+)$/m.exec(readFileSync(`/proc/${kernelPid}/status`, 'latin1'))?.[1];
    expect(Number(inner)).toBeGreaterThan(1);
  });

  test('it inherits the planned descriptors and no other', () => {
    const { stdout } = world.run('umlmon', ['-plan', 'vm1', '-json']);
    const steps = JSON.parse(stdout).steps as { do: string; descriptors?: { fd: number; is: string }[] }[];
    const planned = steps.find((step) => step.do === 'launch')?.descriptors ?? [];
    const mine = planned.filter(({ is }) => is !== 'status' && is !== 'seccomp').map(({ fd }) => fd);
    const open = new Map(
      readdirSync(`/proc/${kernelPid}/fd`).map((fd) => [
        Number(fd),
        readlinkSync(`/proc/${kernelPid}/fd/${fd}`),
      ]),
    );
    for (const fd of mine)
      expect(open.get(fd), `fd ${fd}`).toMatch(/^\/dev\/(pts\/\d+|ptmx)|\.lock|\.dsk|\/\.images\/vm1$/);
    // What the kernel opens itself is its disk, memory, sockets and event queues; nothing of the monitor.
    const foreign = [...open].filter(
      ([fd, target]) =>
        !mine.includes(fd) &&
        !/^(\/disks\/root\.dsk|\/tmp\/.*\(deleted\)|\/dev\/(pts\/\d+|ptmx)|socket:|pipe:|anon_inode:|\/memfd:)/.test(
          target,
        ),
    );
    expect(foreign).toEqual([]);
  });

  test('hostfs shows the jail and nothing else, whatever the guest tries', async () => {
    await shell.run('mkdir -p /mnt/host');
    for (const option of ['', '-o /', '-o ..', '-o /../../..', '-o ../../../../etc']) {
      await shell.run(`mount -t hostfs none ${option} /mnt/host`);
      const { output } = await shell.run('ls -A /mnt/host');
      if (option !== '-o ../../../../etc')
        expect(output.split(/\s+/).sort(), option).toEqual(readdirSync(`${world.varDir}/vm1/jail`).sort());
      expect(output).not.toMatch(/passwd|home|root\b|boot/);
      await shell.run('umount /mnt/host');
    }
  });

  test('the jail is read-only but for disks, memory and its sockets', async () => {
    await shell.run('mount -t hostfs none -o / /mnt/host');
    for (const place of ['', 'kernel', 'lib', 'lib64', 'shared', 'run', 'run/mon', 'disks'])
      expect((await shell.run(`echo x > /mnt/host/${place}/planted`)).status, `/${place}`).not.toBe(0);
    expect((await shell.run('echo x > /mnt/host/tmp/allowed')).status).toBe(0);
    await shell.run('umount /mnt/host');
  });

  test('another user of the host cannot use the control socket', () => {
    const asVmUser = ['--reuid', `${vmUid}`, '--regid', `${vmUid}`, '--clear-groups', '--'];
    const script = `require('net').connect('${world.varDir}/vm1/ctrl').on('error', (e) => console.log(e.code)).on('connect', () => { console.log('connected'); process.exit() })`;
    expect(execFileSync('setpriv', [...asVmUser, process.execPath, '-e', script], { encoding: 'utf8' })).toBe(
      'EACCES\n',
    );
  });
});
