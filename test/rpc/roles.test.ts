import { describe, expect, test } from 'vitest';
import { allows, type ControlProcedure, procedureRoles, roles } from '../../src/rpc/roles.ts';
import { umlmonctrl } from '../../src/rpc/umlmonctrl.gen.ts';

const procedures = Object.keys(umlmonctrl.procedures) as ControlProcedure[];

describe('roles', () => {
  test('each role may do more than the roles before it; an unauthenticated client may only log in', () => {
    const allowed = [null, ...roles].map((role) => procedures.filter((name) => allows(role, name)));
    expect(allowed[0]).toEqual(['authBegin', 'authFinish', 'actFor']);
    expect(allowed.at(-1)).toEqual(procedures);
    for (const [index, names] of allowed.slice(1).entries()) {
      expect(names).toEqual(expect.arrayContaining(allowed[index] ?? []));
      expect(names.length).toBeGreaterThan(allowed[index]?.length ?? 0);
    }
  });

  test('role view may neither read nor write bytes of a console', () => {
    for (const name of procedures.filter((one) => /^console(?!Who)|logRead|crashRead/.test(one)))
      expect(procedureRoles[name]).toBe('console');
  });
});
