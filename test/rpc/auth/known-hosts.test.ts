import '../../helpers/tiers/needs-host.ts';
import {
  chownSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KnownHosts } from '../../../src/rpc/auth/known-hosts.ts';

let directory: string;
let known: KnownHosts;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'known-hosts-'));
  known = new KnownHosts(join(directory, 'known_hosts'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test.each([
  ['vm1@hostb', 'vm1@HOSTB'],
  ['vm1@HostB.', 'vm1@hostb'],
  ['vm1@hostb:7001', 'vm1@HostB.:07001'],
  ['vm1@[2001:db8::1]:7001', 'vm1@[2001:DB8:0::1]:7001'],
  ['vm1@2001:db8::1', 'vm1@2001:DB8:0:0::1'],
  ['vm1@192.0.2.7:7001', 'vm1@[::ffff:192.0.2.7]:7001'],
])('the certificate of %s is that of %s', (one, other) => {
  known.remember(one, 'AA:BB');
  expect(known.fingerprintOf(other)).toBe('AA:BB');
  known.remember(other, 'CC:DD');
  expect(known.fingerprintOf(one)).toBe('CC:DD');
  expect(readFileSync(join(directory, 'known_hosts'), 'utf8').trim().split('\n')).toHaveLength(1);
});

test.each([
  ['vm1@hostb', 'vm2@hostb'],
  ['vm1@hostb', 'VM1@hostb'],
  ['vm1@hostb:7001', 'vm1@hostb:7002'],
  ['vm1@hostb:7001', 'vm1@hostb'],
  ['vm1@hostb', 'vm1@hostc'],
])('the certificate of %s is not that of %s', (one, other) => {
  known.remember(one, 'AA:BB');
  expect(known.fingerprintOf(other)).toBeUndefined();
});

test('of several lines of one address the newest counts', () => {
  writeFileSync(join(directory, 'known_hosts'), 'vm1@HOSTB AA:AA\nvm1@hostb BB:BB\n');
  expect(known.fingerprintOf('vm1@hostb')).toBe('BB:BB');
});

test('root follows its own link, and not that of another user in a preserved HOME', () => {
  const [link, kept, target] = ['known_hosts', 'preserved', 'target'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  writeFileSync(target, '');
  symlinkSync('target', link);
  known.remember('vm1@hostb', 'AA:BB');
  expect(readFileSync(target, 'utf8')).toBe('vm1@hostb AA:BB\n');
  renameSync(link, kept);
  symlinkSync('target', link);
  chownSync(directory, 61_234, 61_234);
  lchownSync(link, 61_234, 61_234);
  known.remember('vm2@hostb', 'CC:DD');
  expect(readFileSync(target, 'utf8')).toBe('vm1@hostb AA:BB\n');
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});
