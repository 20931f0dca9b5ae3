/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): client and server each prove that they know a password, or a key derived from it,
 * without revealing it. Over TLS, both bind their proof to the connection (tls-exporter, RFC 9266), so that it cannot be
 * relayed. Pure except for the derivation, which is slow on purpose.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { remoteLimits } from '../../system/limits/limits.ts';

/** The peer violates the mechanism. */
export class ScramError extends Error {
  override readonly name = 'ScramError';
}

/** Stored by a server instead of a password (RFC 5802 section 3): it verifies logins, but cannot be used to log in. */
export interface Verifier {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Parameters of the derivation. They are equal for all passwords of a host, so that a password alone identifies its entry. */
export interface Derivation {
  readonly salt: Buffer;
  readonly iterations: number;
}

/** An exchange between its first and its last message. */
interface Begun {
  readonly firstBare: string;
  readonly header: string;
  readonly binding: Buffer | null;
}

export interface ClientExchange extends Begun {
  readonly nonce: string;
  /** The message to send. */
  readonly message: string;
}

export interface ServerExchange extends Begun {
  /** Both nonces. */
  readonly nonce: string;
  /** The message to send. */
  readonly message: string;
}

const derive = promisify(pbkdf2);
const keyBytes = 32;

/** SaltedPassword of RFC 5802: takes some tenths of a second. */
export function saltPassword(password: string, { salt, iterations }: Derivation): Promise<Buffer> {
  // SASLprep equals NFKC for valid passwords, because umladmin refuses control characters.
  return derive(password.normalize('NFKC'), salt, iterations, keyBytes, 'sha256');
}

export function verifierOf(salted: Buffer): Verifier {
  return { storedKey: hash(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') };
}

/**
 * The first message of the client.
 *
 * @param user informational: the password identifies the client
 * @param nonce printable, without commas
 * @param binding exported by the TLS connection; null without TLS
 */
export function beginClient(user: string, nonce: string, binding: Buffer | null): ClientExchange {
  const header = headerOf(binding);
  const firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  return { firstBare, header, binding, nonce, message: header + firstBare };
}

/** The derivation that the first message of the server requests. Throws ScramError, also for parameters that umlmon never uses. */
export function readChallenge(exchange: ClientExchange, serverFirst: string): Derivation {
  const {
    nonce,
    salt = '',
    count,
  } = /^r=(?<nonce>[!-+\--~]+),s=(?<salt>[A-Za-z0-9+/=]+),i=(?<count>\d{1,9})$/.exec(serverFirst)?.groups ??
  {};
  if (!nonce?.startsWith(exchange.nonce) || nonce.length === exchange.nonce.length)
    throw new ScramError('the challenge belongs to another exchange');
  const iterations = Number(count);
  const { iterationsLeast, iterationsMost } = remoteLimits;
  if (!(iterations >= iterationsLeast && iterations <= iterationsMost))
    throw new ScramError(`the server requests ${iterations} iterations`);
  return { salt: Buffer.from(salt, 'base64'), iterations };
}

/** The final message of the client, and the answer that only a server with the verifier can send. */
export function finishClient(
  exchange: ClientExchange,
  serverFirst: string,
  salted: Buffer,
): { readonly message: string; readonly expected: string } {
  const nonce = /^r=([^,]*)/.exec(serverFirst)?.[1] ?? '';
  const withoutProof = `c=${boundHeader(exchange)},r=${nonce}`;
  const authMessage = [exchange.firstBare, serverFirst, withoutProof].join(',');
  const clientKey = hmac(salted, 'Client Key');
  const proof = xor(clientKey, hmac(hash(clientKey), authMessage));
  const signature = hmac(hmac(salted, 'Server Key'), authMessage);
  return {
    message: `${withoutProof},p=${proof.toString('base64')}`,
    expected: `v=${signature.toString('base64')}`,
  };
}

/**
 * The first message of the server. Over TLS, a client must use channel binding; without TLS it must not. So a downgrade is
 * not possible. Throws ScramError.
 */
export function beginServer(
  clientFirst: string,
  { nonce, derivation, binding }: { nonce: string; derivation: Derivation; binding: Buffer | null },
): ServerExchange {
  const header = headerOf(binding);
  if (!clientFirst.startsWith(header))
    throw new ScramError(`the first message must start with ${JSON.stringify(header)}`);
  const firstBare = clientFirst.slice(header.length);
  const theirs = /^n=[^,]{0,400},r=([!-+\--~]{16,128})$/.exec(firstBare)?.[1];
  if (theirs === undefined) throw new ScramError('the first message is not a valid SCRAM message');
  const both = theirs + nonce;
  const message = `r=${both},s=${derivation.salt.toString('base64')},i=${derivation.iterations}`;
  return { firstBare, header, binding, nonce: both, message };
}

/** The verifiers whose password the client knows, with the answer that proves the knowledge of the server. Throws ScramError. */
export function finishServer<V extends Verifier>(
  exchange: ServerExchange,
  clientFinal: string,
  verifiers: readonly V[],
): readonly { readonly verifier: V; readonly message: string }[] {
  const withoutProof = `c=${boundHeader(exchange)},r=${exchange.nonce}`;
  const cut = clientFinal.lastIndexOf(',p=');
  const proof = Buffer.from(clientFinal.slice(cut + ',p='.length), 'base64');
  if (cut < 0 || clientFinal.slice(0, cut) !== withoutProof || proof.length !== keyBytes)
    throw new ScramError('the final message belongs to another exchange or connection');
  const authMessage = [exchange.firstBare, exchange.message, withoutProof].join(',');
  // All are tried, so that the time does not reveal which one matches.
  return verifiers
    .map((verifier) => ({ verifier, ok: isProof(proof, verifier.storedKey, authMessage) }))
    .filter(({ ok }) => ok)
    .map(({ verifier }) => ({
      verifier,
      message: `v=${hmac(verifier.serverKey, authMessage).toString('base64')}`,
    }));
}

function isProof(proof: Buffer, storedKey: Buffer, authMessage: string): boolean {
  return timingSafeEqual(hash(xor(proof, hmac(storedKey, authMessage))), storedKey);
}

function headerOf(binding: Buffer | null): string {
  return binding ? 'p=tls-exporter,,' : 'n,,';
}

function boundHeader({ header, binding }: Begun): string {
  return Buffer.concat([Buffer.from(header), binding ?? Buffer.alloc(0)]).toString('base64');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function hash(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, index) => byte ^ (b[index] ?? 0)));
}
