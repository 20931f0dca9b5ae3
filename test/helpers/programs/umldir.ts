import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import { DirectoryClient } from '../../../src/rpc/client/directory-client.ts';
import { registrationPlace } from '../../../src/rpc/client/registration-place.ts';
import { type DirList, type DirVm, umldir } from '../../../src/rpc/umldir.gen.ts';
import { program } from './world.ts';

/** The time limit of each wait: so long that its end means a failure, not a slow machine. */
const patienceMs = 20_000;

/** A free TCP port outside the range from which the kernel assigns ports (ip_local_port_range). */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

export interface UmldirSettings {
  /** Where its files are. */
  readonly home: string;
  /** Lines of [GLOBAL] besides vardir and rundir. */
  readonly keys: Readonly<Record<string, string | number>>;
  readonly namespace?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The command prefix of the program: `setpriv …`. */
  readonly before?: readonly string[];
}

/** An umldir as it runs on a host. */
export class TestUmldir {
  readonly child: ChildProcess;
  readonly configPath: string;
  log = '';

  /** Starts it, and waits until it serves. */
  static async start(settings: UmldirSettings): Promise<TestUmldir> {
    const umldir = new TestUmldir(settings);
    await umldir.said('umldir serves');
    return umldir;
  }

  private constructor({ home, keys, namespace, env, before = [] }: UmldirSettings) {
    this.configPath = writeGlobal(home, keys);
    const within = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [command = '', ...args] = [...within, ...before, program('umldir'), '-config', this.configPath];
    this.child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stderr?.on('data', (text: Buffer) => {
      this.log += text.toString();
    });
  }

  /** Waits until its log has a text, `from` characters after its beginning. */
  async said(text: string, from = 0): Promise<void> {
    await until(`"${text}" in the log`, () => {
      if (this.child.exitCode !== null) throw new Error(`umldir ended: ${this.log}`);
      return this.log.indexOf(text, from) >= 0;
    });
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    return ended;
  }
}

/** Writes a configuration without VMs; its path. */
export function writeGlobal(home: string, keys: Readonly<Record<string, string | number>>): string {
  const path = join(home, 'umldir.ini');
  const all = { vardir: join(home, 'var'), rundir: join(home, 'run'), ...keys };
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(path, `[GLOBAL]\n${lines.join('\n')}\n`);
  return path;
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`not so within ${patienceMs} ms: ${what}`);
    await delay(20);
  }
}

/** The entries of the directory server at a port of this host. */
export async function listAt(port: number, host = '127.0.0.1'): Promise<DirList> {
  const client = await DirectoryClient.connect(host, port);
  try {
    return await client.list();
  } finally {
    client.close();
  }
}

/** Waits until the list is as wanted. */
export async function untilListed(port: number, isSo: (list: DirList) => boolean): Promise<DirList> {
  let list: DirList | undefined;
  await until('the list', async () => {
    list = await listAt(port);
    return isSo(list);
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(list)}`);
  });
  if (!list) throw new Error('no list');
  return list;
}

/** Registers a VM as its monitor would; in the directory until the client is closed. */
export async function registerAt(home: string, vm: Partial<DirVm> & { name: string }) {
  const place = registrationPlace(join(home, 'run'));
  const client = await RpcClient.connect(place.path, umldir, { name: 'umldir', timeoutMs: patienceMs });
  const answer = await client.call('register', { ...plainVm, ...vm });
  if (answer.kind === 'failed') throw new Error(JSON.stringify(answer.why));
  return client;
}

const plainVm = {
  state: 'running',
  stateSince: 1_700_000_000_000,
  ready: true,
  address: '',
  port: 0,
} as const;
