import '../tiers/needs-host.ts';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of /etc, for programs that change the accounts of a host: those of this one stay as they are. */
export class PrivateAccounts {
  readonly #home = mkdtempSync(join(tmpdir(), 'umlmon-etc-'));
  /** The command prefix of a program that sees the copy as /etc. */
  readonly within: readonly string[];

  constructor() {
    const copy = join(this.#home, 'etc');
    cpSync('/etc', copy, { recursive: true, verbatimSymlinks: true });
    // Processes are not private: userdel(8) keeps a user whose number one of them has, as in another test at the same time.
    const first = 20_000 + 10 * (process.pid % 4000);
    const range = ['UID', 'GID'].map((id) => `SYS_${id}_MIN ${first}\nSYS_${id}_MAX ${first + 9}\n`);
    appendFileSync(join(copy, 'login.defs'), range.join(''));
    const script = 'mount --bind "$0" /etc && exec "$@"';
    this.within = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, copy];
  }

  /** A line of a shell, with the copy as /etc. */
  shell(line: string): { readonly status: number | null; readonly text: string } {
    const [command = '', ...args] = this.within;
    const { status, stdout, stderr } = spawnSync(command, [...args, 'sh', '-c', line], { encoding: 'utf8' });
    return { status, text: stdout + stderr };
  }

  /** The fields of the line of a name in a file such as passwd or group. */
  entry(file: 'passwd' | 'group', name: string): string[] | undefined {
    const lines = readFileSync(join(this.#home, 'etc', file), 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([first]) => first === name);
  }

  close(): void {
    rmSync(this.#home, { recursive: true });
  }
}
