import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors.ts';
import { rewriteFile } from '../system/rewrite-file.ts';

/** Hosts that are remembered: the newest. */
const hostsMax = 1000;

/**
 * The certificates of monitors that a password was proved to, a line each: address as the user wrote it, and fingerprint. For
 * those that no authority vouches for: next time, nobody else is shown a proof that a password could be guessed from.
 */
export class KnownHosts {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  fingerprintOf(address: string): string | undefined {
    return this.#read().find(([known]) => known === address)?.[1];
  }

  /** A convenience: a file that cannot be written is as good as none. */
  remember(address: string, fingerprint: string): void {
    const lines = [...this.#read().filter(([known]) => known !== address), [address, fingerprint]];
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      const text = lines.slice(-hostsMax).map((line) => `${line.join(' ')}\n`);
      rewriteFile(this.path, Buffer.from(text.join('')), { newMode: 0o600, links: 'follow' });
    } catch (error) {
      if (!isSystemError(error) && !(error instanceof UmlmonError)) throw error;
    }
  }

  #read(): string[][] {
    try {
      return readFileSync(this.path, 'utf8')
        .split('\n')
        .map((line) => line.split(' '))
        .filter(({ length }) => length === 2);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return [];
    }
  }
}
