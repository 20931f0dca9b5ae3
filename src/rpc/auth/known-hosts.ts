import { mkdirSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { rewriteFile } from '../../system/files/rewrite-file.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import { plainHost } from '../../system/plain-host.ts';
import { placeText } from '../address.ts';

/** Most hosts in the file; the newest are kept. */
const hostsMax = remoteLimits.hostsKnown;

/**
 * The certificates of monitors after a successful login, one line each: address and fingerprint. Addresses are normalised
 * (`vm1@HOSTB` equals `vm1@hostb.`). It has certificates without a trusted authority. The next login detects an
 * impostor before it sends a proof from which the password could be guessed.
 */
export class KnownHosts {
  /** Undefined if there is no directory for the file: then nothing is stored. */
  readonly path: string | undefined;

  constructor(path: string | undefined) {
    this.path = path;
  }

  fingerprintOf(address: string): string | undefined {
    const wanted = plainPlace(address);
    return this.#read().findLast(([known = '']) => plainPlace(known) === wanted)?.[1];
  }

  /** Errors of writing are ignored: the file is optional. */
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

/** `VM@HOST`, `VM@HOST:PORT` with a normalised host; other texts are unchanged. */
function plainPlace(address: string): string {
  const [, vm = '', rest = ''] = /^([^@]*@)(.*)$/.exec(address) ?? [];
  if (isIPv6(rest)) return `${vm}${plainHost(rest)}`;
  const [, bracketed, name, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? name ?? '';
  if (host === '') return address;
  return port === undefined ? `${vm}${plainHost(host)}` : `${vm}${placeText(plainHost(host), Number(port))}`;
}
