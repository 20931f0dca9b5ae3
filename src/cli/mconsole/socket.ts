import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KernelSender } from '../../kernel/kernel-sender.ts';
import { Mconsole } from '../../kernel/mconsole.ts';
import { mconsoleLine, parseMconsoleLine } from '../../kernel/mconsole-command.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { printable } from '../../system/text.ts';
import type { MconsoleLink } from './session.ts';

/** They end umlwatch, unless another listener handles them: at a prompt, CTRL-C ends the wait for an answer only. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type ForeignMconsole = MconsoleLink & { readonly close: () => void };

/**
 * The management console of a kernel that umlmon did not start, by its socket. Whatever is asked is done: there is no
 * monitor that would judge it. `close`, or the end by a signal, removes the socket for its answers.
 *
 * Errors: MCONSOLE_DOWN (there is no such socket).
 */
export function openForeignMconsole(path: string): ForeignMconsole {
  const uid = ownerOf(path);
  let directory = '';
  const remove = () => {
    for (const signal of endings) process.off(signal, onSignal);
    if (directory) rmSync(directory, { recursive: true, force: true });
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (process.listenerCount(signal) > 1) return;
    remove();
    process.kill(process.pid, signal);
  };
  for (const signal of endings) process.on(signal, onSignal);
  try {
    // The kernel answers to the name that we bind, as it sees it: one in a jail does not see this directory.
    directory = mkdtempSync(join(tmpdir(), 'umlwatch-'));
    // It can be entered by the kernel's user, but only its owner can list it.
    if (uid !== process.geteuid?.()) chmodSync(directory, 0o711);
    // The process id of the kernel is not recorded: the check of its user must do.
    const sender = new KernelSender({ vm: path, uid }, () => undefined);
    return linkTo(path, Mconsole.open(join(directory, 'reply'), path, sender), remove);
  } catch (error) {
    remove();
    throw error;
  }
}

function linkTo(path: string, mconsole: Mconsole, remove: () => void): ForeignMconsole {
  return {
    name: path,
    ask: async (line) => {
      const command = parseMconsoleLine(line);
      if ('cause' in command) throw new UmlmonError('MCONSOLE_COMMAND', { place: path, ...command });
      try {
        return { ...(await mconsole.request(mconsoleLine(command))), foreign: true };
      } catch (error) {
        throw explain(error, path);
      }
    },
    close: () => {
      mconsole.close();
      remove();
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
  const advice = 'a kernel in a jail of its own executes the request, but its answers do not arrive here';
  return new UmlmonError('MCONSOLE_TIMEOUT', { place: path, cause, hint: advice });
}
