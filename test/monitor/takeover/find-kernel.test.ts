import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { layoutOf } from '../../../src/jail/layout.ts';
import { findKernel } from '../../../src/monitor/takeover/find-kernel.ts';
import { writeRunRecord } from '../../../src/monitor/takeover/run-record.ts';
import { thisMoment } from '../../../src/system/clock.ts';
import { processIdentity } from '../../../src/system/native/process.ts';
import { sampleRecord } from './sample-record.ts';

const varDir = mkdtempSync(join(tmpdir(), 'umlmon-find-'));
afterAll(() => rmSync(varDir, { recursive: true }));

test('a process of this boot is not one that was recorded before the host crashed', async () => {
  const layout = layoutOf('vm1', { varDir, runDir: varDir });
  mkdirSync(dirname(layout.runRecord), { recursive: true });
  const init = processIdentity(process.pid);
  if (!init) throw new Error('this process is not found');
  writeRunRecord(layout.runRecord, {
    ...sampleRecord,
    init,
    moment: { ...thisMoment(), boot: '5f6c1a8e-0000-4000-8000-000000000000' },
  });
  expect(await findKernel(layout)).toEqual({ found: 'nothing' });
});
