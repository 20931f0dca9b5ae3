import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { Pty } from '../../src/console/pty.ts';
import { pidfdGetfd, pidfdOpen } from '../../src/system/native/native.ts';

const open: Pty[] = [];
const children: ChildProcess[] = [];

afterEach(() => {
  for (const pty of open.splice(0)) pty.close();
  for (const child of children.splice(0)) endGroup(child);
});

/** A pty whose output is collected. */
function collect(pty: Pty) {
  open.push(pty);
  const parts: Buffer[] = [];
  const wakers = new Set<() => void>();
  pty.start({
    data: (bytes) => {
      parts.push(Buffer.from(bytes));
      for (const wake of wakers) wake();
    },
    failed: (error) => {
      throw error;
    },
  });
  const bytes = () => Buffer.concat(parts);
  const until = (condition: (seen: Buffer) => boolean) =>
    new Promise<Buffer>((resolve) => {
      const check = () => {
        if (!condition(bytes())) return;
        wakers.delete(check);
        resolve(bytes());
      };
      wakers.add(check);
      check();
    });
  return { bytes, until };
}

/** Ends a child and its own children; it is the leader of their group. */
function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL');
  } catch (error) {
    expect(error).toMatchObject({ code: 'ESRCH' });
  }
}

function run(pty: Pty, command: string): ChildProcess {
  const child = spawn('sh', ['-c', command], { stdio: [pty.slave, pty.slave, pty.slave], detached: true });
  children.push(child);
  return child;
}

async function typeAll(pty: Pty, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && open.includes(pty); ) {
    at += pty.write(bytes.subarray(at));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

describe('a pty', () => {
  test('talks both ways, without echo', async () => {
    const pty = Pty.open({ columns: 80, rows: 24 });
    const { bytes, until } = collect(pty);
    expect(pty.write(Buffer.from('typed early\n'))).toBe(12);
    run(pty, 'echo ready; cat');
    await until((seen) => seen.includes('typed early\n'));
    expect(bytes().toString()).toBe('ready\ntyped early\n');
    pty.write(Buffer.from('\x03\x04'));
    await until((seen) => seen.includes('\x03\x04'));
  });

  test('has its initial size, and later a new size', async () => {
    const pty = Pty.open({ columns: 101, rows: 31 });
    const { bytes, until } = collect(pty);
    run(pty, 'stty size; read line; stty size; stty -a | tr " " "\\n" | grep -x -e -echo -e -icanon');
    await until((seen) => seen.toString() === '31 101\n');
    pty.resize({ columns: 132, rows: 43 });
    pty.write(Buffer.from('\n'));
    await until((seen) => seen.includes('-echo\n'));
    expect(bytes().toString()).toBe('31 101\n43 132\n-icanon\n-echo\n');
  });

  test('gives the last byte of a child that has ended, every time', async () => {
    for (let round = 0; round < 20; round++) {
      const pty = Pty.open({ columns: 80, rows: 24 });
      const { until } = collect(pty);
      const child = run(pty, 'head -c 100000 /dev/zero; printf end');
      await once(child, 'exit');
      const seen = await until((bytes) => bytes.includes('end'));
      expect(seen.length).toBe(100_003);
    }
  });

  test('passes 2 MB to a slow reader and back, unchanged, while others work', async () => {
    const pty = Pty.open({ columns: 80, rows: 24 });
    const other = collect(Pty.open({ columns: 80, rows: 24 }));
    const { until } = collect(pty);
    const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => (i * 2_654_435_761) >>> 13));
    const reader = `stty raw -echo; echo ready; n=0; while [ $n -lt 100 ]; do head -c 20000; n=$((n+1)); [ $((n%25)) = 0 ] && sleep 0.05; done`;
    run(pty, reader);
    await until((seen) => seen.includes('ready\n'));
    const echoing = open[0] as Pty;
    expect(echoing).not.toBe(pty);
    const typing = typeAll(pty, bytes);
    expect(pty.queued).toBeGreaterThan(0);
    run(echoing, 'cat');
    echoing.write(Buffer.from('still here'));
    await other.until((seen) => seen.includes('still here'));
    await typing;
    const back = (await until((seen) => seen.length >= bytes.length + 6)).subarray(6);
    expect(md5(back)).toBe(md5(bytes));
  });

  test('accepts a bounded amount for a child that does not read, and returns how much', () => {
    const pty = Pty.open({ columns: 80, rows: 24 });
    collect(pty);
    let accepted = 0;
    for (let i = 0; i < 100; i++) accepted += pty.write(Buffer.alloc(10_000));
    expect(accepted).toBeGreaterThanOrEqual(64 * 1024);
    expect(accepted).toBeLessThan(256 * 1024);
    expect(pty.queued).toBe(64 * 1024);
    expect(pty.write(Buffer.of(1))).toBe(0);
  });

  test('stays usable for the next child after its child has exited', async () => {
    const pty = Pty.open({ columns: 80, rows: 24 });
    const { bytes, until } = collect(pty);
    await once(run(pty, 'echo one'), 'exit');
    await once(run(pty, 'echo two'), 'exit');
    await until((seen) => seen.includes('two\n'));
    expect(bytes().toString()).toBe('one\ntwo\n');
  });

  test('is not inherited by other children, and close frees its descriptors', () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    const pty = Pty.open({ columns: 80, rows: 24 });
    expect(count()).toBe(before + 2);
    const inherited = execFileSync('sh', ['-c', 'ls -l /proc/self/fd']).toString();
    expect(inherited).not.toMatch(/ptmx|pts/);
    pty.close();
    pty.close();
    expect(count()).toBe(before);
    expect(pty.write(Buffer.of(1))).toBe(0);
  });

  test('is taken over from another process, with the bytes written meanwhile', async () => {
    const first = Pty.open({ columns: 80, rows: 24 });
    const keeper = spawn('sh', ['-c', 'stty size; cat'], {
      stdio: [first.slave, first.slave, 'ignore', first.master],
      detached: true,
    });
    children.push(keeper);
    first.close();
    const pidfd = pidfdOpen(keeper.pid as number);
    const pty = Pty.adopt(pidfdGetfd(pidfd, 3));
    closeSync(pidfd);
    expect(readlinkSync(`/proc/self/fd/${pty.slave}`)).toBe(readlinkSync(`/proc/${keeper.pid}/fd/0`));
    const { until } = collect(pty);
    pty.write(Buffer.from('hello again\n'));
    await until((seen) => seen.toString() === '24 80\nhello again\n');
  });
});
