import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeRootImage, testKernelDirectory } from '../../helpers/guest/kernel.ts';
import type { NetNamespace } from '../../helpers/host/net-namespace.ts';

const loader = 'lib/ld-linux-x86-64.so.2';
let count = 0;

/** A guest on a tap made by hand, of a kernel started by hand: no jail, no filter, root. Its console takes lines. */
export class BareGuest {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #image: string;
  readonly #ended: Promise<unknown>;
  #seen = '';

  static async start(
    host: NetNamespace,
    { tap, core }: { readonly tap: string; readonly core: string },
  ): Promise<BareGuest> {
    const guest = new BareGuest(host, tap, core);
    try {
      await guest.until(/READY/);
      return guest;
    } catch (error) {
      await guest.close();
      throw error;
    }
  }

  private constructor(host: NetNamespace, tap: string, core: string) {
    count += 1;
    this.#image = join('/tmp', `umlmon-bench-${process.pid}-${count}.dsk`);
    makeRootImage(this.#image);
    const kernel = testKernelDirectory();
    const args = [
      ...['netns', 'exec', host.name, 'taskset', '-c', core, 'setarch', '-R'],
      // Its own C library in the place of the host's; nothing else is different in there.
      ...['bwrap', '--die-with-parent', '--dev-bind', '/', '/', '--ro-bind', join(kernel, loader)],
      realpathSync(`/lib64/${basename(loader)}`),
      ...['--setenv', 'LD_LIBRARY_PATH', join(kernel, 'lib'), join(kernel, 'linux')],
      ...[`ubd0d=${this.#image}`, 'root=/dev/ubda', 'rw', 'init=/init', 'mem=128M', 'noreboot', 'quiet'],
      ...['initcall_blacklist=raid6_init', 'lpj=38682624', 'pty.legacy_count=0', 'con=null', 'ssl=null'],
      ...['con0=fd:0,fd:1', `umid=bench-${process.pid}-${count}`, `vec0:transport=tap,ifname=${tap},gro=1`],
    ];
    this.#child = spawn('ip', args, { env: { ...process.env, HOME: '/tmp' } });
    this.#ended = once(this.#child, 'exit');
    this.#child.stderr.pipe(process.stderr);
    this.#child.stdout.on('data', (part: Buffer) => {
      this.#seen = (this.#seen + part.toString()).slice(-100_000);
    });
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Types a line; resolves to what it says from then on, once that matches. */
  ask(line: string, pattern: RegExp): Promise<RegExpExecArray> {
    this.#seen = '';
    this.type(line);
    return this.until(pattern);
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#seen);
      if (match) return match;
      const ended = await Promise.race([
        once(this.#child.stdout, 'data').then(() => false),
        this.#ended.then(() => true),
      ]);
      if (ended) throw new Error(`the kernel by hand ended: ${this.#seen}`);
    }
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#image, { force: true });
  }
}
