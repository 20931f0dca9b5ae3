import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { jailedProcesses, killSandbox } from '../../../src/jail/spawn/sandbox-processes.ts';
import { readStatus } from '../../../src/jail/status.ts';
import { isSameProcess } from '../../../src/system/native/process.ts';
import { TEST_UID } from '../../helpers/guest/kernel.ts';
import { fieldOf, membersOf, namespaceOf, processesOf, start, until } from './spawned.ts';

describe.each(['user-namespace', 'root'] as const)('the %s launcher', (launcher) => {
  describe.each(['off', 'on'])('with seccomp=%s', (mode) => {
    const args = [`seccomp=${mode}`];

    test('boots a guest, which powers off', async () => {
      const { sandbox, layout, text } = await start('poweroff', { launcher, args });
      expect(await sandbox.exit, text()).toBe(0);
      expect(text()).toContain('Run /init as init process');
      expect(readStatus(layout.status)).toMatchObject({ initPid: sandbox.init?.pid, exitStatus: 0 });
      expect(existsSync(`${layout.status}.filter`)).toBe(false);
    });

    test('reports a panic as SIGABRT', async () => {
      const { sandbox, text } = await start('panic', { launcher, args });
      expect(await sandbox.exit, text()).toBe(134);
      expect(text()).toContain('Kernel panic');
    });

    test('leaves the kernel no privilege, and kills all of it', async () => {
      const { sandbox, text } = await start('sleep', { launcher, args });
      const { reaper, kernel } = processesOf(sandbox);
      try {
        await until(() => text().includes('SITTING'), text);
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
          expect([set, Number(`0x${fieldOf(kernel.pid, set)}`)]).toEqual([set, 0]);
        expect(fieldOf(kernel.pid, 'NoNewPrivs')).toBe('1');
        expect(fieldOf(kernel.pid, 'Seccomp')).toBe('2');
        for (const ids of ['Uid', 'Gid'])
          expect(fieldOf(kernel.pid, ids)).toBe(Array(4).fill(TEST_UID).join(' '));
        expect(fieldOf(kernel.pid, 'Groups')?.trim()).toBe('');
        expect(readFileSync(`/proc/${kernel.pid}/environ`, 'latin1')).toBe('TMPDIR=/tmp\0PWD=/\0');
        const limits = readFileSync(`/proc/${kernel.pid}/limits`, 'latin1');
        expect(limits).toMatch(/Max core file size +1 +1 /);
        expect(limits).toMatch(/Max processes +500 +500 /);
        expect(limits).toMatch(/Max open files +1024 +1024 /);
        for (const namespace of ['mnt', 'pid', 'net', 'ipc', 'uts'])
          expect(readlink(kernel.pid, namespace)).not.toBe(readlink(process.pid, namespace));
        // Neither the status file, which it could forge, nor anything else of the monitor's.
        expect(filesOf(kernel.pid).filter((path) => /status|filter/.test(path))).toEqual([]);
        // A later monitor finds the same processes from the launcher's pid.
        expect(jailedProcesses(sandbox.launcher.pid)).toEqual({ init: reaper, kernel });
      } finally {
        const namespace = namespaceOf(kernel.pid);
        expect(membersOf(namespace).length).toBeGreaterThan(2);
        expect(killSandbox(reaper)).toBe(true);
        expect(await sandbox.exit).toBe(137);
        expect(membersOf(namespace)).toEqual([]);
      }
      expect(isSameProcess(kernel)).toBe(false);
      expect(killSandbox(reaper)).toBe(false);
    });
  });

  test('shows a guest that mounts hostfs the jail and nothing else', async () => {
    const { sandbox, layout, text } = await start('hostfs', { launcher });
    expect(await sandbox.exit, text()).toBe(0);
    const tree = '. .. dev disks kernel launch lib lib64 run shared tmp';
    expect(text()).toContain(`ROOT ${tree}\n`);
    expect(text()).toContain(`ABOVE ${tree}\n`);
    expect(text()).toContain('DISKS root.dsk\n');
    for (const place of ['ROOT', 'SHARED', 'MON', 'KERNEL']) expect(text()).toContain(`${place}-READ-ONLY`);
    expect(text()).toContain('UML-WRITABLE');
    expect(existsSync(join(layout.runUml, 'new'))).toBe(true);
  });
});

function readlink(pid: number, namespace: string): string {
  return execFileSync('readlink', [`/proc/${pid}/ns/${namespace}`], { encoding: 'utf8' });
}

function filesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => {
    return execFileSync('readlink', [`/proc/${pid}/fd/${fd}`], { encoding: 'utf8' }).trim();
  });
}

test('killSandbox spares a process that only has the same number', async () => {
  const { sandbox, text } = await start('sleep');
  const { reaper } = processesOf(sandbox);
  await until(() => text().includes('SITTING'), text);
  expect(killSandbox({ ...reaper, startTime: reaper.startTime + 1 })).toBe(false);
  expect(isSameProcess(reaper)).toBe(true);
  expect(killSandbox(reaper)).toBe(true);
  expect(await sandbox.exit).toBe(137);
});
