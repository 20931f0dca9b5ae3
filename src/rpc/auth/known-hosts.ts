import { mkdirSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { rewriteFile } from '../../system/files/rewrite-file.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import { plainHost } from '../../system/plain-host.ts';
import { placeText } from '../address.ts';

/** Hosts that are remembered: the newest. */
const hostsMax = remoteLimits.hostsKnown;

/**
 * The certificates of monitors that a password was proved to, a line each: address, and fingerprint. An address is one however it is written (`vm1@HOSTB`, `vm1@hostb.`). For
 * those that no authority vouches for: next time, nobody else is shown a proof that a password could be guessed from.
 */
export class KnownHosts {
  /** Undefined where there is no place for the file: then nothing is remembered. */
  readonly path: string | undefined;

  constructor(path: string | undefined) {
    this.path = path;
  }

  fingerprintOf(address: string): string | undefined {
    const wanted = plainPlace(address);
    return this.#read().findLast(([known = '']) => plainPlace(known) === wanted)?.[1];
  }

  /** A convenience: a file that cannot be written is as good as none. */
  remember(address: string, fingerprint: string): void {
    if (this.path === undefined) return;
    const place = plainPlace(address);
    const others = this.#read().filter(([known = '']) => plainPlace(known) !== place);
    const lines = [...others, [place, fingerprint]];
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      const text = lines.slice(-hostsMax).map((line) => `${line.join(' ')}\n`);
      rewriteFile(this.path, Buffer.from(text.join('')), { newMode: 0o600, links: 'follow' });
    } catch (error) {
      if (!isSystemError(error) && !(error instanceof UmlmonError)) throw error;
    }
  }

  #read(): string[][] {
    if (this.path === undefined) return [];
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

/** `VM@HOST`, `VM@HOST:PORT` with its host as hosts are compared; another text as it is. */
function plainPlace(address: string): string {
  const [, vm = '', rest = ''] = /^([^@]*@)(.*)$/.exec(address) ?? [];
  if (isIPv6(rest)) return `${vm}${plainHost(rest)}`;
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? name ?? '';
  if (host === '') return address;
  return port === undefined ? `${vm}${plainHost(host)}` : `${vm}${placeText(plainHost(host), Number(port))}`;
}
