/** Two monitors of one VM, started at the same moment: exactly one serves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRandom } from '../../fuzz/random.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

const tries = Number(process.env.UMLMON_TEST_ROUNDS ?? rounds(40, 200));
const fewTries = Math.max(8, tries / 10);
/** Of the moments of the kills; printed, so that a run can be repeated. */
const seed = Number(process.env.UMLMON_TEST_SEED ?? Date.now() % 2 ** 31);

let world: World;
const children = new Set<ChildProcess>();

beforeEach(() => {
  world = new World();
  world.configure({
    plain: 'ubd0 = /disks/root.dsk',
    booting: 'ubd0 = /disks/root.dsk\nstart = boot\ncon1 = pty',
  });
  world.addImage('plain');
  world.addImage('booting');
});

afterEach(async () => {
  // A monitor that lives stops its guest.
  for (const child of children) {
    child.kill('SIGTERM');
    await ended(child);
  }
  await world.close();
});

interface Contender {
  readonly child: ChildProcess;
  /** Resolves to `serves`, or to the exit status and what was said. */
  readonly outcome: Promise<'serves' | { status: number | null; words: string }>;
}

function contend(vm: string): Contender {
  const child = spawn(program('umlmon'), ['-config', world.configPath, '-fg', vm], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let words = '';
  const outcome = new Promise<'serves' | { status: number | null; words: string }>((resolve) => {
    child.stderr?.on('data', (text: Buffer) => {
      words = (words + text.toString()).slice(-100_000);
      if (words.includes('monitor-started')) resolve('serves');
    });
    child.once('close', (status) => resolve({ status, words }));
  });
  return { child, outcome };
}

function lossOf(vm: string) {
  const words = `umlmon: ${vm}: another monitor serves this VM already (hint: umlwatch ${vm} -info)\n`;
  return { status: 5, words };
}

/** Both to their outcome; the one that serves is what the control socket and the pid file say. */
async function exactlyOneServes(vm: string): Promise<ChildProcess> {
  const pair = [contend(vm), contend(vm)];
  const outcomes = await Promise.all(pair.map(({ outcome }) => outcome));
  const losers = outcomes.filter((outcome) => outcome !== 'serves');
  expect(losers).toEqual([lossOf(vm)]);
  const winner = pair[outcomes.indexOf('serves')]?.child;
  const client = await world.client(vm);
  const { monitorPid } = await client.call('info', undefined);
  client.close();
  expect(monitorPid).toBe(winner?.pid);
  expect(readFileSync(join(world.runDir, `${vm}.pid`), 'utf8')).toBe(`${monitorPid}\n`);
  if (!winner) throw new Error('nobody serves');
  return winner;
}

test(`${tries} rounds: one wins, the other reports why it does not start`, async () => {
  for (let round = 0; round < tries; round++) {
    // Now and then there are no directories yet, which both then make.
    if (round % 10 === 0) {
      rmSync(world.runDir, { recursive: true, force: true });
      rmSync(join(world.varDir, 'plain/log'), { recursive: true, force: true });
    }
    const winner = await exactlyOneServes('plain');
    winner.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    await ended(winner);
  }
}, 300_000);

test('the first is killed at once: the other serves or has exited with an error, and the next one serves', async () => {
  console.log(`UMLMON_TEST_SEED=${seed}`);
  const random = createRandom(seed, 0);
  const seen = { served: 0, refused: 0 };
  for (let round = 0; round < fewTries; round++) {
    const [first, second] = [contend('plain'), contend('plain')];
    await delay(60 + random.below(120));
    first.child.kill('SIGKILL');
    await ended(first.child);
    const outcome = await second.outcome;
    if (outcome === 'serves') {
      seen.served += 1;
      const refused = contend('plain');
      expect(await refused.outcome).toEqual(lossOf('plain'));
      second.child.kill('SIGKILL');
      await ended(second.child);
    } else {
      seen.refused += 1;
      expect(outcome).toEqual(lossOf('plain'));
      const next = contend('plain');
      expect(await next.outcome).toBe('serves');
      next.child.kill('SIGKILL');
      await ended(next.child);
    }
  }
  console.log(`the other served ${seen.served} times, and was refused ${seen.refused} times`);
}, 120_000);

test('with start = boot: one kernel, which the winner of each later round takes over', async () => {
  const kernels = new Set<number>();
  for (let round = 0; round < fewTries; round++) {
    const winner = await exactlyOneServes('booting');
    const client = await world.client('booting');
    await expect.poll(async () => (await client.call('info', undefined)).state).toBe('running');
    kernels.add((await client.call('info', undefined)).kernelPid);
    client.close();
    if (round + 1 < fewTries) {
      winner.kill('SIGKILL');
      await ended(winner);
    }
  }
  expect(kernels.size).toBe(1);
  for (const pid of kernels) expect(existsSync(`/proc/${pid}`)).toBe(true);
}, 120_000);

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
