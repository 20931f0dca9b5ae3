import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { programNameOf } from '../../../src/system/native/process.ts';
import { testKernelDirectory } from '../guest/kernel.ts';
import { endProcessesOf } from './world-processes.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * The user of VMs in tests, with a group that nobody else is in: uid and gid of an account that every Debian has, and
 * nothing uses.
 */
export const vmUid = 39;
export const vmUser = 'irc';

/** uid and gid on Debian of the user that umlrun takes where it is root. */
export const nobody = 65534;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A place of its own for monitors and VMs in a test: directories, configuration, kernel, and the programs as a user
 * runs them. `close` ends what the test has started, and tells what it left behind.
 */
export class World {
  readonly home: string;
  readonly configPath: string;
  readonly varDir: string;
  readonly runDir: string;
  readonly #monitors = new Map<string, ChildProcess>();
  readonly #clients: MonitorClient[] = [];
  /** The command prefix of each program of umlmon. */
  readonly #within: readonly string[];

  /**
   * @param within the network namespace (ip-netns(8)) in which monitors run, or what stands before every program of
   * umlmon; otherwise ours, and nothing
   */
  constructor(within: string | readonly string[] = []) {
    this.#within = typeof within === 'string' ? ['ip', 'netns', 'exec', within] : within;
    this.home = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
    // The VM's user must be able to pass.
    spawnSync('chmod', ['755', this.home]);
    this.configPath = join(this.home, 'umlmon.ini');
    this.varDir = join(this.home, 'var');
    this.runDir = join(this.home, 'run');
    const kernels = join(this.varDir, 'shared/kernels/linux');
    mkdirSync(kernels, { recursive: true });
    for (const part of ['linux', 'lib'])
      cpSync(join(testKernelDirectory(), part), join(kernels, part), { recursive: true, dereference: true });
  }

  /** Writes the configuration: the text of each VM's section by its name; vmuser is added where it is missing. */
  configure(vms: Readonly<Record<string, string>>, global = ''): void {
    const sections = Object.entries(vms).map(
      ([name, text]) => `[${name}]\n${text.includes('vmuser') ? '' : `vmuser = ${vmUser}\n`}${text}\n`,
    );
    const head = `[GLOBAL]\nvardir = ${this.varDir}\nrundir = ${this.runDir}\n${global}\n`;
    writeFileSync(this.configPath, [head, ...sections].join('\n'));
  }

  /** A copy of the demo guest's image as /disks/NAME of a VM. */
  addImage(vm: string, name = 'root.dsk', owner = vmUid): string {
    return copyImage(join(this.varDir, vm, 'jail/disks'), name, owner);
  }

  /** The same as /shared/disks/root.dsk, which all VMs see. */
  addSharedImage(owner = vmUid): string {
    return copyImage(join(this.varDir, 'shared/disks'), 'root.dsk', owner);
  }

  /**
   * Starts a monitor in the foreground and waits until it serves.
   *
   * @param passed descriptors for it by name, as a service manager passes them
   */
  async startMonitor(vm: string, passed: Readonly<Record<string, number>> = {}): Promise<ChildProcess> {
    const names = Object.keys(passed);
    const listen = `LISTEN_PID=$$ LISTEN_FDS=${names.length} LISTEN_FDNAMES=${names.join(':')} exec "$@"`;
    const [command = '', ...args] = [
      ...this.#within,
      ...(names.length > 0 ? ['sh', '-c', listen, 'sh'] : []),
      program('umlmon'),
    ];
    const child = spawn(command, [...args, '-config', this.configPath, '-fg', vm], {
      stdio: ['ignore', 'ignore', 'pipe', ...Object.values(passed)],
    });
    this.#monitors.set(vm, child);
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (text: Buffer) => {
        log = (log + text.toString()).slice(-100_000);
        if (log.includes('monitor-started')) resolve();
      });
      child.once('exit', (status) => reject(new Error(`the monitor of ${vm} ended with ${status}: ${log}`)));
    });
    return child;
  }

  /** Process id of a monitor that this world has started. */
  monitorPid(vm: string): number {
    const pid = this.#monitors.get(vm)?.pid;
    if (pid === undefined) throw new Error(`no monitor of ${vm}`);
    return pid;
  }

  /** SIGKILL: the monitor has no moment to tidy up. */
  async killMonitor(vm: string): Promise<void> {
    await this.signalMonitor(vm, 'SIGKILL');
  }

  /** Sends a signal to a monitor of this world; resolves to its exit status when it has ended. */
  async signalMonitor(vm: string, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#monitors.get(vm);
    if (!child) throw new Error(`no monitor of ${vm}`);
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }

  /** One program of umlmon to its end, with this world's configuration. */
  run(
    name: 'umlmon' | 'umlwatch' | 'umladmin' | 'umldir' | 'umlweb',
    args: readonly string[],
    input = '',
  ): Ran {
    const [command = '', ...before] = [...this.#within, program(name)];
    const { status, stdout, stderr } = spawnSync(command, [...before, '-config', this.configPath, ...args], {
      input,
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { status, stdout, stderr };
  }

  /** A connection to a monitor, until it is closed with this world at the latest. */
  async client(vm: string): Promise<MonitorClient> {
    const client = await MonitorClient.connect(join(this.varDir, vm, 'ctrl'), vm);
    this.#clients.push(client);
    return client;
  }

  log(vm: string, channel: string): string {
    return readFileSync(join(this.varDir, vm, 'log', channel), 'utf8');
  }

  /** Ends the monitors, which stop their guests. */
  async stopMonitors(): Promise<void> {
    const ends = [...this.#monitors].map(([vm, child]) =>
      stopMonitor(child, join(this.varDir, vm, 'log/con0')),
    );
    await Promise.all(ends);
    for (const vm of this.#monitors.keys()) this.#endSandbox(vm);
    this.#monitors.clear();
  }

  /** Ends the monitors, and whatever else of this world a failed test has left, and removes everything. */
  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    try {
      await this.stopMonitors();
    } finally {
      await endProcessesOf(this.home);
      rmSync(this.home, { recursive: true, force: true });
    }
  }

  /** A guest outlives a monitor that a test has killed. */
  #endSandbox(vm: string): void {
    const status = join(this.varDir, vm, 'status');
    const pid = existsSync(status) ? Number(/"child-pid": (\d+)/.exec(readFileSync(status, 'utf8'))?.[1]) : 0;
    if (pid > 0 && programNameOf(pid) === 'bwrap') process.kill(pid, 'SIGKILL');
  }
}

function copyImage(directory: string, name: string, owner: number): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  spawnSync('cp', ['--sparse=always', testImage(), path]);
  chownSync(path, owner, owner);
  return path;
}

async function stopMonitor(child: ChildProcess, log: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => {
    console.error(
      `monitor ${child.pid} does not end; con0:\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`,
    );
    child.kill('SIGKILL');
  }, 45_000);
  await ended;
  clearTimeout(timer);
}

/** A bundled program as the package installs it. */
export function program(name: 'umlmon' | 'umlwatch' | 'umladmin' | 'umldir' | 'umlrun' | 'umlweb'): string {
  return join(root, 'dist', `${name}.cjs`);
}

/** The demo guest's root image (npm test makes it). */
export function testImage(): string {
  const image = process.env.UMLMON_TEST_IMAGE;
  if (image && existsSync(image)) return image;
  throw new Error('UMLMON_TEST_IMAGE names no image: run the tests with npm test');
}
