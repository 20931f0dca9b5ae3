import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { jailDirectories, layoutOf } from '../../src/jail/layout.ts';

const roots = { varDir: '/var/lib/umlmon', runDir: '/run/umlmon' };
const scratch = mkdtempSync(join(tmpdir(), 'umlmon-layout-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('layoutOf', () => {
  test('places everything below VARDIR/VM and RUNDIR/VM', () => {
    expect(layoutOf('vm1', roots)).toMatchObject({
      vm: 'vm1',
      varDir: '/var/lib/umlmon',
      runDir: '/run/umlmon',
      shared: '/var/lib/umlmon/shared',
      home: '/var/lib/umlmon/vm1',
      ctrl: '/var/lib/umlmon/vm1/ctrl',
      config: '/var/lib/umlmon/vm1/config',
      logDir: '/var/lib/umlmon/vm1/log',
      jail: '/var/lib/umlmon/vm1/jail',
      disks: '/var/lib/umlmon/vm1/jail/disks',
      run: '/var/lib/umlmon/vm1/run',
      runUml: '/var/lib/umlmon/vm1/run/uml',
      runMon: '/var/lib/umlmon/vm1/run/mon',
      monitorLock: '/var/lib/umlmon/vm1/monitor.lock',
      vmLock: '/var/lib/umlmon/vm1/vm.lock',
      status: '/var/lib/umlmon/vm1/status',
      pidFile: '/run/umlmon/vm1.pid',
      lpjCache: '/var/lib/umlmon/.cache/lpj',
      probeCache: '/var/lib/umlmon/.cache/kernels',
    });
    expect(Object.isFrozen(layoutOf('vm1', roots))).toBe(true);
  });

  test.each([
    '',
    '.',
    '..',
    'a/b',
    '../x',
    '-x',
    '.x',
    'a b',
    'a\n',
    'é',
    'shared',
    'vm1.pid',
    'x'.repeat(64),
  ])('refuses the name %j', (name) => {
    expect(() => layoutOf(name, roots)).toThrow(expect.objectContaining({ code: 'JAIL_VM_NAME' }));
  });

  test('no accepted name leads out of the two directories', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('.', '/', 'a', '-', '\0', ' ', 'shared'), maxLength: 12 }),
        (name) => {
          let layout: ReturnType<typeof layoutOf>;
          try {
            layout = layoutOf(name, roots);
          } catch {
            return;
          }
          for (const path of Object.values(layout).filter((value) => value.startsWith('/')))
            expect(resolve(path)).toMatch(/^\/(var\/lib|run)\/umlmon/);
          expect(dirname(layout.home)).toBe(roots.varDir);
        },
      ),
    );
  });
});

describe('jailDirectories', () => {
  const layout = layoutOf('vm1', { varDir: join(scratch, 'var'), runDir: join(scratch, 'run') });
  const directories = jailDirectories(layout, true);

  test('lists parents first', () => {
    const seen = new Set([scratch]);
    for (const { path } of directories) {
      expect(seen).toContain(dirname(path));
      seen.add(path);
    }
  });

  test("lists nothing below a directory of the VM's user", () => {
    const owned = directories.filter(({ owner }) => owner === 'vm').map(({ path }) => path);
    expect(owned).toEqual([layout.runUml]);
    for (const parent of owned)
      expect(directories.filter(({ path }) => path.startsWith(`${parent}/`))).toEqual([]);
  });

  test('lets only the owner write', () => {
    for (const { mode } of directories) expect(mode & 0o022).toBe(0);
  });

  test('without root, lets no group in where not all may pass: it may be the group of many', () => {
    for (const { mode } of jailDirectories(layout, false)) expect(mode & 0o070).toBe((mode & 0o007) << 3);
    const open = jailDirectories(layout, false).filter(({ mode }) => (mode & 0o077) !== 0);
    expect(open.map(({ path }) => path)).toEqual(
      directories.filter(({ mode }) => (mode & 0o007) !== 0).map(({ path }) => path),
    );
  });

  test('leaves a shared tree elsewhere alone', () => {
    const elsewhere = layoutOf('vm1', { ...roots, shared: '/srv/uml' });
    expect(jailDirectories(elsewhere, true).map(({ path }) => path)).not.toContain('/srv/uml');
  });
});
