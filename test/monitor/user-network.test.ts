/** A network without root. The host is a network namespace, in which all may open /dev/net/tun, as on most systems. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MonitorClient } from '../../src/rpc/monitor-client.ts';
import { GuestShell } from '../helpers/guest.ts';
import { testKernelDirectory } from '../helpers/kernel.ts';
import { NetNamespace } from '../helpers/net-namespace.ts';
import { program, testImage } from '../helpers/world.ts';

/** A uid that no account has. */
const user = 61_018;
let home: string;
let host: NetNamespace;
let outside: NetNamespace;
let children: ChildProcess[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-user-'));
  host = new NetNamespace();
  outside = new NetNamespace();
  children = [];
  host.connect('out0', outside, 'out0');
  host.run('ip addr add 192.0.2.1/24 dev out0');
  outside.run('ip addr add 192.0.2.9/24 dev out0');
  host.run('ip route add default via 192.0.2.9');
});

afterEach(() => {
  const pid = spawnSync('cat', [join(home, 'run/vm1.pid')], { encoding: 'utf8' }).stdout.trim();
  if (pid) {
    process.kill(Number(pid), 'SIGTERM');
    spawnSync('tail', ['--pid', pid, '-f', '/dev/null'], { timeout: 30_000 });
  }
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
  host.close();
  outside.close();
});

const place = `mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 &&
mount --bind "$0" /etc/resolv.conf && exec "$@"`;

/** A program of umlmon in the host. */
function run(uid: number, name: 'umlmon' | 'umlwatch', ...args: readonly string[]) {
  const words = [
    ...['netns', 'exec', host.name, 'unshare', '--mount', 'sh', '-c', place, join(home, 'resolv.conf')],
    ...['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'],
    ...[process.execPath, program(name), '-config', join(home, 'umlmon.ini'), ...args],
  ];
  return spawnSync('ip', words, {
    encoding: 'utf8',
    timeout: 60_000,
    cwd: '/',
    env: { PATH: process.env.PATH, HOME: home },
  });
}

function prepare(uid: number, eth0: string): void {
  const disks = join(home, 'var/vm1/jail/disks');
  const kernel = join(home, 'var/shared/kernels/linux');
  for (const directory of [kernel, disks]) mkdirSync(directory, { recursive: true });
  for (const part of ['linux', 'lib'])
    cpSync(join(testKernelDirectory(), part), join(kernel, part), { recursive: true, dereference: true });
  execFileSync('cp', ['--sparse=always', testImage(), join(disks, 'root.dsk')]);
  writeFileSync(join(home, 'resolv.conf'), 'nameserver 192.0.2.9\n');
  writeFileSync(
    join(home, 'umlmon.ini'),
    `[GLOBAL]\nvardir = ${home}/var\nrundir = ${home}/run\n\n[vm1]\nubd0 = /disks/root.dsk\nmem = 64M\n${
      uid === 0 ? `vmuser = nobody\n` : ''
    }eth0 = ${eth0}\n`,
  );
  execFileSync('chmod', ['755', home]);
  if (uid === 0) execFileSync('chown', ['nobody', join(disks, 'root.dsk')]);
  else execFileSync('chown', ['-R', `${uid}:${uid}`, home]);
}

function serve(namespace: NetNamespace, ...command: string[]): void {
  children.push(spawn('ip', ['netns', 'exec', namespace.name, ...command], { stdio: 'ignore' }));
}

/** The pastas of the test: those in its directory. */
function pastas(): string[] {
  const said = spawnSync('pgrep', ['--full', '--', `--netns ${home}`], { encoding: 'utf8' });
  return said.stdout.split('\n').filter((pid) => pid !== '');
}

test.each([
  ['without root', user],
  ['under root', 0],
])('user, %s: out under the address of the host, in by forwarded ports only', async (_, uid) => {
  prepare(uid, 'user(forward=8080:80)');
  expect(run(uid, 'umlmon', 'vm1')).toMatchObject({ status: 0, stderr: '' });
  expect(run(uid, 'umlwatch', 'vm1', '-start')).toMatchObject({ status: 0, stderr: '' });
  const client = await MonitorClient.connect(join(home, 'var/vm1/ctrl'), 'vm1');
  try {
    const guest = await GuestShell.open(client);
    const { networks, kernelPid } = await client.call('info', undefined);
    for (const line of networks[0]?.guestCommands ?? [])
      expect(await guest.run(line), line).toMatchObject({ status: 0 });
    const listens = (namespace: NetNamespace, address: string, port: number) =>
      expect
        .poll(() => namespace.succeeds(`busybox nc -w 1 ${address} ${port} -e true`), { timeout: 20_000 })
        .toBe(true);
    serve(outside, 'busybox', 'nc', '-ll', '-p', '7000', '-e', 'echo', 'hello-from-outside');
    serve(host, 'busybox', 'nc', '-ll', '-p', '7001', '-e', 'echo', 'hello-from-the-host');
    await listens(outside, '192.0.2.9', 7000);
    await listens(host, '127.0.0.1', 7001);
    const ask = async (address: string, port: number) =>
      (await guest.run(`timeout 5 nc ${address} ${port}`)).output;
    expect(await ask('192.0.2.9', 7000)).toContain('hello-from-outside');
    expect(await ask('10.0.2.2', 7001)).not.toContain('hello-from-the-host');

    await guest.run('(while :; do nc -l -p 80 -e echo hello-from-vm1; done) >/dev/null 2>&1 & true');
    // The server listens a moment after it was started.
    await expect
      .poll(() => outside.start('busybox nc -w 5 192.0.2.1 8080'), { timeout: 20_000 })
      .toBe('hello-from-vm1\n');

    const status = readFileSync(`/proc/${kernelPid}/status`, 'latin1');
    expect(Number.parseInt(/^CapEff:\t(\w+)/m.exec(status)?.[1] ?? '', 16)).toBe(1 << 13);
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe(`${uid === 0 ? 65534 : uid}`);
    expect(pastas()).toHaveLength(1);
    expect(run(uid, 'umlwatch', 'vm1', '-kill')).toMatchObject({ status: 0 });
    await expect.poll(pastas, { timeout: 20_000 }).toEqual([]);
  } finally {
    client.close();
  }
});
