import type { Handlers } from '../../src/rpc/codec/program.ts';
import type {
  Failure,
  ImageInfo,
  Job,
  ScreenPicture,
  umlmonctrl,
  ViewerInfo,
  VmInfo,
} from '../../src/rpc/umlmonctrl.gen.ts';

export const why: Failure = {
  code: 'STATE_WRONG',
  place: 'vm1',
  cause: 'is running',
  hint: 'stop it first',
};

export const info: VmInfo = {
  name: 'vm1',
  state: 'running',
  stateSince: 1_700_000_000_123,
  operation: '',
  monitorPid: 4711,
  kernelPid: 4712,
  kernelVersion: 'Linux vm1 7.2.7',
  user: 'umlmon-vm1',
  mem: 6 * 2 ** 30,
  cpus: '1',
  tcp: '',
  mconsole: '',
  guestMessage: 'grüße',
  readiness: { configured: 'kernel', ready: true, reached: [{ level: 'kernel', elapsedMs: 31 }] },
  settings: [
    { key: 'mem', value: '6G', origin: 'umlmon.conf:7' },
    { key: 'con0', value: 'pty', origin: 'default' },
  ],
  consoles: [
    {
      channel: 'con0',
      viewers: 2,
      bytesOut: 5_000_000_000,
      bytesIn: 1,
      logDropped: 0,
      logged: true,
      logError: '',
      maybeLost: 0,
      inputUnread: 0,
      inputSeen: true,
      inputWaiting: 0,
      inputWaitedMs: 0,
    },
  ],
  lastExit: {
    endedAt: 1_600_000_000_000,
    cause: 'crash',
    code: -1,
    signal: 6,
    askedBy: '',
    panic: 'no init found',
    lastLines: 'a\nb',
    bundle: '',
    why: '',
    con0Reason: '',
  },
  eventsNext: 2 ** 53 - 1,
  logDropped: 0,
  warningCount: 1,
  lastWarning: 'disk full',
  hungSince: 0,
  held: { kind: 'preserved', since: 1_700_000_000_000, why: 'on_crash = preserve' },
  networks: [
    {
      unit: 15,
      kind: 'host_to_host',
      guestInterface: 'vec15',
      hostInterface: 'proxy1',
      mac: '',
      link: 'up',
      received: 2 ** 53 - 1,
      sent: 0,
      guestCommands: ['ip link set vec15 up'],
      plugged: true,
      settled: false,
      receivedPackets: 12,
      receivedDropped: 1,
      sentPackets: 0,
      sentDropped: 0,
    },
  ],
  disks: [
    {
      unit: 1,
      path: '/disks/a.dsk',
      backing: '',
      flags: 'ro sync',
      size: 5_000_000_000,
      allocated: 4096,
      plugged: true,
    },
  ],
  paused: { since: 1_700_000_000_000, by: 'uid 0', resumesAt: 0 },
  hostMemory: 40_000_000,
  refusals: [],
  networkWarnings: [],
  guestValues: [{ name: 'stage', value: 'db' }],
};

export const image: ImageInfo = {
  path: '/disks/web.cow',
  kind: 'cow',
  size: 10 * 2 ** 30,
  allocated: 4096,
  backing: '/shared/disks/base.dsk',
  holders: [{ holder: 'vm1', writes: true }],
  snapshots: ['before'],
  problem: '',
};

export const job: Job = {
  id: 3,
  name: 'copy',
  subject: 'vm1:/disks/a.dsk to vm1:/disks/b.dsk',
  by: 'uid 0',
  began: 1_700_000_000_000,
  ended: 0,
  done: 4096,
  total: 2 ** 40,
  progress: 7,
  cancelling: false,
  outcome: { state: 'running' },
};

export const viewer: ViewerInfo = {
  id: 7,
  channel: 'con1',
  by: 'uid 0',
  since: 1_700_000_000_000,
  controls: true,
  typedAt: 1_700_000_060_000,
  acknowledged: 5_000_000_000,
  behind: 17,
  skipped: 0,
};

export const picture: ScreenPicture = {
  offset: 4711,
  columns: 20,
  rows: 2,
  cursorColumn: 3,
  cursorRow: 1,
  cursorVisible: true,
  alternate: false,
  omitted: 5,
  history: 1,
  lines: [
    { wrapped: false, runs: [{ text: 'login: ', cells: 7, foreground: 0, background: 0, style: 0 }] },
    {
      wrapped: false,
      runs: [
        { text: 'a <b>', cells: 5, foreground: 2 ** 24 + 1, background: 0, style: 1 },
        { text: ' & ', cells: 3, foreground: 2 ** 25 + 0x102030, background: 2 ** 24 + 200, style: 32 },
      ],
    },
    { wrapped: true, runs: [] },
  ],
};

/** Handlers that answer something of the right type; tests replace those that they are about. */
export const stubHandlers: Handlers<typeof umlmonctrl> = {
  null: () => undefined,
  authBegin: () => ({ kind: 'failed', why }),
  authFinish: (message) => ({ kind: 'ok', step: { message, role: 'view' } }),
  actFor: ({ role }) => ({ kind: 'ok', role }),
  plan: () => ({ kind: 'failed', why }),
  written: () => ({ kind: 'failed', why }),
  security: () => ({ kind: 'failed', why }),
  info: () => ({ kind: 'ok', info }),
  start: () => ({ kind: 'failed', why }),
  stop: ({ timeoutMs }) => ({
    kind: 'ok',
    report: { id: 3, joined: true, state: 'stopped', elapsedMs: timeoutMs, summary: 'stopped' },
  }),
  kill: () => ({ kind: 'failed', why }),
  ctrlAltDel: () => ({ kind: 'ok' }),
  plug: () => ({ kind: 'ok' }),
  unplug: () => ({ kind: 'failed', why }),
  plugNetwork: () => ({ kind: 'ok' }),
  unplugNetwork: () => ({ kind: 'failed', why }),
  consoleAttach: () => ({ kind: 'failed', why }),
  consoleRead: () => ({ kind: 'failed', why }),
  consoleWrite: ({ data }) => ({ kind: 'ok', accepted: data.length }),
  consoleResize: () => ({ kind: 'ok' }),
  consoleDetach: () => ({ kind: 'ok' }),
  consoleControl: () => ({ kind: 'ok', control: { yours: true, controller: viewer } }),
  consoleWho: () => ({ kind: 'ok', list: { viewers: [viewer] } }),
  consoleReplay: () => ({ kind: 'failed', why }),
  consolePicture: () => ({ kind: 'ok', picture }),
  consoleNote: () => ({ kind: 'ok' }),
  logRead: ({ offset, max }) => ({
    kind: 'ok',
    bytes: { offset, data: pattern(max), oldest: 0, end: offset + max },
  }),
  stats: () => ({ kind: 'failed', why }),
  memTrim: () => ({ kind: 'ok', report: { before: 9, after: 1 } }),
  mconsole: (line) => ({ kind: 'ok', reply: { text: line, truncated: false } }),
  pause: () => ({ kind: 'failed', why }),
  resume: () => ({ kind: 'ok' }),
  crashList: () => ({ kind: 'ok', list: { bundles: [], lost: 0 } }),
  crashRead: () => ({ kind: 'failed', why }),
  diskList: ({ after }) => ({
    kind: 'ok',
    list: { images: after === '' ? [image] : [], more: false, failures: [why] },
  }),
  diskInfo: () => ({ kind: 'failed', why }),
  diskRun: (request) => ({ kind: 'ok', job: { ...job, name: request.verb } }),
  jobWatch: ({ id, seen }) => ({ kind: 'ok', job: { ...job, id, progress: seen } }),
  jobCancel: (id) => ({ kind: 'ok', job: { ...job, id, cancelling: true } }),
  jobList: () => ({ kind: 'ok', list: { jobs: [job, job] } }),
  backup: () => ({ kind: 'failed', why }),
  restore: () => ({ kind: 'failed', why }),
  backupList: () => ({ kind: 'ok', list: { directory: '/b', backups: [] } }),
  update: () => ({ kind: 'ok', list: { changes: [change] } }),
  events: ({ since }) => ({ kind: 'ok', list: { events: [], next: since } }),
};

/** A setting that was changed. */
export const change = { section: 'vm1', key: 'mem', before: '', after: '64M', effect: 'vm' } as const;

/** `length` bytes that repeat only after 251. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i % 251;
  return bytes;
}
