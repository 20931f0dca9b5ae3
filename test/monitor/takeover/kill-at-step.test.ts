/** SIGKILL after every single step of a start and of a stop: the next monitor copes, and nothing is left over. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { buildProgram } from '../../helpers/programs/program.ts';
import { World } from '../../helpers/programs/world.ts';

const steps = [
  'make-directories',
  'lock-vm',
  'lock-images',
  'claim-cores',
  'empty-directory',
  'open-consoles',
  'listen-notify',
  'record',
  'launch',
  'await-kernel',
];

let driver = '';
let world: World;

beforeAll(async () => {
  driver = await buildProgram('die-at-step', { file: 'test/helpers/hostile/die-at-step.ts' });
});

beforeEach(() => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty' });
  world.addImage('vm1');
});

afterEach(() => world.close());

/** Everything of the VM that is not a log, an image or a cache: the same after every end. */
function remains(): string[] {
  const below = (directory: string) =>
    readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name));
  return [...below(world.runDir), ...below(join(world.varDir, 'vm1'))]
    .filter((path) => !/\/log\/|\.pid$|\/ctrl$/.test(path))
    .sort();
}

async function bringUp(client: MonitorClient): Promise<void> {
  const { state, eventsNext } = await client.call('info', undefined);
  if (state === 'stopped') {
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message', eventsNext);
  } else expect(state).toBe('running');
}

test('the steps tested are the steps of the plan', () => {
  const plan = JSON.parse(world.run('umlmon', ['-plan', 'vm1', '-json']).stdout);
  expect(plan.steps.map((step: { do: string }) => step.do)).toEqual(steps);
});

test.each(steps)('killed after step %s', async (step) => {
  // A life without warning shows what a VM that is stopped leaves.
  await world.startMonitor('vm1');
  let client = await world.client('vm1');
  await bringUp(client);
  await client.call('stop', { timeoutMs: 0 });
  const before = remains();
  client.close();
  await world.signalMonitor('vm1', 'SIGTERM');

  const died = spawnSync(process.execPath, [driver, world.configPath, 'vm1', step], { encoding: 'utf8' });
  expect(died.stderr).toBe('');
  expect(died.signal).toBe('SIGKILL');

  await world.startMonitor('vm1');
  client = await world.client('vm1');
  await bringUp(client);
  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ state: 'stopped' });
  expect(remains()).toEqual(before);
  client.close();
});

test.each(['ctrl-alt-del', 'halt'])('killed in the stage %s of a stop', async (stage) => {
  await world.startMonitor('vm1');
  let client = await world.client('vm1');
  await bringUp(client);
  const { kernelPid } = await client.call('info', undefined);
  await (await GuestShell.open(client)).run('sleep 1000 & echo $! > /proc/sys/kernel/cad_pid');
  const stopping = client.call('stop', { timeoutMs: stage === 'halt' ? 1 : 10_000 }).catch(() => 'lost');
  await waitForEvent(client, 'stop-stage');
  await world.killMonitor('vm1');
  await stopping;
  client.close();

  await world.startMonitor('vm1');
  client = await world.client('vm1');
  const info = await client.call('info', undefined);
  expect(info.state).toBe(existsSync(`/proc/${kernelPid}`) ? 'running' : 'stopped');
  if (info.state === 'running') await client.call('kill', undefined);
  await client.call('start', undefined);
  expect(readFileSync(join(world.runDir, 'vm1.pid'), 'utf8').trim()).not.toBe('');
  client.close();
});
