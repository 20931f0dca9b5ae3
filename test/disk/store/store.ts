import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ImageName, type ImageStore, imagePathOnHost } from '../../../src/disk/names/image-name.ts';

/** Directories for the images of a few VMs, to be removed at the end. */
export class TestStore implements ImageStore {
  readonly home: string;
  readonly varDir: string;
  readonly shared: string;
  readonly holders: string;

  constructor(directory = tmpdir()) {
    this.home = mkdtempSync(join(directory, 'umlmon-disks-'));
    this.varDir = join(this.home, 'var');
    this.shared = join(this.home, 'shared');
    this.holders = join(this.home, 'run/.images');
  }

  /** A flat image without content; returns its host path. */
  add(name: ImageName, size = 4096): string {
    const path = imagePathOnHost(name, this);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    truncateSync(path, size);
    return path;
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
