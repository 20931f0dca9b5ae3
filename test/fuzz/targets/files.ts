import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/file/load.ts';
import { readConfig } from '../../../src/config/file/locate.ts';
import { configError } from '../../../src/config/problem.ts';
import { parseBase } from '../../../src/console/rotation.ts';
import { reachableMounts } from '../../../src/jail/host/mount-table.ts';
import { layoutOf } from '../../../src/jail/layout.ts';
import { parseStatus } from '../../../src/jail/status.ts';
import { readLastExit } from '../../../src/monitor/endings/last-exit.ts';
import type { KernelRun } from '../../../src/monitor/kernel-run.ts';
import { readRunRecord } from '../../../src/monitor/takeover/run-record.ts';
import { describeVm } from '../../../src/monitor/vm-info.ts';
import { fdOf } from '../../../src/plan/descriptors.ts';
import { countClaims } from '../../../src/plan/facts/core-claims.ts';
import { recallLpj } from '../../../src/plan/facts/lpj-cache.ts';
import { stepOf } from '../../../src/plan/step-of.ts';
import { XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { infoAnswerCodec } from '../../../src/rpc/umlmonctrl.gen.ts';
import { badEndOf, readMonitorEnd } from '../../../src/system/errors/monitor-exit-record.ts';
import { sampleRecord as record } from '../../monitor/takeover/sample-record.ts';
import { info } from '../../rpc/stub-handlers.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, assertSafe, type Target } from '../target.ts';
import { snapshotOf } from '../vm-snapshot.ts';

const json = {
  words: [
    'null',
    '[]',
    '{}',
    '[null]',
    '{"x":',
    '"',
    ',',
    ':',
    '-1',
    '1.5',
    '1e999',
    '""',
    'true',
    '"\\ud800"',
    '\\u0000',
    'con0',
    'launch',
  ],
  maxBytes: 65_536,
};

const records: Corpus = {
  ...json,
  samples: [record, { ...record, kernel: undefined }].map((one) => Buffer.from(JSON.stringify(one))),
};
const exits: Corpus = { ...json, samples: [Buffer.from(`${JSON.stringify(info.lastExit)}\n`)] };
const monitorEnds: Corpus = {
  ...json,
  samples: ['x is not a function', ''].map((failed) =>
    Buffer.from(
      JSON.stringify({ pid: 1, began: 1, served: true, ended: 2, reason: 'SIGTERM', failed, stack: '' }),
    ),
  ),
};
const statuses: Corpus = {
  ...json,
  samples: [
    Buffer.from('{ "child-pid": 4711, "ipc-namespace": 4026532 }\n{ "exit-code": 134 }\n'),
    Buffer.from('123456 789\n'),
    Buffer.from('{"7.2.7":38682600,"6.1.0":1}\n'),
    Buffer.from('0,2,13'),
    Buffer.from(
      '1 0 8:1 / / rw - ext4 /dev/x rw\n2 1 0:5 / /a\\040b ro master:1 - proc proc rw\n3 2 0:6 / /a\\040b/c rw - tmpfs x rw\n',
    ),
  ],
};
const overrides: Corpus = {
  samples: [
    '[vm1]\nroot_mode = ro\nappend = quiet\n',
    '[vm1]\nmem = 64M\n',
    '[vm1]\nubd0 = /disks/root.dsk\ncon1 = pty log\n',
    '[vm1]\nstop_timeout = 2m\non_crash = restart\n',
  ].map((text) => Buffer.from(text)),
  words: ['[vm1]', 'vmuser = root\n', '\0', '\x1b[2J', '=', '\n', 'kernel = /shared/kernels/x\n'],
  maxBytes: 1_100_000,
};

/** Files that a former monitor or a user left, damaged, in a directory of a VM. */
export function openFileTargets(directory: string): Target[] {
  const roots = { varDir: join(directory, 'var'), runDir: join(directory, 'run') };
  const layout = layoutOf('vm1', roots);
  for (const path of [layout.logDir, layout.coreClaims, join(roots.varDir, '.cache')])
    mkdirSync(path, { recursive: true });
  const main = join(directory, 'umlmon.ini');
  const text = `[GLOBAL]\nvardir = ${roots.varDir}\nrundir = ${roots.runDir}\n[vm1]\nvmuser = uml-vm1\nubd0 = /disks/a.dsk\n[vm2]\nvmuser = uml-vm2\nubd0 = /disks/b.dsk\n`;
  writeFileSync(main, text);
  const { config, problems: mistakes } = loadConfig(
    [{ file: main, text: Buffer.from(text), layer: 'main' }],
    {
      vardir: roots.varDir,
      rundir: roots.runDir,
      root: true,
    },
  );
  const vm = config?.vms.get('vm1');
  assert(vm !== undefined, `the configuration is right: ${JSON.stringify(mistakes)}`);

  const runRecord: Target = {
    name: 'run-record',
    share: 30,
    make: (random) => makeInput(random, records),
    run(input) {
      writeFileSync(layout.runRecord, input);
      const read = readRunRecord(layout.runRecord);
      if (!read) return 'refused';
      // What a monitor that adopts the VM uses.
      const { plan } = read;
      assert(
        Number.isInteger(fdOf(stepOf(plan, 'launch').descriptors, 'vm-lock')),
        'the lock has a descriptor',
      );
      const { mconsole, reply } = stepOf(plan, 'await-kernel');
      assert(`${mconsole}${reply}${plan.sandbox.programs.taskset}`.length > 0, 'there are paths');
      const { images } = stepOf(plan, 'lock-images');
      const all = read.disks ?? images.map((image) => ({ image, plugged: false }));
      // No image is held.
      const disks = { all, fdOf: () => undefined };
      const networks = { all: read.networks, networkWarnings: [] };
      const kernel = { plan, disks, networks, pid: 1, version: 'Linux' };
      const run = { kernel, pause: { paused: read.pause } } as unknown as KernelRun;
      encode(describeVm(snapshotOf(vm, run)));
      return 'taken';
    },
  };

  const lastExit: Target = {
    name: 'last-exit',
    share: 30,
    make: (random) => makeInput(random, exits),
    run(input) {
      writeFileSync(layout.lastExit, input);
      const read = readLastExit(layout);
      encode({ ...info, lastExit: read });
      return read ? 'taken' : 'refused';
    },
  };

  const monitorEnd: Target = {
    name: 'monitor-end',
    share: 15,
    make: (random) => makeInput(random, monitorEnds),
    run(input) {
      writeFileSync(layout.monitorEnd, input);
      const read = readMonitorEnd(layout.monitorEnd);
      if (read)
        for (const text of [read.reason, read.stack, badEndOf(read) ?? '']) assertSafe(text, 'a text');
      return read ? 'taken' : 'refused';
    },
  };

  const small: Target = {
    name: 'small-files',
    share: 30,
    make: (random) => makeInput(random, statuses),
    run(input) {
      const { initPid = 1, exitStatus = 0 } = parseStatus(input.toString('utf8'));
      const base = parseBase(input.toString());
      for (const number of [initPid, exitStatus, base?.offset ?? 0])
        assert(Number.isSafeInteger(number), `${number} is a number`);
      const mounts = reachableMounts(input.toString());
      assert(mounts.length <= input.toString().split('\n').length, 'each mount is there once');
      writeFileSync(layout.lpjCache, input);
      const lpj = recallLpj(layout.lpjCache, '7.2.7');
      assert(lpj === undefined || Number.isSafeInteger(lpj), 'a figure is a number');
      writeFileSync(join(layout.coreClaims, 'vm2'), input);
      const claims = countClaims(layout.coreClaims, 'vm1');
      for (const [core] of claims) assert(Number.isInteger(core), `core ${core} is a number`);
      return base !== undefined || lpj !== undefined || claims.size > 0 ? 'taken' : 'refused';
    },
  };

  const override: Target = {
    name: 'override-file',
    share: 15,
    make: (random) => makeInput(random, overrides),
    run(input) {
      writeFileSync(layout.config, input);
      const { config: read, problems, broken } = readConfig({ configPath: main, env: {}, uid: 0 });
      assert(read?.vms.has('vm2') === true, 'the other VM is not harmed');
      if (problems.length > 0) assertSafe(configError(problems).message, 'the error');
      return broken.has('vm1') ? 'refused' : 'taken';
    },
  };
  return [runRecord, lastExit, monitorEnd, small, override];
}

function encode(answer: typeof info): void {
  infoAnswerCodec.encode(new XdrWriter(), { kind: 'ok', info: answer });
}
