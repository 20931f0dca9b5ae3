import { describe, expect, test } from 'vitest';
import {
  type DoctorFacts,
  type DoctorFinding,
  doctorStatus,
  examineHost,
} from '../../../../src/cli/admin/doctor/checks.ts';

const GiB = 1024 ** 3;
const vm = { name: 'vm1', memory: GiB / 8, counts: true, startOrder: 100, stopMs: 42_000 };
const kernel = { path: '/shared/kernels/linux', version: '7.2.7', usedBy: ['vm1'], failures: [] };
const program = {
  name: 'bwrap',
  package: 'bubblewrap',
  path: '/usr/bin/bwrap',
  purpose: 'every VM',
} as const;

const jails = {
  user: { allowed: 'yes', reason: 'a test jail works', fix: '' },
  root: undefined,
  proc: undefined,
} as const;
const forbidden = { allowed: 'no', reason: 'x is 0', fix: 'set x' } as const;

/** A host that lacks nothing. */
const healthy: DoctorFacts = {
  root: true,
  problems: [],
  programs: [program],
  jails,
  kernels: [kernel],
  mapCount: 65530,
  memory: { total: 4 * GiB, swap: GiB },
  vms: [vm],
  tun: { exists: true, needed: true, fault: '' },
  networks: true,
  room: [{ directory: '/var/lib/umlmon', free: 10 * GiB, promised: GiB }],
  missingServices: [],
  leftovers: [],
  warnings: [],
};

const notGood = (findings: readonly DoctorFinding[]) => findings.filter(({ level }) => level !== 'good');

test('a host that meets all needs', () => {
  const findings = examineHost(healthy);
  expect(notGood(findings)).toEqual([]);
  expect(findings.map(({ subject }) => subject)).toEqual([
    'configuration',
    'kernel',
    'programs',
    'user namespaces',
    'file system tools',
    'memory maps',
    'memory',
    'time-outs',
    'taps',
    'disk room',
    'services',
    'leftovers',
  ]);
  expect(doctorStatus(findings)).toBe(0);
});

const failure = { code: 'KERNEL_TOO_OLD', place: '/k', cause: 'no room for AMX', hint: 'use a newer kernel' };
const leftover = (kind: DoctorFacts['leftovers'][number]['kind']) => ({
  vm: 'old',
  kind,
  path: '/run/umlmon/old',
});
const problem = {
  severity: 'warning',
  code: 'CONFIG_WARNING',
  file: 'f',
  line: 3,
  section: 'vm1',
  key: 'vmuser',
  cause: 'odd',
  hint: 'change it',
} as const;

describe('problems and their hints', () => {
  test.each<[Partial<DoctorFacts>, DoctorFinding['level'], RegExp, RegExp]>([
    [{ problems: [problem] }, 'warning', /^f:3: \[vm1\] vmuser: odd$/, /^change it$/],
    [{ problems: [{ ...problem, severity: 'error' }] }, 'error', /odd$/, /^change it$/],
    [{ kernels: [{ ...kernel, failures: [failure] }] }, 'error', /AMX \(used by vm1\)$/, /newer kernel/],
    [
      { programs: [{ ...program, path: undefined }] },
      'error',
      /^bwrap is not/,
      /^apt-get install bubblewrap$/,
    ],
    [
      { programs: [{ ...program, path: undefined, purpose: 'file systems in images' }] },
      'warning',
      /images$/,
      /^apt/,
    ],
    [
      { programs: [{ ...program, path: undefined, purpose: 'networks' }], networks: false },
      'warning',
      /networks$/,
      /^apt/,
    ],
    [{ programs: [{ ...program, path: undefined, purpose: 'networks' }] }, 'error', /networks$/, /^apt/],
    [{ root: false, jails: { ...jails, user: forbidden } }, 'error', /^x is 0: /, /^set x$/],
    [
      { jails: { ...jails, user: forbidden, root: 'no' } },
      'error',
      /^x is 0; and root cannot .*: no$/,
      /^set x$/,
    ],
    [{ jails: { ...jails, proc: 'no' } }, 'warning', /^no jail can have a \/proc .*: no$/, /systempaths/],
    [{ vms: [{ ...vm, memory: GiB }] }, 'warning', /^vm\.max_map_count is 65530/, /max_map_count=1048576 >/],
    [
      { vms: [{ ...vm, memory: 8 * GiB }], memory: { total: 64 * GiB, swap: 0 } },
      'warning',
      /max_map_count/,
      /max_map_count=8388608 >/,
    ],
    [
      { vms: [vm, { ...vm, memory: 4 * GiB }], mapCount: 2 ** 30 },
      'warning',
      /4\.1 GiB of 4 GiB: the rest goes to swap$/,
      /mem/,
    ],
    [
      { vms: [vm, { ...vm, memory: 5 * GiB }], mapCount: 2 ** 30 },
      'warning',
      /more than memory and swap together$/,
      /mem/,
    ],
    [
      { vms: [vm, { ...vm, startOrder: 1 }, { ...vm, startOrder: 2 }] },
      'warning',
      /takes 126 s/,
      /start_order/,
    ],
    [
      { tun: { exists: true, needed: true, fault: 'EPERM' } },
      'error',
      /cannot be opened: EPERM/,
      /DeviceAllow/,
    ],
    [
      { tun: { exists: false, needed: true, fault: '' } },
      'error',
      /dev\/net\/tun is missing/,
      /^modprobe tun$/,
    ],
    [{ room: [{ directory: '/d', free: GiB, promised: 3 * GiB }] }, 'warning', /grow by 3 GiB/, /make room/],
    [{ room: [{ directory: '/d', free: 1024, promised: 0 }] }, 'error', /^\/d: 1 KiB free$/, /remove/],
    [{ missingServices: ['umlredir'] }, 'warning', /umlredir/, /'umlredir 8656\/tcp' >>\/etc\/services$/],
    [{ leftovers: [leftover('orphan')] }, 'error', /kernel of old runs without/, /^umladmin start old$/],
    [{ leftovers: [leftover('dead')] }, 'warning', /umlmon\/old is left over$/, /^umladmin cleanup old$/],
    [{ leftovers: [leftover('unconfigured-home')] }, 'warning', /no VM/, /section \[old\]/],
    [{ leftovers: [leftover('unconfigured-monitor')] }, 'warning', /not in the/, /^umladmin stop old$/],
    [{ warnings: [{ vm: 'vm1', text: 'it hangs', fix: 'view' }] }, 'warning', /^vm1: it hangs$/, /^view$/],
  ])('%j', (change, level, text, fix) => {
    const [finding, ...others] = notGood(examineHost({ ...healthy, ...change }));
    expect(others).toEqual([]);
    expect(finding).toEqual({
      level,
      subject: expect.any(String),
      text: expect.stringMatching(text),
      fix: expect.stringMatching(fix),
    });
    expect(doctorStatus(finding ? [finding] : [])).toBe(level === 'error' ? 2 : 1);
  });

  test.each<Partial<DoctorFacts>>([
    { jails: { ...jails, user: forbidden } },
    { jails: undefined },
    { tun: { exists: false, needed: false, fault: '' } },
    {
      vms: [
        { ...vm, counts: false, memory: 100 * 1024 ** 2 },
        { ...vm, counts: false },
      ],
    },
    { missingServices: undefined },
    { vms: [] },
  ])('%j is not reported', (change) => {
    expect(notGood(examineHost({ ...healthy, ...change }))).toEqual([]);
  });
});
