import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireVm } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/file/load.ts';
import { configPlaces, hostDefaults, readConfig } from '../../../src/config/file/locate.ts';
import { problemText } from '../../../src/config/problem.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'umlmon-config-'));
  mkdirSync(join(dir, 'vms'));
  mkdirSync(join(dir, 'var/vm1'), { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true }));

const vm = (name: string) => `[${name}]\nvmuser = uml-${name}\nubd0 = /disks/root.dsk\n`;
const write = (path: string, text: string) => writeFileSync(join(dir, path), text);
const read = (only?: string) =>
  readConfig({
    configPath: join(dir, 'umlmon.ini'),
    env: {},
    uid: 0,
    ...(only !== undefined && { vm: only }),
  });
const texts = () => read().problems.map(problemText);

describe('configPlaces', () => {
  it('prefers the option, then the variable, then the places of the system', () => {
    const env = { UMLMON_CONFIG: '/e.ini', HOME: '/home/me' };
    expect(configPlaces({ configPath: '/o.ini', env, uid: 0 })).toEqual(['/o.ini']);
    expect(configPlaces({ env, uid: 0 })).toEqual(['/e.ini']);
    expect(configPlaces({ env: { HOME: '/root' }, uid: 0 })).toEqual([
      '/etc/umlmon/umlmon.ini',
      '/etc/umlmon',
    ]);
  });

  it('tries the home directory of other users first', () => {
    const first = (env: Record<string, string>) =>
      configPlaces({ env: { HOME: '/home/me', ...env }, uid: 1000 })[0];
    expect(first({})).toBe('/home/me/.config/umlmon/umlmon.ini');
    expect(first({ XDG_CONFIG_HOME: '/c' })).toBe('/c/umlmon/umlmon.ini');
    expect(first({ XDG_CONFIG_HOME: 'relative' })).toBe('/home/me/.config/umlmon/umlmon.ini');
  });
});

it('hostDefaults follow the XDG directories for users other than root', () => {
  expect(hostDefaults({ env: {}, uid: 0 })).toMatchObject({
    vardir: '/var/lib/umlmon',
    rundir: '/run/umlmon',
  });
  expect(hostDefaults({ env: { HOME: '/home/me' }, uid: 1000 })).toEqual({
    vardir: '/home/me/.local/state/umlmon',
    rundir: '/tmp/umlmon-1000',
    root: false,
  });
  const env = { XDG_STATE_HOME: '/s', XDG_RUNTIME_DIR: '/run/user/1000' };
  expect(hostDefaults({ env, uid: 1000 })).toMatchObject({
    vardir: '/s/umlmon',
    rundir: '/run/user/1000/umlmon',
  });
});

describe('readConfig', () => {
  it('reads the main file, the files of VMs and what their users override', () => {
    write('umlmon.ini', `[GLOBAL]\nvardir = ${dir}/var\n${vm('vm1')}`);
    write('vms/vm2.ini', vm('vm2'));
    write('vms/vm3.ini.bak', 'nonsense');
    write('vms/.vm4.ini', 'nonsense');
    write('var/vm1/config', '[vm1]\nappend = quiet\n');
    const loaded = read();
    expect(loaded.problems).toEqual([]);
    expect(loaded).toMatchObject({ file: join(dir, 'umlmon.ini'), root: true });
    expect([...(loaded.config?.vms.keys() ?? [])]).toEqual(['vm1', 'vm2']);
    expect(requireVm(loaded, 'vm1').vm.append).toEqual(['quiet']);
  });

  it('reads no files of other VMs when one VM is requested', () => {
    write('umlmon.ini', `[GLOBAL]\nvardir = ${dir}/var\n${vm('vm1')}`);
    write('vms/vm2.ini', vm('vm2'));
    write('vms/vm3.ini', 'nonsense');
    write('var/vm1/config', 'nonsense');
    expect(requireVm(read('vm2'), 'vm2').vm.name).toBe('vm2');
    expect(read('vm2').problems).toEqual([]);
    expect(() => requireVm(read('../umlmon'), '../umlmon')).toThrow(/no section/);
  });

  it('reports the paths that it tried', () => {
    expect(texts()).toEqual([expect.stringContaining(`tried ${dir}/umlmon.ini`)]);
    expect(() => requireVm(read(), 'vm1')).toThrow(/no configuration file/);
  });

  it('refuses an explicitly named directory, and ignores a default one', () => {
    mkdirSync(join(dir, 'umlmon.ini'));
    expect(texts()).toEqual([`${dir}/umlmon.ini: this is not a regular file`]);
    mkdirSync(join(dir, 'umlmon/umlmon.ini'), { recursive: true });
    const { file } = readConfig({ env: { XDG_CONFIG_HOME: dir, HOME: dir }, uid: 1000 });
    expect(file).not.toContain(dir);
  });

  it('takes no file that is too large', () => {
    write('umlmon.ini', '#'.repeat((1 << 20) + 1));
    expect(texts()).toEqual([expect.stringMatching(/1048577 bytes; at most 1048576/)]);
  });

  it.each([
    ['symbolic link', (at: string) => symlinkSync(join(dir, 'secret'), at), /symbolic link/],
    ['hard link', (at: string) => linkSync(join(dir, 'secret'), at), /hard links/],
    ['FIFO', (at: string) => execFileSync('mkfifo', [at]), /not a regular file/],
    ['directory', (at: string) => mkdirSync(at), /not a regular file/],
    ['device', (at: string) => symlinkSync('/dev/zero', at), /symbolic link/],
  ])('does not read a %s that a user put in place of the file of a VM', (_what, make, words) => {
    write('secret', 'root:hash\n');
    write('umlmon.ini', `[GLOBAL]\nvardir = ${dir}/var\n${vm('vm1')}${vm('vm2')}`);
    make(join(dir, 'var/vm1/config'));
    const loaded = read();
    expect(loaded.problems).toMatchObject([{ code: 'CONFIG_UNREADABLE', section: 'vm1' }]);
    expect(loaded.problems.map(problemText)[0]).toMatch(words);
    expect(loaded.problems.map(problemText).join()).not.toContain('hash');
    expect(() => requireVm(loaded, 'vm1')).toThrow(words);
    expect([...(loaded.config?.vms.keys() ?? [])]).toEqual(['vm2']);
    expect(requireVm(loaded, 'vm2').vm.name).toBe('vm2');
  });

  it('refuses a file in vms whose name no VM can have', () => {
    write('umlmon.ini', vm('vm1'));
    write('vms/a.b.ini', '');
    expect(texts()).toEqual([expect.stringMatching(/a\.b\.ini: "a\.b" is not a valid VM name/)]);
  });
});

describe('an invalid default directory', () => {
  const checked = (defaults: { vardir: string; rundir: string }, text = '[GLOBAL]\n') =>
    loadConfig([{ file: 'f', text: Buffer.from(text), layer: 'main' }], { ...defaults, root: false })
      .problems;

  it('may have blanks', () => {
    expect(checked({ vardir: '/home/a b/c', rundir: '/run/ x' })).toEqual([]);
  });

  it.each([
    ['vardir', { vardir: '', rundir: '/r' }, /^there is no default/, /^set HOME, or set vardir /],
    ['vardir', { vardir: '/a\nb', rundir: '/r' }, /invisible/, /HOME or XDG_STATE_HOME: set vardir /],
    ['vardir', { vardir: '/a\ufffd', rundir: '/r' }, /not in UTF-8/, /HOME or XDG_STATE_HOME: set vardir /],
    ['rundir', { vardir: '/v', rundir: '/a\nb' }, /invisible/, /XDG_RUNTIME_DIR: set rundir /],
  ])('names the key to set: %s of %j', (key, defaults, cause, hint) => {
    const [problem] = checked(defaults);
    expect(problem).toMatchObject({
      key,
      file: '',
      cause: expect.stringMatching(cause),
      hint: expect.stringMatching(hint),
    });
    expect(checked(defaults, '[GLOBAL]\nvardir = /x y\nrundir = /z\n')).toEqual([]);
  });
});
