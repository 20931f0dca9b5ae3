import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { layoutOf, type VmLayout } from '../../../src/jail/layout.ts';
import { readLastExit, writeLastExit } from '../../../src/monitor/endings/last-exit.ts';
import { readRunRecord, writeRunRecord } from '../../../src/monitor/takeover/run-record.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';
import { info } from '../../rpc/stub-handlers.ts';
import { sampleRecord } from '../takeover/sample-record.ts';

let directory: string;
let layout: VmLayout;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-damaged-'));
  layout = layoutOf('vm1', { varDir: join(directory, 'var'), runDir: join(directory, 'run') });
  for (const path of [layout.lastExit, layout.runRecord]) mkdirSync(dirname(path), { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

const exit = info.lastExit;
if (!exit) throw new Error('the sample has no exit record');

describe('an exit record', () => {
  test('comes back as it was written', () => {
    writeLastExit(layout, exit);
    expect(readLastExit(layout)).toEqual(exit);
  });

  // Each of these would make every answer to INFO fail.
  test.each<[string, object]>([
    ['a cause that there is none of', { cause: 'boredom' }],
    ['a time that is no whole number', { endedAt: 1.5 }],
    ['a time before 1970', { endedAt: -1 }],
    ['a status beyond an int', { code: 2 ** 40 }],
    ['last lines that no answer carries', { lastLines: 'x'.repeat(4097) }],
    ['half a character', { panic: '\ud800' }],
  ])('with %s counts as none', (_name, damage) => {
    writeFileSync(layout.lastExit, JSON.stringify({ ...exit, ...damage }));
    expect(readLastExit(layout)).toBeNull();
  });
});

describe('the record of a running kernel', () => {
  test('comes back as it was written', () => {
    writeRunRecord(layout.runRecord, sampleRecord);
    expect(readRunRecord(layout.runRecord)).toEqual({ ...sampleRecord, reached: {} });
  });

  const { plan } = sampleRecord;
  test.each<[string, unknown]>([
    ['nothing in it', null],
    ['no cores', { ...sampleRecord, plan: { ...plan, cpus: undefined } }],
    ['a text for its cores', { ...sampleRecord, plan: { ...plan, cpus: '12' } }],
    ['a size that is none', { ...sampleRecord, plan: { ...plan, mem: -1 } }],
    ['no steps', { ...sampleRecord, plan: { ...plan, steps: [] } }],
    ['a step that is none', { ...sampleRecord, plan: { ...plan, steps: [null, ...plan.steps] } }],
    ['no programs', { ...sampleRecord, plan: { ...plan, sandbox: {} } }],
    ['a number for the VM', { ...sampleRecord, plan: { ...plan, vm: 1 } }],
  ])('with %s counts as none', (_name, record) => {
    writeFileSync(layout.runRecord, JSON.stringify(record));
    expect(readRunRecord(layout.runRecord)).toBeUndefined();
  });
});

describe.each([
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a device without end', (path: string) => symlinkSync('/dev/zero', path)],
  ['too large a file', (path: string) => writeFileSync(path, ' '.repeat(monitorLimits.runRecordBytes + 1))],
  ['a directory', (path: string) => mkdirSync(path)],
])('%s in the place of a record', (_name, make) => {
  test('counts as none, and nothing waits for it', () => {
    make(layout.lastExit);
    make(layout.runRecord);
    expect(readLastExit(layout)).toBeNull();
    expect(readRunRecord(layout.runRecord)).toBeUndefined();
  });
});
