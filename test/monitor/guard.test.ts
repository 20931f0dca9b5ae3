import { expect, test } from 'vitest';
import { guardHandlers } from '../../src/monitor/endpoints/guard.ts';
import { StrangerError } from '../../src/rpc/dispatcher.ts';
import type { Caller } from '../../src/rpc/program.ts';
import { allows, type ControlProcedure, roles } from '../../src/rpc/roles.ts';
import { umlmonctrl } from '../../src/rpc/umlmonctrl.gen.ts';
import { stubHandlers } from '../rpc/stub-handlers.ts';

const procedures = Object.keys(umlmonctrl.procedures) as ControlProcedure[];
const caller: Caller = {
  uid: 0,
  gid: 0,
  groups: [],
  pid: 0,
  id: 1,
  signal: new AbortController().signal,
  remote: undefined,
};

test.each([null, ...roles])('who is %s reaches the handlers of that role, and no other one', async (role) => {
  const reached: string[] = [];
  const counting = Object.fromEntries(procedures.map((name) => [name, () => void reached.push(name)]));
  const guarded = guardHandlers({ ...stubHandlers, ...counting }, () => role);
  for (const name of procedures) {
    const handle = guarded[name] as (args: unknown, caller: Caller) => unknown;
    const call = async () => handle(undefined, caller);
    if (allows(role, name)) await call();
    else if (role === null) await expect(call()).rejects.toBeInstanceOf(StrangerError);
    else
      await expect(call()).resolves.toMatchObject({
        kind: 'failed',
        why: { code: 'ROLE_TOO_LOW', place: name },
      });
  }
  expect(reached).toEqual(procedures.filter((name) => allows(role, name)));
});
