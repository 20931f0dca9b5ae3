import { expect, test } from 'vitest';
import { type Configured, pendingChanges, withLiveKeys } from '../../src/config/changes.ts';
import { load } from './file/loading.ts';

const configured = (keys: string, global = ''): Configured => {
  const { config, problems } = load(
    `[GLOBAL]\n${global}\n[vm1]\nvmuser = 1\nubd0 = /disks/root.dsk\n${keys}\n`,
  );
  const vm = config?.vms.get('vm1');
  if (!config || !vm) throw new Error(JSON.stringify(problems));
  return { global: config.global, vm };
};

test('each key is compared with its value in force', () => {
  const atMonitorStart = configured('log_count = 1\nmem = 64M');
  const atVmStart = configured('log_count = 2\nmem = 128M\ncon2 = pty', 'userns = off');
  const written = configured(
    'log_count = 2\nmem = 64M\nstop_timeout = 5s\nubd1 = /disks/more.dsk',
    'group = daemon\nescape = ^A',
  );
  expect(pendingChanges(atMonitorStart, atVmStart, written)).toEqual(
    expect.arrayContaining([
      { section: 'GLOBAL', key: 'group', before: '', after: 'daemon', effect: 'monitor' },
      { section: 'GLOBAL', key: 'userns', before: 'off', after: 'auto', effect: 'vm' },
      { section: 'vm1', key: 'log_count', before: '1', after: '2', effect: 'monitor' },
      { section: 'vm1', key: 'mem', before: '128M', after: '64M', effect: 'vm' },
      { section: 'vm1', key: 'con2', before: 'pty', after: '', effect: 'vm' },
      { section: 'vm1', key: 'ubd1', before: '', after: '/disks/more.dsk', effect: 'vm' },
      { section: 'vm1', key: 'stop_timeout', before: '30s', after: '5s', effect: 'now' },
    ]),
  );
  expect(pendingChanges(atMonitorStart, atVmStart, written)).toHaveLength(7);
  expect(pendingChanges(written, written, written)).toEqual([]);
});

test('only live keys are applied, and afterwards no change is left to apply', () => {
  const before = configured('mem = 64M\nstop_timeout = 1m');
  const written = configured('mem = 128M\non_crash = restart');
  const vm = withLiveKeys(before.vm, written.vm);
  expect(vm).toMatchObject({ mem: before.vm.mem, stop_timeout: 30_000, on_crash: 'restart' });
  const left = pendingChanges(before, { ...before, vm }, written);
  expect(left.map(({ key }) => key)).toEqual(['mem']);
});
