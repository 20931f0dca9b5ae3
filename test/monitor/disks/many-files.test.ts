/** What the user of a VM leaves in its run directory costs other VMs nothing, and its own monitor no more than a moment. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

const many = 300_000;
let world: World;

beforeEach(async () => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nmem = 64M', vm2: 'ubd0 = /disks/root.dsk\nmem = 64M' });
  for (const vm of ['vm1', 'vm2']) {
    world.addImage(vm);
    await world.startMonitor(vm);
    await (await world.client(vm)).call('start', undefined);
  }
});
afterEach(() => world.close());

const runUml = () => join(world.varDir, 'vm1/run/uml');
const trash = () => join(world.varDir, 'vm1/trash');

/** As the VM's user can, whose directory it is. */
function fill(): void {
  const make = `cd ${runUml()} && seq ${many} | xargs -n 5000 touch`;
  execFileSync('setpriv', ['--reuid', `${vmUid}`, '--regid', `${vmUid}`, '--clear-groups', 'sh', '-c', make]);
  expect(readdirSync(runUml()).length).toBeGreaterThanOrEqual(many);
}

/** Longest time that a monitor takes to answer, in milliseconds, while something goes on. */
class Asking {
  longest = 0;
  #ends = false;
  readonly #done: Promise<void>;

  constructor(client: MonitorClient) {
    this.#done = this.#ask(client);
  }

  async #ask(client: MonitorClient): Promise<void> {
    while (!this.#ends) {
      const began = performance.now();
      await client.call('info', undefined);
      this.longest = Math.max(this.longest, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async end(): Promise<number> {
    this.#ends = true;
    await this.#done;
    return this.longest;
  }
}

/** What `work` takes, and how long both monitors let others wait meanwhile. */
async function measure(work: () => Promise<unknown>): Promise<{ took: number; own: number; other: number }> {
  const clients = [await world.client('vm1'), await world.client('vm2')] as const;
  const [own, other] = clients.map((client) => new Asking(client)) as [Asking, Asking];
  const began = performance.now();
  await work();
  const took = performance.now() - began;
  return { took, own: await own.end(), other: await other.end() };
}

/** Milliseconds for which the main thread of the monitor has had a core (proc(5), schedstat): others do not count. */
function busyMs(): number {
  const pid = world.monitorPid('vm1');
  const [onCore = ''] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
  return Number(onCore) / 1e6;
}

async function busyFor(work: () => Promise<unknown>): Promise<number> {
  const before = busyMs();
  await work();
  return busyMs() - before;
}

const emptied = () => expect.poll(() => existsSync(trash()), { timeout: 120_000, interval: 20 }).toBe(false);

test('a run directory with very many files: a start, another monitor and a clean-up do not notice', async () => {
  const client = await world.client('vm1');
  const restart = async () => {
    await client.call('kill', undefined);
    await client.call('start', undefined);
  };
  const usualBusy: number[] = [];
  for (let round = 0; round < 4; round++) usualBusy.push(await busyFor(restart));
  const usual = await measure(restart);
  fill();
  // The thread that serves does no more for them than for none, and waits for vmUid: others are answered meanwhile.
  let fullBusy = 0;
  const full = await measure(async () => {
    fullBusy = await busyFor(restart);
    expect(readdirSync(trash()).length).toBe(1);
    await emptied();
  });
  const numbers = [...usualBusy, fullBusy].map((ms) => ms.toFixed(0)).join(', ');
  const words = `answers after ${full.own.toFixed(0)} ms, of the other VM after ${full.other.toFixed(0)} ms`;
  console.log(`busy for ${numbers} ms; the longest ${words}, usual ${usual.own.toFixed(0)} ms`);
  expect(fullBusy).toBeLessThan(Math.max(...usualBusy) + 20);
  // The hosts of tests are busy: what they do to the other monitor, they do to this one.
  expect(full.own).toBeLessThan(20 + 3 * Math.max(usual.own, full.other));

  fill();
  await client.call('kill', undefined);
  await world.killMonitor('vm1');
  await world.startMonitor('vm1');
  // It serves before they are gone, and a start does not wait for that either; nor does the monitor after one that is killed.
  await (await world.client('vm1')).call('start', undefined);
  expect(readdirSync(trash()).length).toBeGreaterThan(0);
  await world.killMonitor('vm1');
  await world.startMonitor('vm1');
  expect((await (await world.client('vm1')).call('info', undefined)).state).toBe('running');

  await (await world.client('vm1')).call('kill', undefined);
  await world.killMonitor('vm1');
  const { status, stdout } = world.run('umlmon', ['-cleanup', 'vm1']);
  expect({ status, lines: stdout.split('\n').length < 60 }).toEqual({ status: 0, lines: true });
  expect(readdirSync(runUml())).toEqual([]);
  expect(existsSync(trash())).toBe(false);
}, 400_000);
