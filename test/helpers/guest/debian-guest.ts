/** A host with one Debian 13 guest (src/setup/debian-guest.sh) behind nat, driven by umlwatch as a user drives it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { NetworkWorld } from '../host/network-world.ts';
import { program, type Ran, vmUid, type World } from '../programs/world.ts';

const project = join(import.meta.dirname, '../../..');
export const guestAddress = '10.9.0.2';

export class DebianGuest {
  readonly #host = new NetworkWorld();
  readonly world: World = this.#host.world;
  readonly vm = 'deb';

  /** Makes the image, which takes ten seconds the first time, and a VM of a copy of it; starts the monitor. */
  async open(): Promise<void> {
    const image = execFileSync('sh', ['src/setup/debian-guest.sh'], {
      cwd: project,
      encoding: 'utf8',
    }).trim();
    const lines = [
      'mem = 384M\nubd0 = /disks/root.dsk\nready = guest',
      'con0 = pty log\ncon1 = pty log\nssl0 = pty\nbackup_freeze = ssl0',
      `eth0 = nat(name=deb, subnet=10.9.0.0/24, guest_addr=${guestAddress}, forward=8080:80)`,
    ];
    this.world.configure({ [this.vm]: lines.join('\n') });
    const disks = join(this.world.varDir, this.vm, 'jail/disks');
    mkdirSync(disks, { recursive: true });
    execFileSync('cp', ['--sparse=always', image, join(disks, 'root.dsk')]);
    chownSync(join(disks, 'root.dsk'), vmUid, vmUid);
    await this.world.startMonitor(this.vm);
  }

  /** umlwatch with the VM and these words, beside everything else. @param input a file for its standard input */
  watch(
    words: readonly string[],
    input = '/dev/null',
  ): { readonly child: ChildProcess; readonly ended: Promise<Ran> } {
    const fd = openSync(input, 'r');
    const child = spawn(program('umlwatch'), ['-config', this.world.configPath, this.vm, ...words], {
      stdio: [fd, 'pipe', 'pipe'],
    });
    closeSync(fd);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    const ended = new Promise<Ran>((resolve) => {
      child.once('close', (status) => resolve({ status, stdout, stderr }));
    });
    return { child, ended };
  }

  /** The same, which must succeed. @returns standard output */
  async ask(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.watch(words).ended;
    if (status !== 0) throw new Error(`umlwatch ${words.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** A command of the host's network namespace, whose words are separated by blanks. */
  onHost(command: string): string {
    return this.#host.host.run(command);
  }

  canReachGuest(): boolean {
    return this.#host.host.succeeds(`busybox ping -c 1 -W 2 ${guestAddress}`);
  }

  /** SIGKILL to the monitor, and a new one. */
  async replaceMonitor(): Promise<void> {
    await this.world.killMonitor(this.vm);
    await this.world.startMonitor(this.vm);
  }

  async close(): Promise<void> {
    await this.#host.close();
  }
}
