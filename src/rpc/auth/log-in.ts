import { randomBytes } from 'node:crypto';
import { isErrorCode, UmlmonError } from '../../system/errors/errors.ts';
import { printable } from '../../system/text.ts';
import type { RpcClient } from '../client/client.ts';
import type { AuthAnswer, AuthStep, umlmonctrl } from '../umlmonctrl.gen.ts';
import { beginClient, type Derivation, finishClient, readChallenge, ScramError } from './scram.ts';

/** Most characters of an untrusted text in a message. */
const shownLength = 200;

export interface LoginRequest {
  readonly vm: string;
  /** Of the TLS connection; null without TLS. */
  readonly binding: Buffer | null;
  /** Derives the key from the password (saltPassword). This is slow, and the next login gives the same result. */
  readonly derive: (derivation: Derivation) => Promise<Buffer>;
  /** For messages. */
  readonly place: string;
}

/**
 * Logs in over a new connection: the client and the server each prove that they know the password. Resolves to the role.
 * Errors: AUTH_*, PASSWORD_WRONG, REMOTE_IDENTITY, and those of RpcClient.call.
 */
export async function authenticate(
  client: RpcClient<typeof umlmonctrl>,
  { vm, binding, derive, place }: LoginRequest,
): Promise<string> {
  const failed = (cause: string) => new UmlmonError('AUTH_FAILED', { place, cause });
  const stepOf = (answer: AuthAnswer): AuthStep => {
    if (answer.kind === 'ok') return answer.step;
    // Untrusted text for a terminal.
    const { code, place: where, cause, hint } = answer.why;
    const [at, why, what] = [where, cause, hint].map((text) => printable(text, shownLength));
    throw new UmlmonError(isErrorCode(code) ? code : 'AUTH_FAILED', {
      place: at ?? '',
      cause: why ?? '',
      hint: what ?? '',
    });
  };
  try {
    const exchange = beginClient(vm, randomBytes(18).toString('base64'), binding);
    const challenge = stepOf(await client.call('authBegin', exchange.message)).message;
    const salted = await derive(readChallenge(exchange, challenge));
    const { message, expected } = finishClient(exchange, challenge, salted);
    const last = stepOf(await client.call('authFinish', message));
    if (last.message !== expected)
      throw new UmlmonError('REMOTE_IDENTITY', {
        place,
        cause:
          'the other end does not know the password: it is not the monitor, or the connection is intercepted',
      });
    return last.role;
  } catch (error) {
    if (error instanceof ScramError) throw failed(error.message);
    throw error;
  }
}
