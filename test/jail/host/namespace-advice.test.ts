import { describe, expect, test } from 'vitest';
import {
  adviseOn,
  isForbidden,
  judgeRestrictions,
  type TrialStage,
} from '../../../src/jail/host/namespace-advice.ts';
import type { NamespaceSetting, Restrictions } from '../../../src/jail/host/restrictions.ts';

const free: Restrictions = {
  settings: { 'user/max_user_namespaces': '100', 'kernel/unprivileged_userns_clone': '1' },
  filtered: false,
  profile: undefined,
  selinux: false,
};
const having = (name: NamespaceSetting, value: string | undefined): Restrictions => ({
  ...free,
  settings: { ...free.settings, [name]: value },
});
const apparmor = having('kernel/apparmor_restrict_unprivileged_userns', '1');

describe('restrictions', () => {
  test.each<[string, Restrictions]>([
    ['yes', free],
    ['unsure', having('user/max_user_namespaces', undefined)],
    ['no', having('user/max_user_namespaces', '0')],
    ['no', having('user/max_net_namespaces', '0')],
    ['no', having('kernel/unprivileged_userns_clone', '0')],
    ['yes', having('kernel/apparmor_restrict_unprivileged_userns', '0')],
    ['unsure', apparmor],
    ['unsure', { ...free, filtered: true }],
    ['unsure', { ...free, profile: 'docker-default (enforce)' }],
    ['unsure', { ...free, selinux: true }],
  ])('%s: %j', (allowed, restrictions) => {
    expect(judgeRestrictions(restrictions).allowed).toBe(allowed);
  });
});

test.each([
  [true, 'bwrap: No permissions to create new namespace, likely because the kernel does not allow it'],
  [true, 'unshare: unshare failed: Operation not permitted'],
  [true, "bwrap: Can't mount tmpfs on /newroot: Permission denied"],
  [true, 'setpriv: setresuid failed: Invalid argument'],
  [false, 'bwrap: Creating new namespace failed: Resource temporarily unavailable'],
  [false, 'bwrap: Creating new namespace failed: Cannot allocate memory'],
  [
    false,
    'bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)',
  ],
  [false, 'it was killed by SIGKILL'],
  [false, 'spawn EAGAIN'],
])('%s: the host forbids a jail, by the output of a trial: %s', (forbidden, words) => {
  expect(isForbidden(words)).toBe(forbidden);
});

describe('the advice', () => {
  const advice = (restrictions: Restrictions, stage?: TrialStage) =>
    adviseOn(restrictions, { stage, words: 'bwrap: no' }, ['/usr/bin/bwrap', '/usr/bin/unshare']);

  test.each<[Restrictions, TrialStage | undefined, RegExp, RegExp]>([
    [
      having('user/max_user_namespaces', '0'),
      undefined,
      /^user\.max_user_namespaces is 0$/,
      /echo user\.max_user_namespaces=10000 >>(\S+); sysctl -p \1$/,
    ],
    [
      having('kernel/unprivileged_userns_clone', '0'),
      'user',
      /^kernel\.unprivileged_userns_clone is 0$/,
      /echo kernel\.unprivileged_userns_clone=1 >>/,
    ],
    [
      having('user/max_net_namespaces', '0'),
      'network',
      /^user\.max_net_namespaces is 0$/,
      /max_net_namespaces=/,
    ],
    [
      apparmor,
      'network',
      /_userns is 1 \(AppArmor\); a network namespace cannot be created: bwrap: no$/,
      /profile umlmon-bwrap \/usr\/bin\/bwrap flags=\(unconfined\) \{ userns, \}.*apparmor_parser -r/,
    ],
    [{ ...free, filtered: true }, 'user', /filter.*: bwrap: no$/, /seccomp=unconfined/],
    [{ ...free, profile: 'docker-default (enforce)' }, 'user', /docker-default/, /apparmor=unconfined/],
    [{ ...free, selinux: true }, 'user', /SELinux/, /ausearch/],
    [apparmor, 'become', /^no process can become/, /subuid/],
    [free, 'user', /^the host does not permit it; a user namespace .*: bwrap: no$/, /strace/],
  ])('%j in stage %s', (restrictions, stage, reason, fix) => {
    expect(advice(restrictions, stage)).toMatchObject({
      reason: expect.stringMatching(reason),
      fix: expect.stringMatching(fix),
    });
  });
});
