/** What the operations of a VM do in each state, with fake kernels and a fake clock. */
import { afterEach, expect, test } from 'vitest';
import { lifecycle } from '../../src/monitor/lifecycle.ts';
import { UmlmonError } from '../../src/system/errors/errors.ts';
import { type Asked, FakeVm } from '../helpers/fakes/fake-vm.ts';

let world: FakeVm;

afterEach(() => world.close());

async function open(keys = ''): Promise<FakeVm> {
  world = new FakeVm(keys);
  await world.startMonitor();
  return world;
}

/** Starts the VM up to a guest that runs. */
async function run(): Promise<Asked> {
  const asked = world.ask('start');
  await world.quiet();
  world.planner.finish();
  await world.quiet();
  world.kernels.finishStart();
  await world.quiet();
  world.kernels.alive?.boot();
  await world.quiet();
  expect(world.vm.state).toBe('running');
  return asked;
}

const states = {
  stopped: async () => undefined,
  starting: async () => {
    world.ask('start');
    await world.quiet();
  },
  running: async () => {
    await run();
  },
  stopping: async () => {
    await run();
    const { alive } = world.kernels;
    if (alive) alive.obeys = false;
    world.ask('stop');
    await world.quiet();
  },
  unmanaged: async () => {
    world.killMonitor();
    world.kernels.hasUnknownKernel = true;
    await world.startMonitor();
  },
};

const busy = { refused: 'STATE_BUSY', cause: /^busy with / };
const joined = { joins: true };

/** Operations that the one in progress answers before the table is asked. */
const answeredByOperation: Partial<Record<string, typeof busy | typeof joined>> = {
  'starting, start': joined,
  'starting, stop': busy,
  'stopping, start': busy,
  'stopping, stop': joined,
};

for (const [state, enter] of Object.entries(states))
  for (const name of ['start', 'stop', 'kill'] as const)
    test(`${name} while the VM is ${state}`, async () => {
      await open();
      await enter();
      expect(world.vm.state).toBe(state);
      const before = world.events.length;
      const asked = world.ask(name);
      // Not longer: an operation that is done goes through several states.
      await Promise.resolve();
      await world.quiet();
      const special = answeredByOperation[`${state}, ${name}`];
      const cell = lifecycle[state as keyof typeof lifecycle][`${name}-asked`];
      if (special === joined) {
        const began = world.events.slice(before).filter(({ kind }) => kind === 'operation-started');
        expect({ answers: asked.answers, began }).toEqual({ answers: 0, began: [] });
      } else if (special) expect(asked.error).toMatchObject({ code: 'STATE_BUSY', reason: busy.cause });
      else if (typeof cell === 'object' && 'refuse' in cell)
        expect(asked.error).toMatchObject({ code: 'STATE_WRONG', reason: cell.refuse });
      else {
        expect(asked.error).toBeUndefined();
        const to = world.events.slice(before).filter(({ kind }) => kind === 'state');
        const [first] = to.map(({ attributes }) => attributes.find(({ name: of }) => of === 'to')?.value);
        // A kill of a stop stays in its state.
        expect(first ?? world.vm.state).toBe(
          state === 'stopping' ? 'stopped' : typeof cell === 'object' && 'next' in cell && cell.next,
        );
      }
    });

test('a start that others join ends alike for all of them', async () => {
  await open();
  const first = world.ask('start');
  await world.quiet();
  const second = world.ask('start');
  await world.quiet();
  world.planner.finish();
  await world.quiet();
  world.kernels.finishStart();
  await world.quiet();
  world.kernels.alive?.boot();
  await world.quiet();
  expect(first.result).toMatchObject({ joined: false });
  expect(second.result).toEqual({ ...first.result, joined: true });
});

test('a failed start reports the same error to all clients that joined it, and releases everything', async () => {
  await open();
  const first = world.ask('start');
  await world.quiet();
  const second = world.ask('start');
  world.planner.finish();
  await world.quiet();
  expect(world.kernels.held.size).toBeGreaterThan(0);
  world.kernels.failStart();
  await world.quiet();
  expect(first.error).toBeInstanceOf(UmlmonError);
  expect(second.error).toBe(first.error);
  expect(world.vm.state).toBe('stopped');
  expect([...world.kernels.held]).toEqual([]);
});

test('a kill ends a start whose kernel has not announced itself', async () => {
  await open();
  const start = world.ask('start');
  await world.quiet();
  world.planner.finish();
  await world.quiet();
  const kill = world.ask('kill');
  await world.quiet();
  expect(kill.result?.summary).toBe('killed while starting');
  expect(start.error).toMatchObject({ code: 'START_KILLED' });
  expect(world.vm.state).toBe('stopped');
  expect([...world.kernels.held]).toEqual([]);
});

test('a kill of a start that has no plan yet is answered when no kernel can start any more', async () => {
  await open();
  const start = world.ask('start');
  await world.quiet();
  const kill = world.ask('kill');
  await world.quiet();
  expect(kill.answers).toBe(0);
  world.planner.finish();
  await world.quiet();
  expect(kill).toMatchObject({ answers: 1, stateThen: 'stopped' });
  expect(start.error).toMatchObject({ code: 'START_KILLED' });
  expect(world.kernels.all).toEqual([]);
});

test('a stop does not wait for a start whose guest runs no process yet', async () => {
  await open();
  const start = world.ask('start');
  await world.quiet();
  world.planner.finish();
  await world.quiet();
  world.kernels.finishStart();
  await world.quiet();
  expect(start.answers).toBe(0);
  const stop = world.ask('stop');
  await world.quiet();
  expect(start.result?.summary).toMatch(/its guest runs no process yet$/);
  expect(stop).toMatchObject({ answers: 1, stateThen: 'stopped' });
});

test('on_crash = restart starts a new kernel after a pause, and a stop meanwhile cancels that', async () => {
  await open('on_crash = restart');
  await run();
  world.kernels.alive?.end('crash');
  await world.quiet();
  expect(world.vm.state).toBe('stopped');
  await world.advance(120_000);
  expect(world.vm.state).toBe('starting');
  world.planner.finish();
  await world.quiet();
  world.kernels.finishStart();
  await world.quiet();
  expect(world.kernels.all.map(({ isAlive }) => isAlive)).toEqual([false, true]);
  world.kernels.alive?.end('crash');
  await world.quiet();
  const stop = world.ask('stop');
  await world.advance(600_000);
  expect(stop.result?.summary).toBe('stopped; the restart by policy is cancelled');
  expect(world.vm.state).toBe('stopped');
  expect(world.kernels.all).toHaveLength(2);
});

test('the next monitor takes over the kernel, and its policies apply to it', async () => {
  await open('on_crash = restart');
  await run();
  world.killMonitor();
  await world.startMonitor();
  expect(world.vm.state).toBe('running');
  world.kernels.alive?.end('crash');
  await world.advance(120_000);
  expect(world.vm.state).toBe('starting');
});
