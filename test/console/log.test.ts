import '../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConsoleLog, type LogChange } from '../../src/console/log.ts';
import { attributesOf, readableByUser1, setAttribute } from '../helpers/host/attributes.ts';

let directory: string;
let path: string;
let clock: number;
const now = () => clock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-log-'));
  path = join(directory, 'con0');
  clock = 1_000_000;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Contents of the files, oldest first, as cat would show them. */
function filesOf(name: string): Buffer[] {
  const found: Buffer[] = existsSync(name) ? [readFileSync(name)] : [];
  for (let i = 1; existsSync(`${name}.${i}`); i++) found.unshift(readFileSync(`${name}.${i}`));
  return found;
}

function readAll(log: ConsoleLog): string {
  const { data } = log.read(0, 1_000_000);
  return Buffer.from(data).toString();
}

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r'), maxLength: 60 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: text }) },
  { weight: 3, arbitrary: fc.record({ offset: fc.nat({ max: 900 }), max: fc.nat({ max: 120 }) }) },
  { weight: 1, arbitrary: fc.constant('reopen' as const) },
);

describe('rotation', () => {
  test.each([0, 2])('the next file has the same readers as the previous one (%i kept)', (keep) => {
    const name = join(directory, `attributes-${keep}`);
    const log = new ConsoleLog(name, { maxBytes: 8, keep });
    log.append(Buffer.from('former\n'));
    setAttribute(name, 'system.posix_acl_access', readableByUser1);
    chownSync(name, 0, 4);
    log.append(Buffer.from('newer\n'));
    expect(readFileSync(name, 'utf8')).toBe('newer\n');
    expect(attributesOf(name).get('system.posix_acl_access')).toEqual(readableByUser1);
    expect(statSync(name).gid).toBe(4);
    log.close();
  });

  test('files are the tail of the stream, bounded in size and number, and every byte in them is found by offset', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.nat({ max: 3 }),
        fc.array(step, { maxLength: 40 }),
        (maxBytes, keep, steps) => {
          const name = join(mkdtempSync(join(directory, 'p-')), 'con0');
          let log = new ConsoleLog(name, { maxBytes, keep });
          let stream = '';
          for (const one of steps) {
            if (one === 'reopen') {
              log.close();
              log = new ConsoleLog(name, { maxBytes, keep });
            } else if ('append' in one) {
              log.append(Buffer.from(one.append));
              stream += one.append;
            } else {
              const { offset, data } = log.read(one.offset, one.max);
              const from = Math.min(Math.max(one.offset, one.max > 0 ? log.oldest : 0), stream.length);
              expect(offset).toBe(from);
              expect(Buffer.from(data).toString()).toBe(stream.slice(from, from + one.max));
            }
            const files = filesOf(name);
            expect(files.length).toBeLessThanOrEqual(keep + 1);
            for (const file of files) expect(file.length).toBeLessThanOrEqual(maxBytes);
            expect(log.end).toBe(stream.length);
            expect(Buffer.concat(files).toString()).toBe(stream.slice(log.oldest));
          }
          expect([log.dropped, log.error]).toEqual([0, '']);
          log.close();
        },
      ),
      { numRuns: 150 },
    );
  });

  test('cuts after a line where it can', () => {
    const log = new ConsoleLog(path, { maxBytes: 20, keep: 2 });
    log.append(Buffer.from('first line\nsecond line\nthird'));
    expect(filesOf(path).map(String)).toEqual(['first line\n', 'second line\nthird']);
    expect(statSync(path).mode & 0o777).toBe(0o640);
  });

  test('a rotation that was cut short keeps the offsets', () => {
    const log = new ConsoleLog(path, { maxBytes: 20, keep: 3 });
    log.append(Buffer.from('0123456789abcdef\nXYZ\n'));
    expect([log.oldest, log.end]).toEqual([0, 21]);
    log.close();
    renameSync(`${path}.1`, `${path}.2`);
    renameSync(path, `${path}.1`);
    const next = new ConsoleLog(path, { maxBytes: 20, keep: 3 });
    expect([next.oldest, next.end]).toEqual([0, 21]);
    next.append(Buffer.from('+'));
    expect(readAll(next)).toBe('0123456789abcdef\nXYZ\n+');
  });

  test('without a base file, or with a damaged one, offsets are counted from what exists', () => {
    for (const base of [undefined, '', 'x', '-5 1\n', `${'9'.repeat(40)} 1\n`]) {
      writeFileSync(path, 'new');
      writeFileSync(`${path}.1`, 'older');
      if (base === undefined) rmSync(`${path}.base`, { force: true });
      else writeFileSync(`${path}.base`, base);
      const log = new ConsoleLog(path, { maxBytes: 20, keep: 3 });
      expect([log.oldest, log.end]).toEqual([0, 8]);
      expect(Buffer.from(log.read(4, 3).data).toString()).toBe('rne');
    }
  });

  test('fewer files are kept when the number is lowered', () => {
    for (let i = 1; i <= 5; i++) writeFileSync(`${path}.${i}`, `${i}`);
    const log = new ConsoleLog(path, { maxBytes: 20, keep: 2 });
    expect(filesOf(path).map(String)).toEqual(['2', '1']);
    expect(readAll(log)).toBe('21');
  });
});

describe('changes of the files by other programs', () => {
  test('a removed file is created again, an emptied one continues, and offsets only grow', () => {
    const log = new ConsoleLog(path, { maxBytes: 1000, keep: 1, now });
    log.append(Buffer.from('before'));
    rmSync(path);
    clock += 2000;
    log.append(Buffer.from('after'));
    expect(readFileSync(path, 'utf8')).toBe('after');
    expect([log.oldest, log.end]).toEqual([6, 11]);
    truncateSync(path, 0);
    clock += 2000;
    log.append(Buffer.from('more'));
    expect(readFileSync(path, 'utf8')).toBe('more');
    expect([log.oldest, log.end]).toEqual([11, 15]);
    expect(new ConsoleLog(path, { maxBytes: 1000, keep: 1 }).end).toBe(15);
  });

  test('a symbolic link is not followed', () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, path);
    const log = new ConsoleLog(path, { maxBytes: 1000, keep: 1, now });
    log.append(Buffer.from('evil'));
    expect(log.dropped).toBe(4);
    expect(log.error).toContain('ELOOP');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });

  test('a directory that vanishes is counted; when it is back, so is the log', () => {
    const place = join(directory, 'log');
    mkdirSync(place);
    const log = new ConsoleLog(join(place, 'con0'), { maxBytes: 1000, keep: 1, now });
    log.append(Buffer.from('one'));
    rmSync(place, { recursive: true });
    clock += 2000;
    log.append(Buffer.from('lost'));
    log.append(Buffer.from('also lost'));
    expect(log.dropped).toBe(13);
    expect(log.error).toContain('ENOENT');
    expect(Buffer.from(log.read(0, 10).data)).toEqual(Buffer.alloc(0));
    mkdirSync(place);
    log.append(Buffer.from('too early'));
    expect(log.dropped).toBe(22);
    clock += 2000;
    log.append(Buffer.from('back'));
    expect([log.dropped, log.error]).toEqual([22, '']);
    const note = '\r\n[umlmon: 22 bytes not logged: no such file or directory]\r\n';
    expect(readFileSync(join(place, 'con0'), 'utf8')).toBe(`${note}back`);
  });
});

test('a full disk is counted, and writing continues when there is space', () => {
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  const log = new ConsoleLog(join(disk, 'con0'), { maxBytes: 200_000, keep: 2, now });
  const changes: LogChange[] = [];
  log.onChange = (change) => changes.push(change);
  try {
    for (let i = 0; i < 10; i++) log.append(Buffer.alloc(10_000, 'x'));
    expect(log.error).toContain('ENOSPC');
    expect(log.end + log.dropped).toBe(100_000);
    expect(log.end).toBe(statSync(join(disk, 'con0')).size);
    expect(log.end).toBeGreaterThan(50_000);
    const dropped = log.dropped;
    clock += 2000;
    log.append(Buffer.from('still full'));
    expect(log.dropped).toBe(dropped + 10);

    execFileSync('mount', ['-o', 'remount,size=256k', disk]);
    clock += 2000;
    log.append(Buffer.from('room again'));
    expect([log.dropped, log.error]).toEqual([dropped + 10, '']);
    const note = `\r\n[umlmon: ${dropped + 10} bytes not logged: no space left on device]\r\n`;
    expect(readAll(log).endsWith(`x${note}room again`)).toBe(true);
    expect(changes).toEqual([{ failed: 'no space left on device' }, { missing: dropped + 10 }]);

    log.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    log.append(Buffer.from('read only'));
    expect(log.error).toContain('EROFS');
  } finally {
    log.close();
    execFileSync('umount', [disk]);
  }
});

test('is a destination for pino', () => {
  const log = new ConsoleLog(path, { maxBytes: 10_000, keep: 1 });
  pino({ base: null }, log).info({ vm: 'vm1' }, 'started');
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ level: 30, vm: 'vm1', msg: 'started' });
});
