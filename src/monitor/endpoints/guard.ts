import type { Caller, Handlers } from '../../rpc/codec/program.ts';
import { allows, type ControlProcedure, procedureRoles, type Role } from '../../rpc/roles.ts';
import { StrangerError } from '../../rpc/server/dispatcher.ts';
import { peerOf } from '../../rpc/server/peer.ts';
import type { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { SecurityKind } from '../../system/logs/security-kinds.ts';
import type { SecurityLog } from '../../system/logs/security-log.ts';
import { answer } from '../answer.ts';
import { recordedCalls } from './recorded.ts';
import { type SecretSource, viewFor } from './view.ts';

type Handle = (args: unknown, caller: Caller) => unknown;

/** What the guard of a monitor needs besides. */
export interface GuardParts {
  readonly security: Pick<SecurityLog, 'record'>;
  readonly settings: SecretSource;
}

/** Identifies callers. */
export interface Callers {
  /** Null for a caller without a role: over TCP one that has not logged in. */
  roleOf(caller: Caller): Role | null;
  nameOf(caller: Caller): string;
}

/**
 * Wraps handlers. Refuses callers whose role is too low, and disconnects those without a role (docs/roles.md). Removes
 * from answers what the role may not see. Records calls and their results.
 */
export function guardHandlers(
  handlers: Handlers<typeof umlmonctrl>,
  callers: Callers,
  parts: GuardParts,
): Handlers<typeof umlmonctrl> {
  const guarded = Object.entries(handlers).map(([name, handle]) => {
    const procedure = name as ControlProcedure;
    return [name, guard(procedure, handle as Handle, callers, parts)];
  });
  // One for each, under its name.
  return Object.fromEntries(guarded) as Handlers<typeof umlmonctrl>;
}

function guard(
  procedure: ControlProcedure,
  handle: Handle,
  callers: Callers,
  { security, settings }: GuardParts,
): Handle {
  const record = (kind: SecurityKind, caller: Caller, result: string) =>
    security.record({
      kind,
      who: callers.nameOf(caller),
      from: caller.behalf?.address ?? caller.remote?.address ?? '',
      what: procedure,
      result,
      peer: peerOf(caller).key,
    });
  return async (args, caller) => {
    const { refusal } = caller;
    if (refusal && procedure === 'null') return undefined;
    if (refusal)
      return answer(() => {
        throw refusal;
      });
    const role = callers.roleOf(caller);
    const isStranger = !role && caller.remote !== undefined && procedureRoles[procedure] !== 'nobody';
    if (isStranger || !allows(role, procedure)) {
      record(role ? 'refused' : 'stranger', caller, 'ROLE_TOO_LOW');
      if (isStranger) throw new StrangerError(procedure);
      return answer(() => {
        throw tooLow(procedure, role, callers.nameOf(caller));
      });
    }
    const answered = await handle(args, caller);
    const kind = recordedCalls[procedure];
    if (kind) record(kind, caller, resultOf(answered));
    return viewFor(role, procedure, answered, settings);
  };
}

function tooLow(procedure: ControlProcedure, role: Role | null, name: string): UmlmonError {
  const theirs = role ? `yours is ${role}` : `${name} has no role`;
  return new UmlmonError('ROLE_TOO_LOW', {
    place: procedure,
    cause: `this needs the role ${procedureRoles[procedure]}, and ${theirs}`,
    hint: 'docs/roles.md lists what each role may do',
  });
}

/** `ok`, or the error code. */
function resultOf(answered: unknown): string {
  const { kind, why } = (answered ?? {}) as { kind?: unknown; why?: { code?: unknown } };
  return kind === 'failed' ? String(why?.code) : 'ok';
}
