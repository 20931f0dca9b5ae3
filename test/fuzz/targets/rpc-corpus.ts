import { writeCall, writeReply } from '../../../src/rpc/codec/message.ts';
import { beginRecord, sealRecord } from '../../../src/rpc/codec/record.ts';
import { type Codec, XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { change, image, info, job, pattern, picture, viewer, why } from '../../rpc/stub-handlers.ts';

const failed = { kind: 'failed', why };
const report = { id: 3, joined: true, state: 'stopped', elapsedMs: 5, summary: 'stopped' };
const event = {
  sequence: 7,
  time: 1_700_000_000_000,
  kind: 'state',
  text: 'stopped → starting',
  attributes: [{ name: 'to', value: 'x' }],
};

const backup = {
  name: 'nightly',
  takenAt: 1_700_000_000_000,
  consistency: 'frozen',
  pauseMs: 12,
  sound: true,
  images: ['/disks/root.dsk'],
  bytes: 2 ** 40,
};
const bundle = {
  name: '2026-11-21T12-34-56Z',
  endedAt: 1_700_000_000_000,
  cause: 'crash',
  panic: 'Attempted to kill init!',
  files: [{ path: 'exit.json', bytes: 200 }],
};

const cow = { format: 3, changed: 8192, merging: false };
const result = { summary: 'copied', image: 'vm1:/disks/b.dsk', bytes: 9, report: 'e2fsck\nclean' };

/** More arguments of procedures that know several kinds of them. */
const moreArgs = {
  diskRun: [
    { verb: 'delete', image: '/disks/a.dsk' },
    { verb: 'cow-merge', pair: { image: '/disks/a.cow', other: '' } },
    { verb: 'cow-rebase', rebase: { image: '/disks/a.cow', backing: '/disks/b.dsk', sameContent: true } },
    { verb: 'snapshot', snapshot: { image: '/disks/a.dsk', name: 'before' } },
  ],
};

/** Arguments and results of every procedure. */
export const values: Readonly<
  Record<keyof typeof umlmonctrl.procedures, { args: unknown; results: readonly unknown[] }>
> = {
  null: { args: undefined, results: [undefined] },
  authBegin: {
    args: 'n,,n=vm1,r=fyko+d2lbbFgONRv9qkxdawL',
    results: [{ kind: 'ok', step: { message: 'r=fyko,s=QSXCR+Q6sek8bf92,i=4096', role: '' } }, failed],
  },
  authFinish: {
    args: 'c=biws,r=fyko,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    results: [
      { kind: 'ok', step: { message: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=', role: 'admin' } },
      failed,
    ],
  },
  actFor: {
    args: { user: 'tutor', role: 'operate', address: '192.0.2.7' },
    results: [{ kind: 'ok', role: 'view' }, failed],
  },
  plan: { args: undefined, results: [{ kind: 'ok', plan: 'plan for vm1\n' }, failed] },
  written: {
    args: undefined,
    results: [
      { kind: 'ok', written: { settings: info.settings, problems: ['umlmon.conf:3: no such key'] } },
      failed,
    ],
  },
  security: {
    args: undefined,
    results: [
      {
        kind: 'ok',
        list: {
          events: [
            {
              ...{ sequence: 3, time: 1_700_000_000_000, last: 1_700_000_000_500, count: 2, kind: 'refused' },
              ...{ who: 'uid 1000', from: '', what: 'kill', result: 'ROLE_TOO_LOW' },
            },
          ],
          dropped: 1,
        },
      },
      failed,
    ],
  },
  info: {
    args: undefined,
    results: [{ kind: 'ok', info }, { kind: 'ok', info: { ...info, lastExit: null } }, failed],
  },
  start: { args: undefined, results: [{ kind: 'ok', report }, failed] },
  stop: { args: { timeoutMs: 5000 }, results: [{ kind: 'ok', report }, failed] },
  kill: { args: undefined, results: [{ kind: 'ok', report }, failed] },
  ctrlAltDel: { args: undefined, results: [{ kind: 'ok' }, failed] },
  plug: { args: { unit: 1, disk: '/disks/a.dsk ro' }, results: [{ kind: 'ok' }, failed] },
  unplug: { args: 1, results: [{ kind: 'ok' }, failed] },
  plugNetwork: { args: { unit: 1, network: 'network(name=lab)' }, results: [{ kind: 'ok' }, failed] },
  unplugNetwork: { args: 1, results: [{ kind: 'ok' }, failed] },
  consoleAttach: {
    args: { channel: 'con1', columns: 80, rows: 24 },
    results: [{ kind: 'ok', attached: { id: 1, oldest: 0, next: 99, began: 17 } }, failed],
  },
  consoleRead: {
    args: { id: 1, offset: 5, max: 65_536, waitMs: 30_000 },
    results: [{ kind: 'ok', bytes: { offset: 5, data: pattern(61), ended: false } }, failed],
  },
  consoleWrite: { args: { id: 1, data: pattern(7) }, results: [{ kind: 'ok', accepted: 7 }, failed] },
  consoleResize: { args: { id: 1, columns: 132, rows: 50 }, results: [{ kind: 'ok' }, failed] },
  consoleDetach: { args: 1, results: [{ kind: 'ok' }, failed] },
  consoleControl: {
    args: { id: 1, action: 'take' },
    results: [{ kind: 'ok', control: { yours: false, controller: viewer } }, failed],
  },
  consoleWho: { args: 'con1', results: [{ kind: 'ok', list: { viewers: [viewer] } }, failed] },
  consoleReplay: {
    args: { channel: 'con1', history: 100 },
    results: [
      {
        kind: 'ok',
        replay: { offset: 9, columns: 80, rows: 24, history: 3, full: true, data: pattern(40) },
      },
      failed,
    ],
  },
  consolePicture: { args: { channel: 'con1', history: 0 }, results: [{ kind: 'ok', picture }, failed] },
  consoleNote: { args: { channel: 'con1', text: 'who was it?' }, results: [{ kind: 'ok' }, failed] },
  logRead: {
    args: { channel: 'con0', offset: 0, max: 4096, waitMs: 0 },
    results: [{ kind: 'ok', bytes: { offset: 0, data: pattern(50), oldest: 0, end: 50 } }, failed],
  },
  events: {
    args: { since: 1, max: 64, waitMs: 0 },
    results: [{ kind: 'ok', list: { events: [event, event], next: 9 } }, failed],
  },
  stats: {
    args: undefined,
    results: [
      {
        kind: 'ok',
        stats: {
          time: 1_700_000_000_000,
          ...{ uptimeMs: 5, load1: 1, load5: 2, load15: 3, tasks: 40, tasksRunnable: 1 },
          ...{ cpuUserMs: 10, cpuSystemMs: 20, cpuIdleMs: 30, cpuIowaitMs: 0 },
          ...{ memTotal: 9, memFree: 8, memAvailable: 7 },
          disks: [{ name: 'ubda', reads: 1, readBytes: 512, writes: 2, writtenBytes: 1024 }],
          networks: [],
        },
      },
      failed,
    ],
  },
  memTrim: { args: undefined, results: [{ kind: 'ok', report: { before: 9, after: 1 } }, failed] },
  mconsole: {
    args: 'config ubd1=/disks/x.dsk',
    results: [{ kind: 'ok', reply: { text: 'Linux vm1', truncated: true } }, failed],
  },
  pause: {
    args: undefined,
    results: [{ kind: 'ok', paused: { since: 1_700_000_000_000, by: 'uid 0', resumesAt: 0 } }, failed],
  },
  resume: { args: undefined, results: [{ kind: 'ok' }, failed] },
  crashList: {
    args: undefined,
    results: [{ kind: 'ok', list: { bundles: [bundle, bundle], lost: 3 } }, failed],
  },
  crashRead: {
    args: { bundle: bundle.name, file: 'console/con0', offset: 0, max: 65_536 },
    results: [{ kind: 'ok', bytes: { data: Buffer.from('panic'), size: 5 } }, failed],
  },
  diskList: {
    args: { after: '/disks/a.dsk', max: 64 },
    results: [{ kind: 'ok', list: { images: [image, image], more: true, failures: [why] } }, failed],
  },
  diskInfo: {
    args: '/disks/web.cow',
    results: [
      { kind: 'ok', details: { image, content: 'ext4', hazard: '', cow } },
      { kind: 'ok', details: { image, content: '', hazard: 'partitions', cow: null } },
      failed,
    ],
  },
  diskRun: {
    args: { verb: 'create', sized: { image: '/disks/a.dsk', size: 2 ** 40, filesystem: true } },
    results: [{ kind: 'ok', job }, failed],
  },
  jobWatch: {
    args: { id: 3, seen: 7, waitMs: 30_000 },
    results: [
      { kind: 'ok', job },
      { kind: 'ok', job: { ...job, ended: job.began + 1, outcome: { state: 'done', result } } },
      { kind: 'ok', job: { ...job, outcome: { state: 'failed', why } } },
      { kind: 'ok', job: { ...job, cancelling: true, outcome: { state: 'cancelled' } } },
    ],
  },
  jobCancel: { args: 3, results: [{ kind: 'ok', job }, failed] },
  jobList: { args: undefined, results: [{ kind: 'ok', list: { jobs: [job, job] } }, failed] },
  backup: { args: { name: 'nightly' }, results: [failed] },
  restore: { args: { name: 'nightly' }, results: [failed] },
  backupList: {
    args: undefined,
    results: [{ kind: 'ok', list: { directory: '/b', backups: [backup, backup] } }, failed],
  },
  update: {
    args: { dryRun: true },
    results: [{ kind: 'ok', list: { changes: [change, change] } }, failed],
  },
};

export interface Encoded {
  readonly name: string;
  readonly number: number;
  readonly codec: Codec<unknown>;
  readonly bytes: Buffer;
}

export const encodedArgs: readonly Encoded[] = Object.entries(umlmonctrl.procedures).flatMap(
  ([name, { number, args }]) => {
    const codec: Codec<unknown> = args;
    const more: readonly unknown[] = moreArgs[name as keyof typeof moreArgs] ?? [];
    return [values[name as keyof typeof values].args, ...more].map((value) => ({
      name,
      number,
      codec,
      bytes: encode(codec, value),
    }));
  },
);

export const encodedResults: readonly Encoded[] = Object.entries(umlmonctrl.procedures).flatMap(
  ([name, { number, result }]) => {
    const codec: Codec<unknown> = result;
    return values[name as keyof typeof values].results.map((value) => ({
      name,
      number,
      codec,
      bytes: encode(codec, value),
    }));
  },
);

function encode(codec: Codec<unknown>, value: unknown): Buffer {
  const writer = new XdrWriter();
  codec.encode(writer, value);
  return Buffer.from(writer.bytes());
}

const { program, version } = umlmonctrl;

/** A call of every procedure, each a sealed record; one with a credential of AUTH_SYS. */
export const callRecords: readonly Buffer[] = [
  ...encodedArgs.map(({ number, bytes }) => callOf(number, bytes)),
  withAuthSys(callOf(1, Buffer.alloc(0))),
];

/** Replies of all kinds, each a sealed record. */
export const replyRecords: readonly Buffer[] = [
  ...encodedResults.map(({ bytes }) => replyOf({ status: 'success' }, bytes)),
  replyOf({ status: 'prog-mismatch', low: 1, high: 1 }),
  replyOf({ status: 'rpc-mismatch', low: 2, high: 2 }),
  replyOf({ status: 'auth-error', problem: 1 }),
  replyOf({ status: 'garbage-args' }),
];

export function callOf(procedure: number, args: Buffer, xid = 7): Buffer {
  const writer = beginRecord();
  writeCall(writer, { xid, program, version, procedure });
  writer.fixedOpaque(args, args.length);
  return Buffer.from(sealRecord(writer));
}

function replyOf(status: Parameters<typeof writeReply>[2], results: Buffer = Buffer.alloc(0)): Buffer {
  const writer = beginRecord();
  writeReply(writer, 7, status);
  writer.fixedOpaque(results, results.length);
  return Buffer.from(sealRecord(writer));
}

/** RFC 5531 appendix A: stamp, machine, uid, gid, gids. */
function withAuthSys(call: Buffer): Buffer {
  const body = new XdrWriter();
  body.uint(1);
  body.string('host', 255);
  for (const word of [0, 0, 2, 4, 24]) body.uint(word);
  const head = new XdrWriter();
  head.uint(1);
  head.opaque(body.bytes(), 400);
  // Mark and six words, then the credential of 8 bytes that is replaced.
  const record = Buffer.concat([call.subarray(0, 28), head.bytes(), call.subarray(36)]);
  record.writeUInt32BE(2 ** 31 + record.length - 4, 0);
  return record;
}
