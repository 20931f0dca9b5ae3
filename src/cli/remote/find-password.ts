import { createReadStream } from 'node:fs';
import { userEnvironment } from '../../system/environment.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import { locateProgram } from '../../system/processes/find-program.ts';
import { runInForeground } from '../../system/processes/foreground-command.ts';
import { firstLine } from '../../system/text.ts';
import { askSecret } from './ask-secret.ts';

/** Where a password can come from. */
export interface PasswordSource {
  /** The value of -password-file. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The password for a VM: from a file, from the program that UMLMON_ASKPASS names, or from the terminal, in this order.
 * The result has whether it was typed, so that asking again makes sense. Errors: PASSWORD_BAD.
 */
export async function findPassword(
  address: string,
  { file, env }: PasswordSource,
): Promise<{ password: string; typed: boolean }> {
  const path = file ?? env.UMLMON_PASSWORD_FILE;
  if (path) return { password: firstLine(await readFile(path)), typed: false };
  const question = `password for ${address}: `;
  if (env.UMLMON_ASKPASS)
    return { password: firstLine(await askProgram(env.UMLMON_ASKPASS, question, env)), typed: false };
  const password = await askSecret(question);
  if (password !== undefined) return { password, typed: true };
  throw bad(
    address,
    'a password is wanted, and there is no terminal to ask for it',
    '-password-file, or UMLMON_ASKPASS',
  );
}

const bytesMost = 4 * remoteLimits.passwordMost + 1;

/** The first bytes of a stream, which may come in pieces and late: a password is not longer. */
export async function readSmall(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of stream) {
    pieces.push(Buffer.from(piece));
    length += piece.length;
    if (length >= bytesMost) break;
  }
  return Buffer.concat(pieces).toString('utf8', 0, bytesMost);
}

async function readFile(path: string): Promise<string> {
  try {
    return await readSmall(createReadStream(path));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw bad(path, error.message, 'it must have the password in its first line');
  }
}

async function askProgram(named: string, question: string, env: PasswordSource['env']): Promise<string> {
  const program = named.includes('/') ? named : locateProgram(named);
  if (program === undefined) throw bad(named, 'there is no such program', 'name its path in UMLMON_ASKPASS');
  const { stdout, failure } = await runInForeground({
    program,
    args: [question],
    env: userEnvironment(env),
    input: 'inherit',
    outputBytes: bytesMost,
  });
  if (failure === '') return stdout;
  throw bad(program, failure, 'UMLMON_ASKPASS names a program that prints the password');
}

function bad(place: string, cause: string, hint: string): UmlmonError {
  return new UmlmonError('PASSWORD_BAD', { place, cause, hint });
}
