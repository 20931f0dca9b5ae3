/**
 * Starts, kills, stops, ends of guests and monitors in any order, with fake kernels and a fake clock. What must hold:
 * one kernel at a time, the state table, everything acquired is released, and every operation is answered once.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lifecycle } from '../../src/monitor/lifecycle.ts';
import { UmlmonError } from '../../src/system/errors/errors.ts';
import type { FakeEnd } from '../helpers/fakes/fake-kernels.ts';
import { FakeVm } from '../helpers/fakes/fake-vm.ts';

/** What the clients of these operations may be told; anything else is a fault of the monitor. */
const refusals = [
  'STATE_WRONG',
  'STATE_BUSY',
  'START_KILLED',
  'START_CRASHED',
  'START_FAILED',
  'STOP_FAILED',
  'CONFIG_INVALID',
];

/** UMLMON_TEST_RUNS asks for more of them. */
const runs = Number(process.env.UMLMON_TEST_RUNS ?? 60);

type Model = Record<string, never>;

class Act implements fc.AsyncCommand<Model, FakeVm> {
  readonly #name: string;
  readonly #act: (world: FakeVm) => unknown;

  constructor(name: string, act: (world: FakeVm) => unknown) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(_: Model, world: FakeVm): Promise<void> {
    await this.#act(world);
    // Part of what is under way may be in the middle when the next command comes.
    checkAlways(world);
  }

  toString(): string {
    return this.#name;
  }
}

const act = (name: string, doIt: (world: FakeVm) => unknown) => fc.constant(new Act(name, doIt));

const commands = fc.commands(
  [
    act('start', (world) => void world.ask('start')),
    act('stop', (world) => void world.ask('stop')),
    act('kill', (world) => void world.ask('kill')),
    act('quiet', (world) => world.quiet()),
    act('planned', (world) => world.planner.finish()),
    act('plan fails', (world) => world.planner.fail()),
    act('kernel up', (world) => world.kernels.finishStart()),
    act('start fails', (world) => world.kernels.failStart()),
    act('guest boots', (world) => world.kernels.alive?.boot()),
    act('guest is deaf', (world) => {
      const { alive } = world.kernels;
      if (alive) alive.obeys = false;
    }),
    fc
      .constantFrom<FakeEnd[]>('poweroff', 'reboot', 'panic', 'crash')
      .map((how) => new Act(how, (world) => world.kernels.alive?.end(how))),
    fc
      .constantFrom(50, 1_000, 20_000, 120_000)
      .map((ms) => new Act(`${ms} ms`, (world) => world.advance(ms))),
    act('next monitor', async (world) => {
      world.killMonitor();
      await world.startMonitor();
    }),
    act('next monitor finds an unknown kernel', async (world) => {
      if (world.kernels.alive) return;
      world.killMonitor();
      world.kernels.hasUnknownKernel = true;
      await world.startMonitor();
      expect(world.vm.state).toBe('unmanaged');
    }),
    act('clean shutdown of the monitor', shutDown),
    act('the unknown kernel ends', (world) => {
      world.kernels.hasUnknownKernel = false;
    }),
  ],
  { maxCommands: 40 },
);

/** Holds at every moment. */
function checkAlways({ kernels, vm, events, asked }: FakeVm): void {
  expect(kernels.all.filter(({ isAlive }) => isAlive).length).toBeLessThanOrEqual(1);
  expect(kernels.most).toBeLessThanOrEqual(1);
  const changes = events
    .filter(({ kind }) => kind === 'state')
    .map(({ attributes }) => attributes.map(({ value }) => value));
  let state = 'stopped';
  for (const [from = '', to = ''] of changes) {
    expect(from).toBe(state);
    expect(successors(from)).toContain(to);
    state = to;
  }
  expect(vm.state).toBe(state);
  for (const { name, answers, error, stateThen, isLost } of asked) {
    // Who is told of an end can start the VM again at once.
    if (name !== 'start' && !isLost) expect(stateThen).not.toBe('stopping');
    expect(answers).toBeLessThanOrEqual(1);
    if (error !== undefined)
      expect(refusals).toContain(error instanceof UmlmonError ? error.code : `${error}`);
  }
}

function successors(state: string): string[] {
  const cells = Object.values(lifecycle[state as keyof typeof lifecycle]);
  return cells.flatMap((cell) => (typeof cell === 'object' && 'next' in cell ? [cell.next] : []));
}

/** Holds when nothing is under way. */
async function checkQuiet(world: FakeVm): Promise<void> {
  await world.quiet();
  const { kernels, vm } = world;
  if (vm.state === 'stopped') {
    expect(kernels.alive).toBeUndefined();
    expect([...kernels.held]).toEqual([]);
  }
  if (vm.state === 'running') expect(kernels.alive).toBeDefined();
}

/** A monitor that shuts down leaves no kernel of its own; then the next one starts. */
async function shutDown(world: FakeVm): Promise<void> {
  let isDown = false;
  const leaving = world.vm.leave('SIGTERM').then(() => {
    isDown = true;
  });
  for (let turn = 0; turn < 50 && !isDown; turn++) {
    world.planner.finish();
    world.kernels.finishStart();
    await world.advance(30_000);
  }
  expect(isDown, 'the monitor shuts down').toBe(true);
  await leaving;
  expect(world.kernels.alive).toBeUndefined();
  expect([...world.kernels.held]).toEqual([]);
  // Every client has its answer.
  expect(world.asked.filter(({ answers, isLost }) => !isLost && answers !== 1)).toEqual([]);
  world.killMonitor();
  await world.startMonitor();
}

/** Lets everything end, and kills what is left. */
async function finish(world: FakeVm): Promise<void> {
  world.kernels.hasUnknownKernel = false;
  for (let turn = 0; turn < 10; turn++) {
    world.planner.finish();
    await world.quiet();
    world.kernels.finishStart();
    await world.quiet();
    world.kernels.alive?.boot();
    await world.quiet();
  }
  await world.advance(120_000);
  if (world.vm.state === 'unmanaged') await world.vm.examine();
  world.ask('kill');
  await world.advance(120_000);
}

function checkEnd({ kernels, vm, asked, events }: FakeVm): void {
  expect(vm.state).toBe('stopped');
  expect(kernels.alive).toBeUndefined();
  expect([...kernels.held]).toEqual([]);
  expect(asked.filter(({ answers, isLost }) => !isLost && answers !== 1)).toEqual([]);
  const count = (kind: string) => events.filter((event) => event.kind === kind).length;
  expect(count('operation-ended')).toBe(count('operation-started'));
  expect(vm.info().operation).toBe('');
  // Who has joined an operation is told the same as who has begun it.
  for (const { result } of asked)
    if (result?.joined)
      for (const other of asked)
        if (other.result?.operation === result.operation) expect(other.result.summary).toBe(result.summary);
}

const policies = fc.record({
  crash: fc.constantFrom('stop', 'restart', 'preserve'),
  reboot: fc.constantFrom('stop', 'restart'),
  limit: fc.constantFrom('2 in 1m', '5 in 10m'),
});

test('operations, ends of guests and monitors in any order', async () => {
  await fc.assert(
    fc.asyncProperty(policies, commands, async ({ crash, reboot, limit }, list) => {
      const world = new FakeVm(`on_crash = ${crash}\non_reboot = ${reboot}\nrestart_limit = ${limit}`);
      await world.startMonitor();
      try {
        await fc.asyncModelRun(() => ({ model: {}, real: world }), list);
        await checkQuiet(world);
        await finish(world);
        checkAlways(world);
        checkEnd(world);
      } finally {
        world.close();
      }
    }),
    { numRuns: runs },
  );
});
