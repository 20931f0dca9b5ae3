/** The gaps of the log, known to the next monitor after one that was killed. */
import '../helpers/tiers/needs-host.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Channel } from '../../src/console/channel.ts';
import { ConsoleLog } from '../../src/console/log.ts';
import { Marks } from '../../src/console/log-marks.ts';
import { Pty } from '../../src/console/pty.ts';
import { buildProgram } from '../helpers/programs/program.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-marks-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('recorded marks survive a SIGKILL, for each channel separately', async () => {
  const program = await buildProgram('marks', {
    text: `
        import { Marks } from './src/console/log-marks.ts';
        const marks = Marks.open(process.argv[2]);
        const [con0, con15, ssl63] = ['con0', 'con15', 'ssl63'].map((name) => marks.of(name));
        con0.settle(1000);
        con0.begin();
        con0.end(24);
        con15.settle(7);
        ssl63.settle(100);
        ssl63.begin();
        process.kill(process.pid, 'SIGKILL');`,
  });
  const path = join(directory, 'marks');
  expect(spawnSync(process.execPath, [program, path])).toMatchObject({ signal: 'SIGKILL' });
  const marks = Marks.open(path);
  expect(marks.of('con0').lossSince(1000)).toEqual({ bytes: 24, exact: true });
  expect(marks.of('con0').lossSince(1024)).toEqual({ bytes: 0, exact: true });
  expect(marks.of('con15').lossSince(7)).toEqual({ bytes: 0, exact: true });
  // It was killed while it read: as much as one read gives.
  expect(marks.of('ssl63').lossSince(100)).toEqual({ bytes: 4096, exact: false });
  expect(marks.of('ssl0').lossSince(0)).toEqual({ bytes: 65536, exact: false });
  rmSync(program);
});

test('a full file system is an error when the marks are opened, not a SIGBUS when they are used', () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', directory]);
  try {
    writeFileSync(join(directory, 'filler'), Buffer.alloc(16384));
    mkdirSync(join(directory, 'd'));
    expect(() => Marks.open(join(directory, 'd/marks'))).toThrow('ENOSPC');
    truncateSync(join(directory, 'filler'), 0);
    Marks.open(join(directory, 'd/marks')).of('con3').settle(5);
    expect(readFileSync(join(directory, 'd/marks')).readDoubleLE(2 * 3 * 8 + 8)).toBe(5);
  } finally {
    // Mapped until this process ends.
    execFileSync('umount', ['-l', directory]);
  }
});

test('a pty that is taken over: missing bytes are reported in ring and log, and counted', () => {
  const path = join(directory, 'con1');
  writeFileSync(path, 'logged');
  const mark = Marks.open(join(directory, 'marks')).of('con1');
  mark.settle(6);
  mark.begin();
  mark.end(13);
  const channel = new Channel({ name: 'con1', log: new ConsoleLog(path, { maxBytes: 10_000, keep: 1 }) });
  channel.takeOver(Pty.open({ columns: 80, rows: 24 }), () => undefined, mark);
  const note = '\r\n[umlmon: taken over; 13 bytes are missing]\r\n';
  expect(readFileSync(path, 'utf8')).toBe(`logged${note}`);
  expect(Buffer.from(channel.read(0, 1000).data).toString()).toBe(note);
  expect(channel.maybeLost).toBe(13);
  expect(mark.lossSince(6 + note.length)).toEqual({ bytes: 0, exact: true });
  channel.close();
});
