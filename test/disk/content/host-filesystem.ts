/** File systems of a host, each in its own loop device: the layout of an image depends on them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hostFilesystems = ['tmpfs', 'ext4', 'xfs', 'btrfs'] as const;
export type HostFilesystem = (typeof hostFilesystems)[number];

/** Whether copies share their blocks. */
export const canShare = (kind: HostFilesystem) => kind === 'xfs' || kind === 'btrfs';

export class MountedFilesystem {
  readonly directory: string;
  readonly #home: string;

  /** @param within where its bytes are, but for tmpfs */
  constructor(kind: HostFilesystem, size = '640M', within = tmpdir()) {
    this.#home = mkdtempSync(join(within, 'umlmon-fs-'));
    this.directory = join(this.#home, 'mnt');
    mkdirSync(this.directory);
    const run = (...[program = '', ...args]: string[]) => execFileSync(program, args, { stdio: 'pipe' });
    try {
      if (kind === 'tmpfs') run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.directory);
      else {
        const image = join(this.#home, 'image');
        run('truncate', '-s', size, image);
        run(`mkfs.${kind}`, '-q', image);
        run('mount', '-o', 'loop', image, this.directory);
      }
    } catch (error) {
      rmSync(this.#home, { recursive: true });
      throw error;
    }
  }

  close(): void {
    execFileSync('umount', [this.directory]);
    rmSync(this.#home, { recursive: true });
  }
}
