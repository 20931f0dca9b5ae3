/** A kernel of umlrun that its guest has taken over: a C program in its place (helpers/hostile/hostile-run.c). */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatagram, receiveDatagram } from '../../src/system/native/native.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';
import { compile } from '../helpers/programs/compile.ts';
import { nobody, program, World } from '../helpers/programs/world.ts';

let world: World;
/** Of user nobody: runs of root run as this user. */
let share: string;
let kernel: string;

beforeEach(() => {
  world = new World();
  world.configure({});
  world.addSharedImage();
  share = join(world.home, 'share');
  mkdirSync(share);
  chownSync(share, nobody, nobody);
  kernel = join(world.home, 'hostile');
  compile('hostile-run.c', kernel);
});

afterEach(() => world.close());

/** The output of the program, which executes a list of orders. */
function attack(
  orders: readonly string[],
  args: readonly string[],
  within: readonly string[] = [],
): string[] {
  writeFileSync(join(share, 'orders'), orders.join('\n'), { mode: 0o644 });
  const [command = '', ...rest] = [
    ...within,
    program('umlrun'),
    ...['-config', world.configPath, '-kernel', kernel, '-share', share, ...args, '--', 'true'],
  ];
  const { stderr } = spawnSync(command, rest, { encoding: 'utf8', timeout: 60_000 });
  const lines = stderr.split(/\r?\n/);
  expect(lines[0]).toBe('umlrun: the VM: the kernel exited with status 3; the last lines of its kernel:');
  return lines
    .slice(1)
    .map((line) => line.trimEnd())
    .filter(Boolean);
}

const answer = (lines: readonly string[], to: string) => lines.find((line) => line.startsWith(to));

test('has no descriptor of a directory or file of the host: none but its own sockets', () => {
  expect(attack([], [])).toEqual(['descriptors: 0 1 2 5']);
});

interface Listening {
  readonly server: Server;
  readonly datagram: number;
  /** What has reached them. */
  heard(): string[];
  close(): void;
}

async function listen(directory: string): Promise<Listening> {
  const heard: string[] = [];
  const server = createServer((socket) => {
    heard.push('connection');
    socket.destroy();
  });
  server.listen(join(directory, 'stream.sock'));
  await once(server, 'listening');
  chmodSync(join(directory, 'stream.sock'), 0o666);
  const datagram = openDatagram(join(directory, 'datagram.sock'));
  return {
    server,
    datagram,
    heard: () => {
      const buffer = Buffer.alloc(16);
      while (receiveDatagram(datagram, buffer)) heard.push('datagram');
      return heard;
    },
    close: () => {
      server.close();
      closeSync(datagram);
    },
  };
}

test('reaches no Unix socket of the host, in shares and root, by any call or descriptor', async () => {
  const root = join(world.home, 'root');
  mkdirSync(root);
  const inShare = await listen(share);
  const inRoot = await listen(root);
  try {
    const lines = attack(['sockets /share/0', 'sockets /root'], ['-root', root]).slice(1);
    const refused = 'stat=ok stream=EPERM connect=EPERM datagram=EPERM pair=EPERM packets=ok to-peer';
    expect(lines).toEqual([refused, refused]);
    // The event loop reports any connection before this callback.
    await new Promise((resolve) => setImmediate(resolve));
    expect([...inShare.heard(), ...inRoot.heard()]).toEqual([]);
  } finally {
    inShare.close();
    inRoot.close();
  }
});

test('makes no file or directory with a set-id bit in a share, by any call', () => {
  const [, said = ''] = attack(['set-ids /share/0'], []);
  expect(
    Object.fromEntries(
      said
        .trim()
        .split(' ')
        .map((pair) => pair.split('=')),
    ),
  ).toEqual({
    ...{ plain: 'ok', bits: 'ok' },
    ...Object.fromEntries(
      [
        ...['chmod', 'chmod-g', 'fchmod', 'fchmodat', 'fchmodat2', 'open', 'openat', 'tmpfile', 'openat2'],
        ...['creat', 'mknod', 'mknodat', 'mkdir', 'mkdirat'],
      ].map((call) => [call, 'EPERM']),
    ),
  });
  expect(readdirSync(share).sort()).toEqual(['orders', 'plain']);
  expect(statSync(join(share, 'plain')).mode & 0o7777).toBe(0o1700);
});

test('sees no other file system below its root or a share: not /proc, /sys or any', () => {
  const root = join(world.home, 'root');
  const [inRoot, inShare] = [join(root, 'proc'), join(share, 'other')];
  for (const path of [inRoot, join(root, 'plain'), inShare]) mkdirSync(path, { recursive: true });
  writeFileSync(join(root, 'plain/file'), '');
  writeFileSync(join(root, 'hosts'), '');
  writeFileSync(join(world.home, 'hosts'), 'secret');
  const mounts = [
    `mount -t proc proc ${inRoot}`,
    `mount -t tmpfs none ${inShare}`,
    `touch ${inShare}/secret`,
    `mount --bind ${join(world.home, 'hosts')} ${join(root, 'hosts')}`,
  ];
  const within = ['unshare', '--mount', 'sh', '-ec', `${mounts.join('; ')}; exec "$@"`, 'sh'];
  const orders = ['/root', '/root/proc', '/root/plain', '/share/0', '/share/0/other'].map(
    (path) => `list ${path}`,
  );
  const lines = attack(orders, ['-root', root], within);
  expect(answer(lines, '/root:')?.split(' ').sort()).toEqual(['/root:', 'hosts', 'plain', 'proc']);
  expect(answer(lines, '/root/proc:')).toBe('/root/proc:');
  expect(answer(lines, '/root/plain:')).toBe('/root/plain: file');
  expect(answer(lines, '/share/0:')?.split(' ').sort()).toEqual(['/share/0:', 'orders', 'other']);
  expect(answer(lines, '/share/0/other:')).toBe('/share/0/other:');
});

function sleeper(args: readonly string[]): ChildProcess {
  return spawn(
    program('umlrun'),
    ['-config', world.configPath, ...args, '--', 'sh', '-c', 'echo up; exec sleep 1000'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

async function said(child: ChildProcess, text: string): Promise<void> {
  let all = '';
  for await (const part of child.stdout ?? []) {
    all += part;
    if (all.includes(text)) return;
  }
  throw new Error(`ended without ${text}: ${all}`);
}

test('reads no input of another run, not even as the same user outside of its jail', async () => {
  const other = sleeper(['-env', 'SECRET=hidden']);
  try {
    await said(other, 'up');
    const place = join(world.runDir, '.umlrun');
    const id = readdirSync(place).find((name) => name.startsWith(`${other.pid}-`) && !name.endsWith('.lock'));
    expect(readFileSync(join(place, `${id}/guest/job`), 'latin1')).toContain('SECRET=hidden');
    // A run that was given all of the host: what is umlmon's is empty there.
    const orders = [world.runDir, `${place}/${id}/guest`, world.varDir, '/proc'].map(
      (path) => `list /root${path}`,
    );
    const lines = attack(orders, ['-root', '/']);
    expect(lines.slice(1)).toEqual([
      `/root${world.runDir}:`,
      `/root${place}/${id}/guest: ENOENT`,
      `/root${world.varDir}:`,
      '/root/proc:',
    ]);
    // Another process of the user of all runs of root.
    const asNobody = ['--reuid', `${nobody}`, '--regid', `${nobody}`, '--clear-groups'];
    const reader = spawnSync('setpriv', [...asNobody, 'cat', join(place, `${id}/guest/job`)], {
      encoding: 'utf8',
    });
    expect(reader).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('Permission denied'),
    });
    // No command line has it, but that of umlrun itself, which the caller has written.
    const lines2 = execFileSync('pgrep', ['-f', 'SECRET=hidden'], { encoding: 'utf8' }).trim().split('\n');
    expect(lines2).toEqual([`${other.pid}`]);
  } finally {
    other.kill('SIGKILL');
    await once(other, 'exit');
  }
});

test.each(['run', 'run/.umlrun', 'var/.umlrun'])('is not given %s of umlmon by name', (directory) => {
  mkdirSync(join(world.home, directory), { recursive: true });
  const args = ['-config', world.configPath, '-share', join(world.home, directory), '--', 'true'];
  const { status, stderr } = spawnSync(program('umlrun'), args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringContaining('holds files of other runs and VMs')]);
});

test.each(['/proc', '/proc/self', '/sys', '/sys/kernel', '/dev/pts'])(
  '%s of the host is never shared',
  (path) => {
    for (const option of ['-share', '-root']) {
      const args = ['-config', world.configPath, option, path, '--', 'true'];
      const { status, stderr } = spawnSync(program('umlrun'), args, { encoding: 'utf8' });
      expect([status, stderr]).toEqual([
        2,
        expect.stringContaining('shows processes and settings of the host'),
      ]);
    }
  },
);

test('a file system that is mounted on the host after the start is not in a share', async () => {
  const sub = join(share, 'sub');
  mkdirSync(sub);
  const late = join(world.home, 'late');
  // A host whose mounts are shared, as systemd makes them.
  const script = [
    'mount --make-rshared /',
    '"$@" & run=$!',
    `while [ ! -e ${late} ]; do sleep 0.02; done`,
    `mount -t tmpfs none ${sub}`,
    `touch ${sub}/secret`,
    `touch ${share}/mounted`,
    'wait $run',
  ].join('; ');
  const command = `echo up; while [ ! -e ${share}/mounted ]; do sleep 0.02; done; echo "<$(ls ${sub})>"`;
  const args = [
    '-config',
    world.configPath,
    '-kernel',
    testKernelDirectory(),
    '-share',
    share,
    '--',
    'sh',
    '-c',
    command,
  ];
  const child = spawn('unshare', ['--mount', 'sh', '-ec', script, 'sh', program('umlrun'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
    if (out.includes('up') && !existsSync(late)) writeFileSync(late, '');
  });
  await once(child, 'close');
  expect(out).toBe('up\n<>\n');
});
