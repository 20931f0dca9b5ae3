import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorCatalogue, type Failure, UmlmonError } from '../../system/errors/errors.ts';
import { webLimits } from '../../system/limits/limits.ts';

/** Headers of every answer: nothing from elsewhere, in no frame, nothing guessed, nothing kept. */
export function safeHeaders(nonce?: string): Record<string, string> {
  const styles = nonce ? `'self' 'nonce-${nonce}'` : "'self'";
  return {
    'Content-Security-Policy': [
      "default-src 'none'",
      "script-src 'self'",
      `style-src ${styles}`,
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Cache-Control': 'no-store',
  };
}

/** An error response: its text and its status (RFC 9110 section 15). */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;
  readonly why: Failure;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, why: Failure, headers: Readonly<Record<string, string>> = {}) {
    super(why.cause);
    this.status = status;
    this.why = why;
    this.headers = headers;
  }
}

/** A refusal of umlweb itself, under the code of the catalogue. */
export function refused(
  status: number,
  place: string,
  cause: string,
  hint = '',
  headers: Readonly<Record<string, string>> = {},
): Refused {
  return new Refused(status, { code: 'WEB_REFUSED', place, cause, hint }, headers);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    ...safeHeaders(),
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': body.length,
    ...headers,
  });
  response.end(body);
}

/** The object that a request carries as JSON. Errors: Refused 400, 413, 415. */
export async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw refused(415, 'request', 'the body is not JSON');
  const body = await readBody(request);
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refused(400, 'request', 'the body is not a JSON object');
}

/** The whole body. Bytes beyond the bound are read and discarded, so that the sender receives the refusal. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= webLimits.bodyBytes) pieces.push(piece);
      else
        reject(
          refused(413, 'request', `the body has over ${webLimits.bodyBytes} bytes`, '', {
            Connection: 'close',
          }),
        );
    });
    request.on('end', () => resolve(Buffer.concat(pieces)));
    request.on('error', reject);
    request.on('close', () => reject(refused(400, 'request', 'the body is not complete')));
  });
}

/** The HTTP status of an error that a monitor, or the way to it, has given. */
export function statusOf(error: unknown): number {
  if (!(error instanceof UmlmonError)) return 500;
  if (error.code === 'ROLE_TOO_LOW') return 403;
  if (error.code === 'RPC_CONNECTIONS') return 429;
  if (errorCatalogue[error.code].class === 'unreachable') return 502;
  return error.code === 'INTERNAL' ? 500 : 409;
}
