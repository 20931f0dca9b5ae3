import { X509Certificate } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { GlobalConfig } from '../../config/config.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { readSecretFile } from '../../system/files/secret-file.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import { findProgram } from '../../system/processes/find-program.ts';
import { requireHostCommand } from '../../system/processes/host-command.ts';

/** PEM texts. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * Key and certificate that the configuration names, else those of the host in VARDIR. The latter are made when they are
 * first needed. They prove no identity, but do not change. Errors: REMOTE_CERTIFICATE, HOST_PROGRAM_MISSING.
 */
export async function loadCertificate({ vardir, tls_cert, tls_key }: GlobalConfig): Promise<Certificate> {
  if (tls_cert !== '') return { key: readSecret(tls_key), cert: readPem(tls_cert) };
  const path = join(vardir, '.tls.pem');
  if (readOwn(path) === undefined) await makeOwn(path);
  const pem = readOwn(path);
  if (pem === undefined) throw unusable(path, 'another process has removed it just now');
  return { key: pem, cert: pem };
}

/** SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` shows it. Errors: REMOTE_CERTIFICATE. */
export function certificateFingerprint({ cert }: Certificate): string {
  try {
    return new X509Certificate(cert).fingerprint256;
  } catch (error) {
    throw unusable('tls_cert', error instanceof Error ? error.message : String(error));
  }
}

function readOwn(path: string): string | undefined {
  return readSecretFile(path, remoteLimits.certificateBytes, (cause, hint) => unusable(path, cause, hint));
}

function readSecret(path: string): string {
  const text = readOwn(path);
  if (text === undefined) throw unusable(path, 'the file does not exist');
  return text;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(path, error.message);
  }
}

/** Makes the complete file, once: of monitors that start at the same time, the first one wins. */
async function makeOwn(path: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, await makePem(), { mode: 0o600 });
    linkSync(draft, path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code !== 'EEXIST') throw unusable(path, error.message);
  } finally {
    rmSync(draft, { force: true });
  }
}

async function makePem(): Promise<string> {
  const openssl = findProgram('openssl', 'openssl');
  // A common name has 64 characters at most (RFC 5280, ub-common-name).
  const name = hostname()
    .replace(/[^\w.-]/g, '-')
    .slice(0, 64);
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256'];
  const pem = await requireHostCommand(
    {
      program: openssl,
      args: [...words, '-days', '7300', '-subj', `/CN=${name}`, '-keyout', '-', '-out', '-'],
      timeMs: remoteLimits.opensslTime,
    },
    { code: 'REMOTE_CERTIFICATE', place: 'openssl req', hint: certificateHint, clean: lastLine },
  );
  if (pem.includes('PRIVATE KEY') && pem.includes('CERTIFICATE')) return pem;
  throw unusable('openssl req', 'it succeeded, but printed no key and certificate');
}

/** openssl(1) shows its progress on standard error, too. */
function lastLine(words: string): string {
  return words.trim().split('\n').at(-1) ?? '';
}

const certificateHint = 'name a certificate with tls_cert and tls_key, or write tcp = plain';

function unusable(place: string, cause: string, hint = certificateHint): UmlmonError {
  return new UmlmonError('REMOTE_CERTIFICATE', { place, cause, hint });
}
