import { expect, test } from 'vitest';
import { guardHandlers } from '../../../src/monitor/endpoints/guard.ts';
import type { Caller } from '../../../src/rpc/codec/program.ts';
import { allows, type ControlProcedure, roles } from '../../../src/rpc/roles.ts';
import { StrangerError } from '../../../src/rpc/server/dispatcher.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { securityLimits } from '../../../src/system/limits/limits.ts';
import { SecurityLog } from '../../../src/system/logs/security-log.ts';
import { stubHandlers, why } from '../../rpc/stub-handlers.ts';

const procedures = Object.keys(umlmonctrl.procedures) as ControlProcedure[];
const caller: Caller = {
  uid: 0,
  gid: 0,
  groups: [],
  pid: 0,
  id: 1,
  signal: new AbortController().signal,
  remote: undefined,
  actFor: () => undefined,
};
const remote: Caller = {
  ...caller,
  remote: { address: '192.0.2.1', binding: null, welcome: () => undefined, dismiss: () => undefined },
};

test.each([null, ...roles])('role %s reaches the handlers of that role, and no other one', async (role) => {
  const reached: string[] = [];
  const answering = procedures.map((name) => {
    const handle = () => {
      reached.push(name);
      return { kind: 'failed', why };
    };
    return [name, handle];
  });
  const security = new SecurityLog();
  const callers = { roleOf: () => role, nameOf: () => 'somebody' };
  const guarded = guardHandlers({ ...stubHandlers, ...Object.fromEntries(answering) }, callers, {
    security,
    settings: { secrets: () => [] },
  });
  for (const name of procedures) {
    const handle = guarded[name] as (args: unknown, caller: Caller) => unknown;
    const call = async (who: Caller) => handle(undefined, who);
    if (allows(role, name)) await call(caller);
    else
      await expect(call(caller)).resolves.toMatchObject({
        kind: 'failed',
        why: { code: 'ROLE_TOO_LOW', place: name },
      });
    // Over TCP, one without a role is to log in first.
    if (role === null && !name.startsWith('auth'))
      await expect(call(remote)).rejects.toBeInstanceOf(StrangerError);
  }
  expect(reached).toEqual(procedures.filter((name) => allows(role, name)));
  const told = security.held().filter(({ from, result }) => from === '' && result === 'ROLE_TOO_LOW');
  const beyond = procedures.filter((name) => !allows(role, name));
  expect(told.map(({ what }) => what)).toEqual(beyond.slice(-securityLimits.eventsOfPeer));
});
