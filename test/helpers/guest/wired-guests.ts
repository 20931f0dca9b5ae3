/**
 * UML kernels in a network namespace of a test, each as an ordinary user with the capabilities it is given and none
 * besides, without jail or monitor: what a transport needs is what it works with here.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRootImage, TEST_UID, testKernelDirectory } from './kernel.ts';

/** How long a guest may take to say something. */
const patienceMs = 15_000;

export interface Guest {
  /** Runs a line in the shell of the guest; resolves to what it said, fails if it failed. */
  run(line: string): Promise<string>;
  /** Powers off in order; resolves to the exit status of the kernel. */
  powerOff(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface GuestOptions {
  readonly args: readonly string[];
  readonly capabilities?: readonly string[];
  /** Device files; /dev/net/tun is not there without. */
  readonly devices?: readonly string[];
  /** Descriptors that the kernel inherits as 3, 4, … */
  readonly inherit?: readonly number[];
}

export class Lab {
  readonly directory = mkdtempSync(join(tmpdir(), 'umlmon-lab-'));
  readonly namespace: string;
  readonly #guests: Guest[] = [];
  #count = 0;

  constructor() {
    this.namespace = `umlmon-lab-${process.pid}-${Date.now() % 100_000}`;
    this.host('ip', 'netns', 'add', this.namespace);
    this.ip('link', 'set', 'lo', 'up');
    chmodSync(this.directory, 0o755);
    mkdirSync(this.sockets);
    chownSync(this.sockets, TEST_UID, TEST_UID);
    this.host('mknod', join(this.directory, 'tun'), 'c', '10', '200');
    chownSync(join(this.directory, 'tun'), TEST_UID, TEST_UID);
    makeRootImage(join(this.directory, 'root.img'));
  }

  /** A directory that the kernels may write to. */
  get sockets(): string {
    return join(this.directory, 's');
  }

  /** ip(8) in the namespace. */
  ip(...args: readonly string[]): string {
    return this.host('ip', '-n', this.namespace, ...args);
  }

  /** A command in the namespace. */
  inside(...command: readonly string[]): string {
    return this.host('ip', 'netns', 'exec', this.namespace, ...command);
  }

  host(command: string, ...args: readonly string[]): string {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
    return execFileSync(command, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async guest({ args, capabilities = [], devices = [], inherit = [] }: GuestOptions): Promise<Guest> {
    const name = `g${this.#count++}`;
    const image = join(this.directory, `${name}.img`);
    copyFileSync(join(this.directory, 'root.img'), image);
    chownSync(image, TEST_UID, TEST_UID);
    const guest = await startGuest(
      [...this.#launcher(capabilities, devices), ...kernelArguments(image, this.sockets, name), ...args],
      inherit,
    );
    this.#guests.push(guest);
    return guest;
  }

  /** Ends the guests; the next ones may use the same addresses. */
  async clear(): Promise<void> {
    await Promise.all(this.#guests.splice(0).map((guest) => guest.stop()));
  }

  async close(): Promise<void> {
    await this.clear();
    this.host('ip', 'netns', 'del', this.namespace);
    rmSync(this.directory, { recursive: true });
  }

  /** The kernel needs a newer C library than this host may have; the programs before it do with that one as well. */
  #launcher(capabilities: readonly string[], devices: readonly string[]): string[] {
    const kernel = testKernelDirectory();
    const library = (name: string, place: string) => [
      '--ro-bind',
      join(kernel, 'lib', name),
      this.host('realpath', place).trim(),
    ];
    const set = ['-all', ...capabilities.map((name) => `+${name.toLowerCase().replace('cap_', '')}`)].join(
      ',',
    );
    return [
      // A device of its own: the mode of the host's may be for root only.
      ...['nsenter', `--net=/run/netns/${this.namespace}`],
      ...['bwrap', '--die-with-parent', '--unshare-pid', '--dev-bind', '/', '/'],
      ...['--tmpfs', '/dev/net'],
      ...devices.flatMap((device) => ['--dev-bind', join(this.directory, 'tun'), device]),
      ...library('ld-linux-x86-64.so.2', '/lib64/ld-linux-x86-64.so.2'),
      ...library('libc.so.6', '/lib/x86_64-linux-gnu/libc.so.6'),
      ...library('libgcc_s.so.1', '/lib/x86_64-linux-gnu/libgcc_s.so.1'),
      ...['--setenv', 'TMPDIR', '/tmp', '--', 'setpriv', '--reuid', `${TEST_UID}`, '--regid', `${TEST_UID}`],
      ...[
        '--clear-groups',
        '--no-new-privs',
        '--bounding-set',
        set,
        '--inh-caps',
        set,
        '--ambient-caps',
        set,
      ],
      ...['setarch', '-R', join(kernel, 'linux')],
    ];
  }
}

function kernelArguments(image: string, directory: string, name: string): string[] {
  return [
    ...[`ubd0d=${image}`, 'root=/dev/ubda', 'rw', 'init=/init', 'mem=64M', 'noreboot', 'quiet'],
    ...['initcall_blacklist=raid6_init', 'lpj=38682624', 'pty.legacy_count=0', 'con=null', 'ssl=null'],
    ...['con0=fd:0,fd:1', `uml_dir=${directory}/`, `umid=${name}`],
  ];
}

async function startGuest(command: readonly string[], inherit: readonly number[]): Promise<Guest> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe', ...inherit], cwd: '/' });
  const exited = once(child, 'exit');
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('no pipes to the kernel');
  let seen = '';
  let wake: (() => void) | undefined;
  for (const stream of [stdout, stderr])
    stream.on('data', (part) => {
      seen += part;
      wake?.();
    });
  stdin.on('error', () => {
    seen += '\n[stdin of the kernel is closed]\n';
  });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const match = pattern.exec(seen);
      if (match) return match;
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline)
        throw new Error(`no ${pattern} from a guest:\n${seen.slice(-3000)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 200);
      });
    }
  };
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  };
  try {
    await until(/^READY/m);
  } catch (error) {
    await stop();
    throw error;
  }
  let count = 0;
  return {
    run: async (line) => {
      const mark = `end-${++count}`;
      const from = seen.length;
      stdin.write(`${line}; echo "en""${mark.slice(2)}:$?:"\n`);
      const [, status] = await until(new RegExp(`${mark}:(\\d+):`));
      const said = seen.slice(from);
      if (status !== '0') throw new Error(`${line}: status ${status}\n${said}`);
      return said;
    },
    powerOff: async () => {
      stdin.write('poweroff -f\n');
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await exited;
      clearTimeout(timer);
      return child.exitCode;
    },
    stop,
  };
}
