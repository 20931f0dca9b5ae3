/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677): client and server each prove that they know a password, or what was derived
 * from it, without showing it. Over TLS both bind their proof to the very connection (tls-exporter, RFC 9266), so
 * that nobody in the middle can pass it on. Without input and output; the derivation is slow on purpose.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { remoteLimits } from '../../system/limits/limits.ts';

/** The other side does not keep to the mechanism. */
export class ScramError extends Error {
  override readonly name = 'ScramError';
}

/** What a server keeps of a password (RFC 5802 section 3): it verifies with it, and cannot log in elsewhere with it. */
export interface Verifier {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** How passwords are derived: the same for all of a host, so that a password alone tells whose it is. */
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

/** SaltedPassword of RFC 5802: some tenths of a second of work. */
export function saltPassword(password: string, { salt, iterations }: Derivation): Promise<Buffer> {
  // SASLprep is NFKC for whatever a password may have here: umladmin refuses control characters.
  return derive(password.normalize('NFKC'), salt, iterations, keyBytes, 'sha256');
}

export function verifierOf(salted: Buffer): Verifier {
  return { storedKey: hash(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') };
}

/**
 * The client's first message.
 *
 * @param user only a name for the record: the password tells who it is
 * @param nonce printable, without commas
 * @param binding what the TLS connection exports; null without TLS
 */
export function beginClient(user: string, nonce: string, binding: Buffer | null): ClientExchange {
  const header = headerOf(binding);
  const firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  return { firstBare, header, binding, nonce, message: header + firstBare };
}

/** What the server's first message asks to derive. Throws ScramError, also for what no server of umlmon asks for. */
export function readChallenge(exchange: ClientExchange, serverFirst: string): Derivation {
  const {
    nonce,
    salt = '',
    count,
  } = /^r=(?<nonce>[!-+\--~]+),s=(?<salt>[A-Za-z0-9+/=]+),i=(?<count>\d{1,9})$/.exec(serverFirst)?.groups ??
  {};
  if (!nonce?.startsWith(exchange.nonce) || nonce.length === exchange.nonce.length)
    throw new ScramError('the challenge is not for this exchange');
  const iterations = Number(count);
  const { iterationsLeast, iterationsMost } = remoteLimits;
  if (!(iterations >= iterationsLeast && iterations <= iterationsMost))
    throw new ScramError(`${iterations} iterations are asked for`);
  return { salt: Buffer.from(salt, 'base64'), iterations };
}

/** The client's final message, and what only a server that knows the verifier can answer to it. */
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
 * The server's first message. Over TLS a client must bind to the connection, without it cannot: nobody can talk the
 * two out of it. Throws ScramError.
 */
export function beginServer(
  clientFirst: string,
  { nonce, derivation, binding }: { nonce: string; derivation: Derivation; binding: Buffer | null },
): ServerExchange {
  const header = headerOf(binding);
  if (!clientFirst.startsWith(header))
    throw new ScramError(`the first message must begin with ${JSON.stringify(header)}`);
  const firstBare = clientFirst.slice(header.length);
  const theirs = /^n=[^,]{0,400},r=([!-+\--~]{16,128})$/.exec(firstBare)?.[1];
  if (theirs === undefined) throw new ScramError('the first message is not the one of SCRAM');
  const both = theirs + nonce;
  const message = `r=${both},s=${derivation.salt.toString('base64')},i=${derivation.iterations}`;
  return { firstBare, header, binding, nonce: both, message };
}

/** The verifiers whose password the client knows, with the answer that proves that we know it too. Throws ScramError. */
export function finishServer<V extends Verifier>(
  exchange: ServerExchange,
  clientFinal: string,
  verifiers: readonly V[],
): readonly { readonly verifier: V; readonly message: string }[] {
  const withoutProof = `c=${boundHeader(exchange)},r=${exchange.nonce}`;
  const cut = clientFinal.lastIndexOf(',p=');
  const proof = Buffer.from(clientFinal.slice(cut + ',p='.length), 'base64');
  if (cut < 0 || clientFinal.slice(0, cut) !== withoutProof || proof.length !== keyBytes)
    throw new ScramError('the final message does not belong to this exchange, or to this connection');
  const authMessage = [exchange.firstBare, exchange.message, withoutProof].join(',');
  // All are tried, whichever it is: the time tells nothing.
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
