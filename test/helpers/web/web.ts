import '../tiers/needs-host.ts';
import { type ChildProcess, spawn } from 'node:child_process';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import type { Role } from '../../../src/rpc/roles.ts';
import { program, type World } from '../programs/world.ts';

/** A password for each role, at all VMs. */
export const passwordOf = (role: Role) => `password of ${role}`;

interface WebSettings {
  /** The command prefix of the program: `setpriv …`. */
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The group of its user. */
  readonly readers?: number;
}

/** umlweb over the VMs of a world, on a port of its own. */
export class Web {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #log: () => string;

  private constructor(child: ChildProcess, url: string, log: () => string) {
    this.#child = child;
    this.url = url;
    this.#log = log;
  }

  /** The configuration must say `web_listen = 127.0.0.1:0`. */
  static async start(
    world: World,
    roles: readonly Role[] = ['admin'],
    { before = [], env = {}, readers }: WebSettings = {},
  ): Promise<Web> {
    for (const role of roles) await setPassword(world.varDir, { vm: '*', role }, passwordOf(role), readers);
    const [command = '', ...args] = [...before, program('umlweb'), '-config', world.configPath];
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    let log = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.stderr?.on('data', (text: Buffer) => {
        log += text.toString();
        const address = /"address":"([^"]+)"/.exec(log)?.[1];
        if (address) resolve(address);
      });
      child.once('exit', (status) => reject(new Error(`umlweb ended with ${status}: ${log}`)));
    });
    return new Web(child, url, () => log);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its log lines. */
  get log(): string {
    return this.#log();
  }

  /** Ends it; resolves to its exit status. */
  async close(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    return ended;
  }
}
