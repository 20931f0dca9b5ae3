import '../../helpers/tiers/needs-host.ts';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as native from '../../../src/system/native/native.ts';

let directory: string;
let descriptors: number[];
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-native-'));
  descriptors = [];
});
afterEach(() => {
  for (const fd of descriptors) closeSync(fd);
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

function keep(fd: number): number {
  descriptors.push(fd);
  return fd;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
  return 'no error';
}

describe('lock', () => {
  /** util-linux flock(1), which holds the lock until it exits. */
  async function hold(file: string, mode: '-x' | '-s'): Promise<ChildProcess> {
    const child = spawn('flock', [mode, '--no-fork', file, 'sh', '-c', 'echo held; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    await once(child.stdout as Socket, 'data');
    return child;
  }

  test('an exclusive lock of another process is respected, and gone with SIGKILL', async () => {
    const file = join(directory, 'lock');
    const fd = keep(openSync(file, 'w'));
    const child = await hold(file, '-x');
    expect(native.lock(fd, 'exclusive')).toBe(false);
    expect(native.lock(fd, 'shared')).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(native.lock(fd, 'exclusive')).toBe(true);
    const other = spawn('flock', ['-n', file, 'true']);
    children.push(other);
    expect((await once(other, 'exit'))[0]).toBe(1);
  });

  test('shared locks go together', async () => {
    const file = join(directory, 'lock');
    const fd = keep(openSync(file, 'w'));
    await hold(file, '-s');
    expect(native.lock(fd, 'shared')).toBe(true);
    expect(native.lock(fd, 'exclusive')).toBe(false);
  });

  test('a bad descriptor is an error with the form of those of node:fs', () => {
    expect(() => native.lock(987_654, 'shared')).toThrow('EBADF: bad file descriptor, flock');
  });
});

test('close-on-exec decides what a child inherits', async () => {
  const fd = keep(openSync(join(directory, 'inherited'), 'w'));
  const lookUp = async () => {
    const child = spawn('sh', ['-c', `readlink /proc/self/fd/${fd}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (part) => {
      text += part;
    });
    await once(child, 'close');
    return text.trim();
  };
  native.setCloseOnExec(fd, false);
  expect(await lookUp()).toBe(join(directory, 'inherited'));
  native.setCloseOnExec(fd, true);
  expect(await lookUp()).toBe('');
});

test('peer credentials name the process that connected', async () => {
  const path = join(directory, 'ctrl');
  const server = createServer().listen(path);
  await once(server, 'listening');
  chmodSync(directory, 0o755);
  chmodSync(path, 0o777);
  const [uid, gid] = [61_234, 61_235];
  const child = spawn(
    process.execPath,
    ['-e', `process.setgid(${gid});process.setuid(${uid});require('net').connect(process.argv[1])`, path],
    { stdio: 'inherit' },
  );
  children.push(child);
  await import('node:fs/promises').then((fs) =>
    Promise.all([fs.chmod(directory, 0o755), fs.chmod(path, 0o777)]),
  );
  const [socket] = (await once(server, 'connection')) as [Socket & { _handle: { fd: number } }];
  expect(native.peerCredentials(socket._handle.fd)).toEqual({ pid: child.pid, uid, gid });
  socket.destroy();
  server.close();
});

describe('datagrams', () => {
  test('path, abstract and automatic names; lengths, order, truncation', () => {
    const path = join(directory, 'a');
    const receiver = keep(native.openDatagram(path));
    const abstract = keep(native.openDatagram(`\0umlmon-test-${process.pid}`));
    const sender = keep(native.openDatagram(''));
    expect(statSync(path).mode & 0o777).toBe(0o777);
    const self = { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() };
    const buffer = Buffer.alloc(4);
    expect(native.receiveDatagram(receiver, buffer)).toBeNull();
    native.sendDatagram(sender, Buffer.from('one'), path);
    native.sendDatagram(sender, new Uint8Array(0), path);
    native.sendDatagram(sender, Buffer.from('three'), path);
    expect(native.receiveDatagram(receiver, buffer)).toEqual({ length: 3, truncated: false, sender: self });
    expect(buffer.toString('latin1', 0, 3)).toBe('one');
    expect(native.receiveDatagram(receiver, buffer)).toEqual({ length: 0, truncated: false, sender: self });
    expect(native.receiveDatagram(receiver, buffer)).toEqual({ length: 4, truncated: true, sender: self });
    native.sendDatagram(sender, Buffer.from('name'), `\0umlmon-test-${process.pid}`);
    expect(native.receiveDatagram(abstract, buffer)).toEqual({ length: 4, truncated: false, sender: self });
    expect(buffer.toString()).toBe('name');
  });

  test('each has its true sender, also one that claims another process, and passes no descriptors', () => {
    const path = join(directory, 'who');
    const receiver = keep(native.openDatagram(path));
    chmodSync(directory, 0o755);
    // SCM_CREDENTIALS of process 1, which only root may send; then the truth, with descriptors.
    const claims = (pid: string) => `
import os, socket, struct
os.setgroups([]); os.setgid(61235); os.setuid(61234)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ids = struct.pack("iII", ${pid}, os.getuid(), os.getgid())
fds = struct.pack("ii", *os.pipe())
try: s.sendmsg([b"x"], [(1, 2, ids), (1, 1, fds)], 0, ${JSON.stringify(path)})
except PermissionError: s.sendto(b"refused", ${JSON.stringify(path)})
print(os.getpid())`;
    const buffer = Buffer.alloc(16);
    const descriptors = readdirSync('/proc/self/fd').length;
    for (const [pid, text] of [
      ['1', 'refused'],
      ['os.getpid()', 'x'],
    ] as const) {
      const { stdout, stderr } = spawnSync('python3', ['-c', claims(pid)], { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(native.receiveDatagram(receiver, buffer)).toEqual({
        length: text.length,
        truncated: false,
        sender: { pid: Number(stdout), uid: 61_234, gid: 61_235 },
      });
      expect(buffer.toString('latin1', 0, text.length)).toBe(text);
    }
    expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors);
  });

  test('errors are named', () => {
    const sender = keep(native.openDatagram(''));
    const path = join(directory, 'full');
    expect(codeOf(() => native.sendDatagram(sender, Buffer.of(1), path))).toBe('ENOENT');
    keep(native.openDatagram(path));
    expect(codeOf(() => native.openDatagram(path))).toBe('EADDRINUSE');
    expect(codeOf(() => native.openDatagram(join(directory, 'x'.repeat(108))))).toBe('ENAMETOOLONG');
    expect(codeOf(() => native.openDatagram(`${path}\0y`))).toBe('EINVAL');
    const fill = () => {
      for (let i = 0; i < 100_000; i++) native.sendDatagram(sender, Buffer.of(1), path);
    };
    expect(codeOf(fill)).toBe('EAGAIN');
  });

  test('the umask is the same afterwards, also after a failure', () => {
    const before = process.umask();
    codeOf(() => native.openDatagram(join(directory, 'no/such/directory')));
    expect(process.umask()).toBe(before);
  });

  test('a failed bind leaks no descriptor', () => {
    const first = keep(openSync('/dev/null', 'r'));
    for (let i = 0; i < 50; i++) codeOf(() => native.openDatagram(join(directory, 'no/such/directory')));
    expect(keep(openSync('/dev/null', 'r'))).toBeLessThan(first + 10);
  });
});

test('a held file is seen as held by others, until the last descriptor of it is closed', async () => {
  const path = join(directory, 'held');
  const fd = openSync(path, 'w+');
  expect(native.hold(fd)).toBe(true);
  const other = keep(openSync(path, 'r+'));
  expect([native.isHeld(other), native.isHeld(other), native.hold(other)]).toEqual([true, true, false]);
  // The lock of `lock` is another one.
  expect(native.lock(other, 'exclusive')).toBe(true);
  const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  children.push(child);
  await once(child, 'spawn');
  closeSync(fd);
  expect(native.isHeld(other)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect([native.isHeld(other), native.hold(other)]).toEqual([false, true]);
});

test('a descriptor is copied from another process', async () => {
  const file = join(directory, 'theirs');
  const child = spawn('sh', ['-c', 'exec 7>"$0"; echo ready; exec sleep 60', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout as Socket, 'data');
  const pidfd = keep(native.pidfdOpen(child.pid as number));
  const taken = keep(native.pidfdGetfd(pidfd, 7));
  writeSync(taken, 'ours');
  expect(readFileSync(file, 'utf8')).toBe('ours');
  expect(fstatSync(taken).ino).toBe(statSync(file).ino);
  expect(readFileSync(`/proc/self/fdinfo/${taken}`, 'utf8')).toMatch(/flags:\s+02\d{6}/);
  expect(codeOf(() => native.pidfdGetfd(pidfd, 99))).toBe('EBADF');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(codeOf(() => native.pidfdGetfd(pidfd, 7))).toBe('ESRCH');
  expect(codeOf(() => native.pidfdOpen(child.pid as number))).toBe('ESRCH');
});
