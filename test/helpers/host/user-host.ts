import '../tiers/needs-host.ts';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testKernelDirectory } from '../guest/kernel.ts';
import { program, testImage, vmUser } from '../programs/world.ts';
import { killProcessesOf } from '../programs/world-processes.ts';
import { NetNamespace } from './net-namespace.ts';

const place = `mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 &&
mount --bind "$0" /etc/resolv.conf && exec "$@"`;

/**
 * A host for one user, root or not: a network namespace at 192.0.2.1 with a neighbour at 192.0.2.9, who is its resolver
 * too. All may open /dev/net/tun, as on most systems.
 */
export class UserHost {
  readonly home = mkdtempSync(join(tmpdir(), 'umlmon-user-'));
  readonly host = new NetNamespace();
  readonly outside = new NetNamespace();
  readonly #children: ChildProcess[] = [];
  readonly #uid: number;

  /** @param section of the VM vm1, which has a disk */
  constructor(uid: number, section: string) {
    this.#uid = uid;
    const { host, outside, home } = this;
    host.connect('out0', outside, 'out0');
    host.run('ip addr add 192.0.2.1/24 dev out0');
    outside.run('ip addr add 192.0.2.9/24 dev out0');
    host.run('ip route add default via 192.0.2.9');
    const kernel = join(home, 'var/shared/kernels/linux');
    const images = [join(home, 'var/vm1/jail/disks'), join(home, 'var/shared/disks')];
    for (const directory of [kernel, ...images]) mkdirSync(directory, { recursive: true });
    for (const part of ['linux', 'lib'])
      cpSync(join(testKernelDirectory(), part), join(kernel, part), { recursive: true, dereference: true });
    for (const directory of images)
      execFileSync('cp', ['--sparse=always', testImage(), join(directory, 'root.dsk')]);
    writeFileSync(join(home, 'resolv.conf'), 'nameserver 192.0.2.9\n');
    const global = `[GLOBAL]\nvardir = ${home}/var\nrundir = ${home}/run`;
    const vm = `[vm1]\nubd0 = /disks/root.dsk\nmem = 64M\n${uid === 0 ? `vmuser = ${vmUser}\n` : ''}${section}`;
    writeFileSync(this.config, `${global}\n\n${vm}\n`);
    execFileSync('chmod', ['755', home]);
    if (uid === 0)
      for (const directory of images) execFileSync('chown', [vmUser, join(directory, 'root.dsk')]);
    else execFileSync('chown', ['-R', `${uid}:${uid}`, home]);
  }

  get config(): string {
    return join(this.home, 'umlmon.ini');
  }

  /** A program of umlmon, as the user. */
  run(name: 'umlmon' | 'umlwatch' | 'umladmin' | 'umlrun', ...args: readonly string[]) {
    const words = [
      ...['netns', 'exec', this.host.name, 'unshare', '--mount', 'sh', '-c', place],
      join(this.home, 'resolv.conf'),
      ...['setpriv', '--reuid', `${this.#uid}`, '--regid', `${this.#uid}`, '--clear-groups', '--'],
      ...[process.execPath, program(name), '-config', this.config, ...args],
    ];
    const env = { PATH: process.env.PATH, HOME: this.home };
    return spawnSync('ip', words, { encoding: 'utf8', timeout: 60_000, cwd: '/', env, input: '' });
  }

  /** Starts a program that ends with the host. */
  serve(namespace: NetNamespace, ...command: string[]): void {
    this.#children.push(spawn('ip', ['netns', 'exec', namespace.name, ...command], { stdio: 'ignore' }));
  }

  /** An outside resolver that has one address for all names. */
  serveNames(address: string): void {
    const bytes = address.split('.').join(', ');
    this.serve(
      this.outside,
      process.execPath,
      '-e',
      `const socket = require('node:dgram').createSocket('udp4');
       socket.on('message', (query, { port, address }) => {
         const isA = query[query.length - 3] === 1;
         const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
         const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ${bytes}]);
         socket.send(Buffer.concat([head, query.subarray(12), ...(isA ? [answer] : [])]), port, address);
       }).bind(53, '192.0.2.9');`,
    );
  }

  /** The pastas that serve this host. */
  pastas(): string[] {
    const said = spawnSync('pgrep', ['--full', '--', `--netns ${this.home}`], { encoding: 'utf8' });
    return said.stdout.split('\n').filter((pid) => pid !== '');
  }

  close(): void {
    const pid = spawnSync('cat', [join(this.home, 'run/vm1.pid')], { encoding: 'utf8' }).stdout.trim();
    if (pid) {
      process.kill(Number(pid), 'SIGTERM');
      spawnSync('tail', ['--pid', pid, '-f', '/dev/null'], { timeout: 30_000 });
    }
    for (const child of this.#children) child.kill('SIGKILL');
    killProcessesOf(this.home);
    rmSync(this.home, { recursive: true, force: true, maxRetries: 10 });
    this.host.close();
    this.outside.close();
  }
}
