import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  childrenOf,
  isSameProcess,
  processIdentity,
  programNameOf,
} from '../../../src/system/native/process.ts';

describe('the identity of a process', () => {
  test('is the same while it runs', async () => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    const identity = processIdentity(child.pid ?? 0);
    if (!identity) throw new Error('no identity');
    expect(isSameProcess(identity)).toBe(true);
    expect(isSameProcess({ ...identity, startTime: identity.startTime - 1 })).toBe(false);
    expect(childrenOf(process.pid)).toContain(identity.pid);
    expect(programNameOf(identity.pid)).toBe('sleep');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isSameProcess(identity)).toBe(false);
    expect(processIdentity(identity.pid)).toBeUndefined();
    expect(childrenOf(identity.pid)).toEqual([]);
    expect(programNameOf(identity.pid)).toBeUndefined();
  });

  test('is undefined for an impossible pid', () => {
    for (const pid of [0, -1, 1.5, Number.NaN]) expect(processIdentity(pid)).toBeUndefined();
  });
});
