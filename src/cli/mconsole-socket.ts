import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mconsole } from '../kernel/mconsole.ts';
import { lineOf, parseMconsoleLine } from '../kernel/mconsole-command.ts';
import { toFailure, UmlmonError } from '../system/errors.ts';
import { printable } from '../system/text.ts';
import type { MconsoleLink } from './mconsole-session.ts';

/**
 * The management console of a kernel that umlmon did not start, by its socket. Whatever is asked is done: there is no
 * monitor that would judge it. `close` removes the socket for its answers.
 *
 * Errors: MCONSOLE_DOWN (there is no such socket).
 */
export function openForeignMconsole(path: string): MconsoleLink & { readonly close: () => void } {
  const uid = ownerOf(path);
  // The kernel answers to the name that we bind, as it sees it: one in a jail does not see this directory.
  const directory = mkdtempSync(join(tmpdir(), 'umlwatch-'));
  // It can be entered by the kernel's user, and read by nobody.
  if (uid !== process.geteuid?.()) chmodSync(directory, 0o711);
  const mconsole = Mconsole.open(join(directory, 'reply'), path, uid);
  return {
    name: path,
    ask: async (line) => {
      const command = parseMconsoleLine(line);
      if ('cause' in command) throw new UmlmonError('MCONSOLE_COMMAND', { place: path, ...command });
      try {
        return { ...(await mconsole.request(lineOf(command))), foreign: true };
      } catch (error) {
        throw explain(error, path);
      }
    },
    close: () => {
      mconsole.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function ownerOf(path: string): number {
  try {
    return statSync(path).uid;
  } catch (error) {
    const { cause } = toFailure(error);
    throw new UmlmonError('MCONSOLE_DOWN', { place: printable(path, 200), cause });
  }
}

/** A kernel in a jail has done what was asked, but cannot answer. */
function explain(error: unknown, path: string): UmlmonError {
  const { code, cause, hint } = toFailure(error);
  if (code !== 'MCONSOLE_TIMEOUT')
    return error instanceof UmlmonError ? error : new UmlmonError('INTERNAL', { place: path, cause, hint });
  const advice = 'a kernel in a jail of its own does what it is told, but its answers do not come here';
  return new UmlmonError('MCONSOLE_TIMEOUT', { place: path, cause, hint: advice });
}
