import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Mconsole } from '../../../src/kernel/mconsole.ts';
import type { Disks } from '../../../src/monitor/disks/disks.ts';
import { type HangListener, HangWatch } from '../../../src/monitor/guest/hang-watch.ts';
import type { Networks } from '../../../src/monitor/networks/networks.ts';
import { RunningKernel } from '../../../src/monitor/running-kernel.ts';
import { UndoStack } from '../../../src/monitor/start/undo.ts';
import type { LaunchPlan } from '../../../src/plan/plan.ts';
import { hostClock, wallMoment } from '../../../src/system/clock.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';

test('a kernel that is paused for a backup does not hang; one that is silent afterwards does', async () => {
  let asked = 0;
  const silent = async () => {
    asked += 1;
    throw new UmlmonError('MCONSOLE_TIMEOUT', { place: 'mconsole version', cause: 'no answer' });
  };
  const kernel = new RunningKernel({
    plan: {} as LaunchPlan,
    began: 0,
    moment: wallMoment(0),
    version: '',
    undo: new UndoStack(),
    sandbox: {
      launcher: { pid: 1, startTime: 1 },
      init: undefined,
      kernel: undefined,
      exit: new Promise(() => undefined),
      kill: () => undefined,
    },
    mconsole: { request: silent } as unknown as Mconsole,
    disks: {} as Disks,
    networks: {} as Networks,
    clock: hostClock,
  });
  kernel.paused = true;
  const hangs: string[] = [];
  const listener: HangListener = {
    bytesSaid: () => 0,
    hung: ({ by }) => hangs.push(by),
    hangOver: () => undefined,
  };
  const watch = new HangWatch(kernel, 5, listener, hostClock);
  try {
    await delay(100);
    expect({ hangs, asked }).toEqual({ hangs: [], asked: 0 });
    kernel.paused = false;
    await expect.poll(() => hangs).toEqual(['mconsole']);
  } finally {
    watch.close();
  }
});

test.each(['MCONSOLE_DOWN', 'MCONSOLE_BUSY'] as const)(
  'a kernel that cannot be asked (%s) is neither reported as hung nor as answering again',
  async (code) => {
    let answer: typeof code | 'MCONSOLE_TIMEOUT' = code;
    let asked = 0;
    const told: string[] = [];
    const request = () => {
      asked += 1;
      return Promise.reject(new UmlmonError(answer, { place: 'mconsole version', cause: 'no answer' }));
    };
    const listener: HangListener = {
      bytesSaid: () => 0,
      hung: () => told.push('hangs'),
      hangOver: () => told.push('over'),
    };
    const watch = new HangWatch({ pid: process.pid, request }, 1, listener, hostClock);
    const someMore = () => expect.poll(() => asked).toBeGreaterThan(asked + 10);
    try {
      await someMore();
      expect(told).toEqual([]);
      answer = 'MCONSOLE_TIMEOUT';
      await expect.poll(() => told).toEqual(['hangs']);
      answer = code;
      await someMore();
      expect(told).toEqual(['hangs']);
    } finally {
      watch.close();
    }
  },
);
