/** What the configuration or umlmon itself promises for safety, and does not happen, is a warning that -info shows. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Manifest } from '../../../src/disk/backup/manifest.ts';
import { notChecked, notFrozen } from '../../../src/monitor/disks/backup.ts';
import { levelOf } from '../../../src/monitor/events/kinds.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nrestart_limit = 5 in 10m' });
});
afterEach(() => world.close());

const told = async () =>
  (await (await world.client('vm1')).call('events', { since: 1, max: 64, waitMs: 0 })).events
    .map(({ text }) => text)
    .join('\n');

test('security events that cannot be recorded', async () => {
  mkdirSync(join(world.varDir, 'vm1/log/security.log'), { recursive: true });
  chmodSync(join(world.varDir, 'vm1/log'), 0o750);
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start']).status).not.toBe(0);
  expect(await told()).toMatch(/security\.log: security events are not recorded: EISDIR/);
  rmSync(join(world.varDir, 'vm1/log/security.log'), { recursive: true });
  // Another event: one that is the same again is told once a minute.
  expect(world.run('umlwatch', ['vm1', '-backup', 'x']).status).not.toBe(0);
  expect(await told()).toMatch(/security events are recorded again/);
});

test('unexpected exits that restart_limit counts and that are lost', async () => {
  await world.startMonitor('vm1');
  await world.stopMonitors();
  writeFileSync(join(world.varDir, 'vm1/log/deaths.json'), '{"tally":');
  await world.startMonitor('vm1');
  expect(await told()).toMatch(/earlier unexpected exits are unknown to restart_limit: the file is damaged/);
});

const layout = { vm: 'vm1', backups: '/var/lib/umlmon/vm1/backups' } as Parameters<typeof notChecked>[1];
const manifest = (change: Partial<Manifest>): Manifest => ({
  ...{ format: 1, vm: 'vm1', name: 'b', takenAt: 0, consistency: 'synced', pauseMs: 1, kernel: '' },
  ...{ images: [], leftOut: [], settings: [] },
  ...change,
});

test('a backup is judged by the requested consistency', () => {
  expect(notFrozen(manifest({}), '', layout)).toBeUndefined();
  expect(notFrozen(manifest({ consistency: 'frozen' }), 'ssl0', layout)).toBeUndefined();
  expect(notFrozen(manifest({ consistency: 'crash' }), 'ssl0', layout)?.message).toMatch(
    /backups\/b: the backup exists, but is not frozen \(crash\): .*umlwatch vm1 -connect ssl0\)$/,
  );
  expect(levelOf('backup', { as_wanted: 'no' })).toBe('warn');
  expect(levelOf('backup', { as_wanted: 'yes' })).toBe('info');
});

test('a check that could not run is reported; a file system that is never checked is not', () => {
  const image = (soundness: Manifest['images'][number]['soundness']) =>
    manifest({ images: [{ path: '/disks/root.dsk', soundness } as Manifest['images'][number]] });
  expect(notChecked(image({ found: 'not-checked', words: 'only ext4' }), layout)).toBeUndefined();
  expect(
    notChecked(image({ found: 'not-checked', words: 'no e2fsck', unable: true }), layout)?.message,
  ).toContain('the file system of /disks/root.dsk in the backup was not checked: no e2fsck');
});
