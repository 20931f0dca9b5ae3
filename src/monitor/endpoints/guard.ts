import { StrangerError } from '../../rpc/dispatcher.ts';
import type { Caller, Handlers } from '../../rpc/program.ts';
import { allows, type ControlProcedure, procedureRoles, type Role } from '../../rpc/roles.ts';
import type { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors.ts';
import { answer } from '../answer.ts';

type Handle = (args: unknown, caller: Caller) => unknown;

/** Handlers that do nothing for callers whose role is too low, and know no strangers (docs/roles.md). */
export function guardHandlers(
  handlers: Handlers<typeof umlmonctrl>,
  roleOf: (caller: Caller) => Role | null,
): Handlers<typeof umlmonctrl> {
  const guarded = Object.entries(handlers).map(([name, handle]) => {
    const procedure = name as ControlProcedure;
    return [name, guard(procedure, handle as Handle, roleOf)];
  });
  // One for each, under its name.
  return Object.fromEntries(guarded) as Handlers<typeof umlmonctrl>;
}

function guard(procedure: ControlProcedure, handle: Handle, roleOf: (caller: Caller) => Role | null): Handle {
  return (args, caller) => {
    const role = roleOf(caller);
    if (allows(role, procedure)) return handle(args, caller);
    if (!role) throw new StrangerError(procedure);
    return answer(() => {
      throw new UmlmonError('ROLE_TOO_LOW', {
        place: procedure,
        cause: `this needs the role ${procedureRoles[procedure]}, and yours is ${role}`,
        hint: 'docs/roles.md lists what each role may do',
      });
    });
  };
}
