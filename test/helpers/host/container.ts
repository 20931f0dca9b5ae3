/** A booted container of Debian with systemd, in which the project is installed: systemd-nspawn(1) over an overlay. */
import '../tiers/needs-host.ts';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childrenOf } from '../../../src/system/native/process.ts';
import { testKernelDirectory } from '../guest/kernel.ts';
import { type Ran, testImage } from '../programs/world.ts';

const project = join(import.meta.dirname, '../../..');
/** How long the container may take for a thing; one that does not do it at all is a failure. */
const patienceMs = 60_000;
const path = '/usr/sbin:/usr/bin:/sbin:/bin';
/** Where nspawn keeps the processes of the container apart, in each hierarchy that it uses. */
const hierarchies = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** A file that is in no root directory but that of the container. */
const marker = 'umlmon-test-container';
/** How nspawn ends when the container wants to reboot. */
const rebootStatus = 133;

export class Container {
  readonly #home: string;
  /** The root directory, as the host sees it. */
  readonly root: string;
  #nspawn: ChildProcess | undefined;
  #leader = 0;
  #console = '';

  /** Takes a minute and a half the first time, to install a Debian system, which is then reused. */
  constructor() {
    const base = execFileSync('sh', ['src/setup/container.sh'], { cwd: project, encoding: 'utf8' }).trim();
    this.#home = mkdtempSync(join(tmpdir(), 'umlmon-container-'));
    const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(this.#home, name));
    for (const directory of [upper, work, root]) mkdirSync(directory ?? '');
    this.root = root ?? '';
    const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, this.root]);
    try {
      this.#furnish();
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  #furnish(): void {
    writeFileSync(join(this.root, marker), '');
    copyFileSync(process.execPath, join(this.root, 'usr/bin/node'));
    const env = { ...process.env, PREFIX: '/usr', DESTDIR: this.root };
    execFileSync('node', ['src/setup/install-host.mjs'], { cwd: project, env });
    const kernels = join(this.root, 'var/lib/umlmon/shared/kernels/linux');
    mkdirSync(kernels, { recursive: true });
    for (const part of ['linux', 'lib'])
      cpSync(join(testKernelDirectory(), part), join(kernels, part), { recursive: true, dereference: true });
  }

  /** A user of the container, and the demo guest's image for each VM; then the configuration. */
  configure(vms: Readonly<Record<string, string>>, global = ''): void {
    for (const vm of Object.keys(vms)) {
      execFileSync('chroot', [this.root, 'useradd', '--system', `uml-${vm}`], { env: { PATH: path } });
      const disks = join(this.root, 'var/lib/umlmon', vm, 'jail/disks');
      mkdirSync(disks, { recursive: true });
      execFileSync('cp', ['--sparse=always', testImage(), join(disks, 'root.dsk')]);
      const image = `/var/lib/umlmon/${vm}/jail/disks/root.dsk`;
      execFileSync('chroot', [this.root, 'chown', `uml-${vm}`, image], { env: { PATH: path } });
    }
    const sections = Object.entries(vms).map(
      ([vm, text]) => `[${vm}]\nvmuser = uml-${vm}\nubd0 = /disks/root.dsk\n${text}\n`,
    );
    writeFileSync(join(this.root, 'etc/umlmon/umlmon.ini'), `[GLOBAL]\n${global}\n${sections.join('\n')}`);
  }

  /** Runs a program in the tree without any container, as chroot(8) does. */
  enable(...units: readonly string[]): void {
    execFileSync('chroot', [this.root, 'systemctl', 'enable', ...units], {
      env: { PATH: path },
      stdio: 'pipe',
    });
  }

  /** Boots it; resolves when its systemd has started everything. */
  async boot(): Promise<void> {
    const isUp = () =>
      /^(?:running|degraded)$/.test(this.run('systemctl', 'is-system-running').stdout.trim());
    await this.#enter(['--boot'], isUp);
  }

  /** The same without systemd or anything else that runs. */
  async open(): Promise<void> {
    await this.#enter(['--as-pid2', 'sleep', 'infinity'], () => true);
  }

  async #enter(what: readonly string[], isUp: () => boolean): Promise<void> {
    const groups = this.#cgroups();
    for (const group of groups) mkdirSync(group, { recursive: true });
    // Not in a cgroup of umlmon: nspawn creates others besides its own.
    const enter = groups.map((group) => `echo $$ >${group}/cgroup.procs`).join('\n');
    const arguments_ = [
      ...[`--directory=${this.root}`, '--register=no', '--keep-unit', '--private-network'],
      ...['--link-journal=no', '--console=read-only', `--machine=${basename(this.#home)}`],
      // Monitors take over the descriptors of their kernels.
      '--system-call-filter=pidfd_getfd',
      '--bind=/dev/net/tun',
      ...what,
    ];
    const child = spawn('sh', ['-c', `${enter}\nexec systemd-nspawn "$@"`, 'sh', ...arguments_], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#nspawn = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.#console = (this.#console + text.toString()).slice(-50_000);
      });
    await this.until('the container is up', () => {
      if (child.exitCode !== null) throw new Error(`nspawn ended: ${this.#console.slice(-5000)}`);
      this.#leader = childrenOf(child.pid ?? 0)[0] ?? 0;
      // At first the process is not in the container yet.
      return this.run('test', '-e', `/${marker}`).status === 0 && isUp();
    });
  }

  /** Restarts its systemd, and so everything; resolves when that has started everything again. */
  async reboot(): Promise<void> {
    const child = this.#nspawn;
    this.run('systemctl', 'reboot', '--no-block');
    await this.until('the container is stopped', () => child?.exitCode !== null);
    // With --keep-unit, nspawn leaves it to its caller to start it again.
    if (child?.exitCode !== rebootStatus) throw new Error(`nspawn ended with ${child?.exitCode}`);
    await this.boot();
  }

  /** A program in the container. */
  run(...command: readonly string[]): Ran {
    const args = ['-t', String(this.#leader), '-a', 'env', '-i', `PATH=${path}`, ...command];
    const { status, stdout, stderr } = spawnSync('nsenter', args, { encoding: 'utf8', timeout: patienceMs });
    return { status, stdout, stderr };
  }

  /** The same, which must succeed; its output. */
  ask(...command: readonly string[]): string {
    const { status, stdout, stderr } = this.run(...command);
    if (status === 0) return stdout.trim();
    throw new Error(`${command.join(' ')} ended with ${status}: ${stdout}${stderr}`);
  }

  /** One property of a unit. */
  property(unit: string, name: string): string {
    return this.ask('systemctl', 'show', '-P', name, unit);
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await delay(50)) if (isSo()) return;
    throw new Error(`${what}: not within ${patienceMs} ms; the console said:\n${this.#console.slice(-5000)}`);
  }

  /** Shuts it down and removes everything. */
  async close(): Promise<void> {
    const child = this.#nspawn;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (this.run('systemctl', 'poweroff', '--no-block').status !== 0) process.kill(this.#leader, 'SIGKILL');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await ended;
      clearTimeout(timer);
    }
    this.#remove();
  }

  #remove(): void {
    execFileSync('umount', [this.root]);
    for (const group of this.#cgroups()) removeCgroup(group);
    rmSync(this.#home, { recursive: true });
  }

  #cgroups(): string[] {
    return hierarchies
      .filter((hierarchy) => existsSync(join(hierarchy, 'cgroup.procs')))
      .map((hierarchy) => join(hierarchy, basename(this.#home)));
  }
}

function removeCgroup(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(path, entry.name));
  rmdirSync(path);
}

/** Milliseconds since the boot of the host at which a unit did this, of systemctl show. */
export function momentOf(container: Container, unit: string, what: string): number {
  return Number(container.property(unit, `${what}TimestampMonotonic`)) / 1000;
}

/** How the last guest of a VM ended. */
export function lastExit(
  container: Container,
  vm: string,
): { cause: string; askedBy: string; endedAt: number } {
  return JSON.parse(readFileSync(join(container.root, 'var/lib/umlmon', vm, 'log/last-exit.json'), 'utf8'));
}
