import { describe, expect, test } from 'vitest';
import { helpText, interactiveHelpText } from '../../../src/cli/commands/help.ts';
import { ageText, eventText, exitText, infoText, operationText } from '../../../src/cli/print/render.ts';
import type { ExitRecord, VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { sizeText } from '../../../src/system/size-text.ts';

process.env.TZ = 'UTC';
const noon = Date.UTC(2026, 10, 21, 12, 0, 0);

const exit: ExitRecord = {
  endedAt: noon - 60_000,
  cause: 'crash',
  code: -1,
  signal: 6,
  askedBy: '',
  panic: 'Kernel panic: \x1b[31mno init',
  lastLines: Array.from({ length: 12 }, (_, n) => `line ${n}`).join('\n'),
  why: '',
  con0Reason: '',
  bundle: '/var/lib/umlmon/vm1/crashes/2026-11-21T11-59-00Z',
};

const running: VmInfo = {
  name: 'vm1',
  state: 'running',
  stateSince: noon - 3_725_000,
  operation: 'stop (operation 7, asked by uid 0)',
  monitorPid: 42,
  kernelPid: 4711,
  kernelVersion: 'Linux 7.2.7 #1 Fri Sep 25 16:07:24 UTC 2026 x86_64',
  user: 'nobody',
  mem: 128 * 1024 ** 2,
  cpus: '1',
  tcp: '',
  mconsole: '/run/umlmon/vm1/run/uml/vm1/mconsole',
  guestMessage: 'booted\x1b]0;gotcha\x07',
  readiness: {
    configured: 'guest',
    ready: false,
    reached: [
      { level: 'launched', elapsedMs: 9 },
      { level: 'kernel', elapsedMs: 31 },
    ],
  },
  settings: [
    { key: 'start', value: 'manual', origin: 'default' },
    { key: 'mem', value: '128M', origin: '/etc/umlmon/umlmon.ini:7' },
    { key: 'append', value: '', origin: 'default' },
    { key: 'con10', value: 'pty log', origin: '/etc/umlmon/umlmon.ini:12' },
    { key: 'on_crash', value: 'restart', origin: '/var/lib/umlmon/vm1/config:1' },
  ],
  consoles: [
    {
      channel: 'con0',
      viewers: 1,
      bytesOut: 4800,
      bytesIn: 0,
      logDropped: 2048,
      logged: true,
      logError: 'ENOSPC: disk full, write',
      maybeLost: 100,
      inputUnread: 3000,
      inputSeen: true,
      inputWaiting: 65_536,
      inputWaitedMs: 4_000,
    },
    {
      channel: 'con10',
      viewers: 0,
      bytesOut: 1,
      bytesIn: 12,
      logDropped: 0,
      logged: false,
      logError: '',
      maybeLost: 0,
      inputUnread: 0,
      inputSeen: true,
      inputWaiting: 0,
      inputWaitedMs: 0,
    },
  ],
  lastExit: null,
  eventsNext: 8,
  logDropped: 3000,
  warningCount: 2,
  lastWarning: 'con0: the log cannot be written',
  hungSince: 0,
  held: null,
  networks: [],
  disks: [
    {
      unit: 0,
      path: '/disks/root.cow',
      backing: '/shared/disks/base.dsk',
      flags: '',
      size: 67_108_864,
      allocated: 4096,
      plugged: false,
    },
    { unit: 1, path: '/disks/b.dsk', backing: '', flags: 'ro', size: 512, allocated: 0, plugged: true },
  ],
  paused: null,
  hostMemory: 0,
  refusals: [],
  networkWarnings: [],
  guestValues: [],
};

describe('-info', () => {
  test('of a running VM', () => {
    expect(infoText(running, noon)).toBe(
      [
        'vm1',
        '  wrong: con0: the log cannot be written (the newest of 2 warnings since the monitor started) (umlwatch vm1 -events -since 1)',
        '  wrong: the log of con0: ENOSPC: disk full, write (umlwatch vm1 -events -since 1)',
        '  state       running for 1 h 2 min',
        '  operation   stop (operation 7, asked by uid 0)',
        '  monitor     pid 42',
        '  kernel      pid 4711, user nobody',
        '  version     Linux 7.2.7 #1 Fri Sep 25 16:07:24 UTC 2026 x86_64',
        '  memory      128 MiB',
        '  cores       1',
        '  mconsole    /run/umlmon/vm1/run/uml/vm1/mconsole',
        '  ready       not yet (guest); launched after 9 ms, kernel 31 ms',
        '  guest text  booted\\x1b]0;gotcha\\x07',
        '  warnings    2, the last: con0: the log cannot be written',
        "  log         2.9 KiB of the monitor's own are missing",
        'disks',
        '  ubd0  /disks/root.cow over /shared/disks/base.dsk  64 MiB, 4 KiB used',
        '  ubd1  /disks/b.dsk                                 512 bytes, 0 bytes used  ro, plugged',
        'consoles',
        '  con0   4.7 KiB out  0 bytes in   1 viewer   logged, but 2 KiB are missing (ENOSPC: disk full, write), up to 100 bytes lost with a previous monitor  the guest is not reading: 64 KiB of input wait',
        '  con10  1 byte out   12 bytes in  0 viewers',
        'settings of /etc/umlmon/umlmon.ini, by line',
        '  7   mem    128M',
        '  12  con10  pty log',
        'settings of /var/lib/umlmon/vm1/config, by line',
        '  1  on_crash  restart',
        'default settings',
        '  start   manual',
        '  append  (empty)',
      ].join('\n'),
    );
  });

  test('of networks: one row for each, and the commands for a guest that does not use its network', () => {
    const network = {
      unit: 0,
      kind: 'bridged',
      guestInterface: 'vec0',
      hostInterface: 'port1',
      mac: '02:00:00:00:00:01',
      link: 'up' as const,
      received: 2048,
      sent: 1,
      guestCommands: ['ip link set vec0 up'],
      plugged: false,
      settled: true,
      receivedPackets: 12,
      receivedDropped: 0,
      sentPackets: 1,
      sentDropped: 0,
    };
    const second = {
      ...network,
      unit: 11,
      kind: 'host_to_host',
      guestInterface: 'vec11',
      hostInterface: 'proxy11',
      mac: '',
      link: 'down' as const,
      plugged: true,
      guestCommands: ['ip link set vec11 up', 'ip route add default via 10.0.0.1 dev vec11'],
    };
    const third = { ...network, unit: 2, mac: '', plugged: true, settled: false };
    const text = infoText({ ...running, networks: [network, second, third], settings: [] }, noon);
    expect(text.slice(text.indexOf('networks\n'))).toBe(
      [
        'networks',
        '  eth0   bridged       vec0 of the guest   port1    up                   2 KiB in  1 byte out  02:00:00:00:00:01',
        '  eth11  host_to_host  vec11 of the guest  proxy11  not up in the guest  2 KiB in  1 byte out                     plugged',
        '  eth2   bridged       vec0 of the guest   port1    up                   2 KiB in  1 byte out                     plugged, unsure: unplug it',
        'to use vec11, type in the guest',
        '  ip link set vec11 up',
        '  ip route add default via 10.0.0.1 dev vec11',
      ].join('\n'),
    );
  });

  test('of a VM that crashed: the cause, and the last lines of con0', () => {
    const gone = {
      logDropped: 0,
      warningCount: 0,
      operation: '',
      kernelPid: 0,
      kernelVersion: '',
      cpus: '',
      mconsole: '',
      guestMessage: '',
    };
    const down: VmInfo = {
      ...running,
      ...gone,
      readiness: { ...running.readiness, reached: [] },
      state: 'stopped',
      disks: [],
      consoles: [],
      settings: [],
      lastExit: exit,
    };
    expect(infoText(down, noon)).toBe(
      [
        'vm1',
        '  wrong: it crashed: Kernel panic: \\x1b[31mno init (umlwatch vm1 -start)',
        '  state      stopped for 1 h 2 min',
        '  monitor    pid 42',
        '  memory     128 MiB',
        '  last exit  crash at 2026-11-21 11:59:00 (signal 6)',
        '  panic      Kernel panic: \\x1b[31mno init',
        '  bundle     /var/lib/umlmon/vm1/crashes/2026-11-21T11-59-00Z',
        'last lines of con0',
        ...[4, 5, 6, 7, 8, 9, 10, 11].map((n) => `  line ${n}`),
      ].join('\n'),
    );
  });
});

test('-info of a guest that publishes values', () => {
  const guestValues = [
    { name: 'stage', value: 'db' },
    { name: 'ip', value: '10.0.0.2\x1b[2J' },
  ];
  expect(infoText({ ...running, guestValues }, noon)).toMatch(
    /^ {2}guest keys {2}stage=db, ip=10\.0\.0\.2\\x1b\[2J$/m,
  );
});

test('-info of a VM that is paused', () => {
  const paused = { since: noon - 65_000, by: 'uid 0', resumesAt: noon };
  const lineOf = (one: typeof paused) =>
    infoText({ ...running, paused: one }, noon)
      .split('\n')
      .find((line) => line.startsWith('  paused'));
  expect(lineOf(paused)).toBe(
    '  paused      for 1 min 5 s, requested by uid 0, until 2026-11-21 12:00:00 (pause_limit)',
  );
  expect(lineOf({ ...paused, resumesAt: 0 })).toMatch(/requested by uid 0, without limit$/);
});

test('-info of a VM that hangs, and of a VM that is held', () => {
  const line = (info: VmInfo, name: string) =>
    infoText(info, noon)
      .split('\n')
      .find((text) => text.startsWith(`  ${name}`));
  expect(line({ ...running, hungSince: noon }, 'hung since')).toBe('  hung since  2026-11-21 12:00:00');
  const why = 'more than 5 deaths in 600 s (restart_limit)';
  expect(line({ ...running, held: { kind: 'restart-limit', since: noon, why } }, 'held')).toBe(
    `  held        gave up at 2026-11-21 12:00:00: ${why}`,
  );
  expect(
    line({ ...running, held: { kind: 'preserved', since: noon, why: 'on_crash = preserve' } }, 'held'),
  ).toBe('  held        preserved since 2026-11-21 12:00:00: on_crash = preserve');
});

test('an exit on request', () => {
  expect(exitText({ ...exit, cause: 'poweroff', signal: 0, code: 0, askedBy: 'uid 1000' })).toBe(
    'poweroff at 2026-11-21 11:59:00 (status 0, asked by uid 1000)',
  );
});

test('events and operations', () => {
  const event = { sequence: 7, time: noon, kind: 'guest-message', text: 'hi\x07', attributes: [] };
  expect(eventText(event)).toBe('2026-11-21 12:00:00    7  guest-message: hi\\x07');
  const report = {
    id: 1,
    joined: true,
    state: 'running',
    elapsedMs: 3,
    summary: 'running, Linux 7.2.7',
  } as const;
  expect(operationText('vm1', report)).toBe('vm1: running, Linux 7.2.7 (joined an operation in progress)');
});

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [128 * 1024 ** 2, '128 MiB'],
  [5 * 1024 ** 4, '5 TiB'],
  [2000 * 1024 ** 4, '2000 TiB'],
])('%d bytes', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min 0 s'],
  [3_600_000, '1 h 0 min'],
  [90_000_000, '1 d 1 h'],
])('an age of %d ms', (ms, text) => {
  expect(ageText(noon - ms, noon)).toBe(text);
});

test('the help texts fit 80 columns and name every command', () => {
  for (const text of [helpText(), interactiveHelpText()]) {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    for (const name of ['info', 'start', 'stop', 'kill', 'ctrlaltdel', 'wait', 'connect', 'log', 'events'])
      expect(text).toMatch(new RegExp(`^  -?${name}\\b.*(?:  |\\n {9,})\\S`, 'm'));
  }
});
