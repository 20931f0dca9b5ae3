import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { originOf, requireVm, type VmConfig } from '../../../src/config/config.ts';
import { quoteValue } from '../../../src/config/file/ini.ts';
import { loadConfig } from '../../../src/config/file/load.ts';
import { specOf } from '../../../src/config/file/read-keys.ts';
import { globalKeys } from '../../../src/config/keys/global-keys.ts';
import { isFamily, type KeySpec, keyNames } from '../../../src/config/keys/key.ts';
import { vmKeys } from '../../../src/config/keys/vm-keys.ts';
import { problemText } from '../../../src/config/problem.ts';
import { load, mainSource, rootDefaults } from './loading.ts';

const vm1 = '[vm1]\nvmuser = uml-vm1\nubd0 = /disks/root.dsk\n';

function onlyVm(text: string, override?: string): VmConfig {
  return requireVm(load(text, override), 'vm1').vm;
}

describe('loadConfig', () => {
  it('gives the values of umlmon(5) their types', () => {
    const text = `[GLOBAL]\nvardir = /srv/uml/\ngroup = umlmon\nescape = ^a\n${vm1}
      mem = 1G\nroot = /dev/ubdb2\nroot_mode = ro\nubd1 = /shared/disks/a.dev   ro\ncon0 = pty\ncon1 = off\ncon9 = pty log\nssl63 = pty
      append = quiet  dyndbg="file a.c +p"\ncpu = 3,0-1,1\nfast_boot = off\nstop_timeout = 1500ms\nlog_count = 0`;
    const { config, problems } = load(text);
    expect(problems).toEqual([]);
    expect(config?.global).toMatchObject({
      vardir: '/srv/uml',
      shared: '/srv/uml/shared',
      escape: 1,
      group: 'umlmon',
    });
    expect(config?.vms.get('vm1')).toMatchObject({
      name: 'vm1',
      mem: 1024 ** 3,
      root: { unit: 1, partition: 2, device: '/dev/ubdb2' },
      ubd: [
        { unit: 0, path: '/disks/root.dsk', readOnly: false },
        { unit: 1, path: '/shared/disks/a.dev', readOnly: true },
      ],
      con: [
        { unit: 0, log: false },
        { unit: 9, log: true },
      ],
      ssl: [{ unit: 63, log: false }],
      append: ['quiet', 'dyndbg="file a.c +p"'],
      cpu: [0, 1, 3],
      fast_boot: false,
      stop_timeout: 1500,
      log_count: 0,
    });
  });

  it('reports the origin of each setting', () => {
    const vm = onlyVm(vm1);
    expect(vm.settings).toContainEqual({ key: 'vmuser', value: 'uml-vm1', origin: 'umlmon.ini:2' });
    expect(vm.settings).toContainEqual({ key: 'mem', value: '128M', origin: 'default' });
    expect(originOf(vm, 'ubd0')).toEqual({ file: 'umlmon.ini', line: 3, section: 'vm1', key: 'ubd0' });
    expect(originOf(vm, 'mem')).toEqual({ file: 'umlmon.ini', line: 1, section: 'vm1', key: 'mem' });
  });

  it('reads a COW image with its backing file, and the flags of a disk', () => {
    const text = `${vm1}ubd1 = /disks/web.cow,/shared/disks/base.dsk\tsync nolock notrim serial=A-1\nubd2 = /shared/disks/b.cow ro`;
    expect(onlyVm(text).ubd.slice(1)).toEqual([
      {
        unit: 1,
        path: '/disks/web.cow',
        kind: 'cow',
        shared: false,
        backing: '/shared/disks/base.dsk',
        readOnly: false,
        sync: true,
        kernelLock: false,
        trim: false,
        serial: 'A-1',
      },
      {
        unit: 2,
        path: '/shared/disks/b.cow',
        kind: 'cow',
        shared: true,
        readOnly: true,
        sync: false,
        kernelLock: true,
        trim: true,
        serial: '',
      },
    ]);
  });

  it('is frozen through and through', () => {
    const { config } = load(vm1);
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(Object.isFrozen(value)).toBe(true);
      Object.values(value).forEach(check);
    };
    expect(Object.isFrozen(config)).toBe(true);
    check(config?.global);
    config?.vms.forEach(check);
  });

  it('needs neither GLOBAL nor a VM', () => {
    expect(load('').config?.global).toMatchObject({
      vardir: '/var/lib/umlmon',
      shared: '/var/lib/umlmon/shared',
    });
  });

  it('asks for a vmuser only where monitors run as root', () => {
    const text = '[vm1]\nubd0 = /disks/root.dsk';
    expect(load(text).broken.get('vm1')).toHaveLength(1);
    expect(loadConfig([mainSource(text)], { ...rootDefaults, root: false }).problems).toEqual([]);
  });

  it('allows one read-only image twice, and init arguments', () => {
    const text = `${vm1}ubd1 = /disks/a.dsk ro\nubd2 = /disks/a.dsk ro\nappend = init=/bin/sh console=tty1 -- -c id`;
    expect(load(text).problems).toEqual([]);
    expect(load(`${vm1}fast_boot = false\nappend = lpj=5`).problems).toEqual([]);
  });

  it.each([
    [
      'root_mode on a read-only disk',
      '[vm1]\nvmuser = a\nubd0 = /disks/a.dsk ro',
      'root_mode',
      /set root_mode = ro/,
    ],
    ['ro against root_mode', `${vm1}append = ro`, 'append', /contradicts root_mode = rw/],
    ['seccomp', `${vm1}append = seccomp=on`, 'append', /take over the guest kernel/],
    [
      'one user of two VMs',
      `${vm1}[vm2]\nvmuser = uml-vm1\nubd0 = /disks/a.dsk`,
      'vmuser',
      /also the user of vm1/,
    ],
  ])('only warns of %s', (_what, text, key, words) => {
    const { config, problems } = load(text);
    expect(problems).toMatchObject([{ severity: 'warning', code: 'CONFIG_WARNING', key }]);
    expect(problems.map(problemText)[0]).toMatch(words);
    expect(config?.vms.has('vm1')).toBe(true);
  });
});

describe('layers', () => {
  it('let the user override, and keep the rest', () => {
    const vm = onlyVm(`${vm1}con1 = off\nappend = quiet`, '[vm1]\ncon1 = pty log\n');
    expect(vm.con).toEqual([
      { unit: 0, log: true },
      { unit: 1, log: true },
    ]);
    expect(vm.append).toEqual(['quiet']);
    expect(vm.settings).toContainEqual({ key: 'con1', value: 'pty log', origin: 'vm1/config:2' });
  });

  it('keep every admin key from the user, by its name', () => {
    for (const [key, spec] of Object.entries(vmKeys)) {
      if (spec.layer !== 'admin') continue;
      const written = isFamily(spec) ? `${key}0` : key;
      const { config, broken, problems } = load(vm1, `[vm1]\n${written} = ${spec.example}`);
      expect(problems).toMatchObject([
        { code: 'CONFIG_LAYER', file: 'vm1/config', line: 2, section: 'vm1', key: written },
      ]);
      expect(config?.vms.has('vm1')).toBe(false);
      expect(broken.get('vm1')).toEqual(problems);
    }
  });

  it.each([
    ['GLOBAL', '[GLOBAL]\nvardir = /home/me'],
    ['another VM', '[vm2]\nappend = init=/bin/sh'],
    ['a new VM', '[vm3]\nubd0 = /disks/a.dsk'],
    ['nonsense', 'what'],
    ['a bad name', '[vm.1]'],
  ])('let no user change more than the own VM: %s', (_what, override) => {
    const others = `${vm1}[vm2]\nvmuser = u2\nubd0 = /disks/a.dsk\n`;
    const { config, broken } = load(others, override);
    expect(config?.global.vardir).toBe('/var/lib/umlmon');
    expect([...(config?.vms.keys() ?? [])]).toEqual(['vm2']);
    expect(config?.vms.get('vm2')?.append).toEqual([]);
    expect([...broken.keys()]).toEqual(['vm1']);
  });

  it('report a mistake also where a later layer hides it', () => {
    const { problems } = load(`${vm1}append = a"\n`, '[vm1]\nappend = quiet');
    expect(problems).toMatchObject([{ file: 'umlmon.ini', line: 4, key: 'append' }]);
  });

  it('ignore sections of a VM that does not exist', () => {
    expect(load('', '[vm1]\nubd0 = /disks/a.dsk')).toMatchObject({ problems: [], broken: new Map() });
  });

  it('give a VM a file of its own with exactly its section', () => {
    const own = (text: string, main = '') =>
      loadConfig(
        [mainSource(main), { file: 'vms/vm1.ini', text: Buffer.from(text), layer: 'vm-file', vm: 'vm1' }],
        rootDefaults,
      );
    expect(originOf(requireVm(own(vm1), 'vm1').vm, 'mem')).toMatchObject({ file: 'vms/vm1.ini', line: 1 });
    expect(own('').broken.get('vm1')?.map(problemText)[0]).toMatch(/no section.*write \[vm1\]/);
    expect(own(`${vm1}[vm2]\n`).broken.get('vm1')).toMatchObject([{ code: 'CONFIG_BAD_NAME', line: 4 }]);
    expect(own(`[GLOBAL]\n${vm1}`).problems).toMatchObject([{ code: 'CONFIG_BAD_NAME', section: 'GLOBAL' }]);
    expect(own(vm1, vm1).problems.map(problemText)).toEqual([
      'vms/vm1.ini:1: [vm1]: the VM is already defined in umlmon.ini:1 (hint: remove one of them)',
    ]);
  });
});

describe('requireVm', () => {
  it('is not affected by the problems of another VM, and reports all of its own', () => {
    const loaded = load(`${vm1}[vm2]\nmem = 1\nwhat\n`);
    expect(requireVm(loaded, 'vm1').vm.name).toBe('vm1');
    expect(() => requireVm(loaded, 'vm2')).toThrow(/mem: .*\n.*no '='/);
  });

  it('shows mistakes outside of VMs together with those of the VM only', () => {
    const loaded = load(`[GLOBAL]\ntcp = maybe\n[vm1]\nmem = 1\n[vm2]\nmem = 2\n`);
    const text = (() => {
      try {
        return requireVm(loaded, 'vm1') && '';
      } catch (error) {
        return String(error);
      }
    })();
    expect(text).toMatch(/tcp/);
    expect(text).toMatch(/\[vm1\] mem/);
    expect(text).not.toMatch(/\[vm2\]/);
  });

  it('suggests the VM with the nearest name', () => {
    expect(() => requireVm(load(vm1), 'wm1')).toThrow(/no section.*did you mean "vm1"/);
  });
});

describe('the key table', () => {
  const entries: [string, KeySpec][] = [...Object.entries(globalKeys), ...Object.entries(vmKeys)];

  it.each(entries)('%s accepts its own default and example', (_name, spec) => {
    const texts = isFamily(spec) ? Object.values(spec.defaults) : [spec.default];
    for (const text of [...texts, spec.example]) expect(spec.parse(text, 0)).toHaveProperty('value');
  });

  it('finds the entry of every name', () => {
    for (const table of [globalKeys, vmKeys])
      for (const name of keyNames(table)) expect(specOf(table, name)).toBeDefined();
    expect(keyNames(vmKeys)).toContain('ssl63');
  });

  const text = (...words: string[]) => fc.constantFrom(...words);
  const value: Record<string, fc.Arbitrary<string>> = {
    start: text('off', 'manual', 'boot'),
    kernel: text('/shared/kernels/linux', '/shared/kernels/7.2/linux'),
    mem: fc.integer({ min: 32, max: 65536 }).map((n) => `${n}M`),
    root_mode: text('rw', 'ro'),
    ubd3: fc.stringMatching(/^[a-z0-9._-]{1,30}$/).map((name) => `/disks/x${name}.dsk`),
    con1: text('off', 'pty', 'pty log'),
    con7: text('off', 'pty', 'pty  log'),
    ssl40: text('off', 'pty', 'pty log'),
    append: fc
      .array(text('quiet', 'a=1', 'x="b c # ; \\"', 'init=/bin/sh', '"y z"'), { maxLength: 5 })
      .map((a) => a.join(' ')),
    cpu: fc.oneof(
      text('auto', 'none'),
      fc.uniqueArray(fc.nat(4095), { minLength: 1, maxLength: 5 }).map((n) => n.join(',')),
    ),
    fast_boot: text('true', 'yes', 'on', 'false', 'no', 'off'),
    stop_timeout: fc.integer({ min: 100, max: 3_600_000 }).map((n) => `${n}ms`),
    log_size: fc.integer({ min: 4, max: 1024 ** 2 }).map((n) => `${n}K`),
    log_count: fc.integer({ min: 0, max: 100 }).map(String),
    max_processes: fc.integer({ min: 64, max: 1_000_000 }).map(String),
  };

  it('prints settings that read back to the same configuration', () => {
    const write = (settings: readonly { key: string; value: string }[]): string =>
      ['[vm1]', ...settings.map((setting) => `${setting.key} = ${quoteValue(setting.value)}`)].join('\n');
    fc.assert(
      fc.property(fc.record(value, { requiredKeys: [] }), (chosen) => {
        const given = Object.entries(chosen).map(([key, value]) => ({ key, value: value ?? '' }));
        const fixed = [
          { key: 'vmuser', value: 'u1' },
          { key: 'ubd0', value: '/disks/root.dsk' },
        ];
        const { settings, origins: _, ...values } = onlyVm(write([...fixed, ...given]));
        for (const { key, value } of given)
          expect(settings).toContainEqual(expect.objectContaining({ key, value }));
        const { settings: __, origins: ___, ...again } = onlyVm(write(settings));
        expect(again).toEqual(values);
      }),
      { numRuns: 300 },
    );
  });
});

it('the example of the project has no problem', () => {
  const example = readFileSync(new URL('../../../etc/umlmon.example.ini', import.meta.url));
  const { config, problems } = load(example);
  expect(problems.map(problemText)).toEqual([]);
  expect([...(config?.vms.keys() ?? [])]).toEqual(['vm1', 'build']);
  // The commented-out settings there must be valid, too.
  const enabled = example.toString().replace(/^# ([a-z_]+ = .*)$/gm, '$1');
  expect(enabled).not.toBe(example.toString());
  expect(load(enabled).problems.map(problemText)).toEqual([]);
});
