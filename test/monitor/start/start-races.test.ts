/** Orders that come in the middle of a start, or together with it. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { lock } from '../../../src/system/native/native.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
let client: MonitorClient;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(() => world.close());

async function serve(config: string): Promise<void> {
  world.configure({ vm1: `ubd0 = /disks/root.dsk\n${config}` });
  await world.startMonitor('vm1');
  client = await world.client('vm1');
}

const began = async (name: string) => {
  const { events } = await client.call('events', { since: 1, max: 64, waitMs: 0 });
  return events.some(({ kind, text }) => kind === 'operation-started' && text.startsWith(name));
};

test('a kill ends a start that is not more than a plan yet', async () => {
  await serve(
    'eth0 = l2tpv3(udp=on, src=127.0.0.1, dst=127.0.0.1, srcport=2007, dstport=2008, rx_session=1, tx_session=1)',
  );
  // A start that needs a hardware address waits for whoever is about to take one.
  const other = openSync(join(world.varDir, '.mac-pool.lock'), 'a');
  expect(lock(other, 'exclusive')).toBe(true);
  const start = client.call('start', undefined).catch((error: unknown) => error);
  await expect.poll(() => began('start')).toBe(true);
  const kill = client.call('kill', undefined);
  await expect.poll(() => began('kill')).toBe(true);
  closeSync(other);
  expect(await start).toMatchObject({ code: 'START_KILLED' });
  expect(await kill).toMatchObject({ state: 'stopped', summary: 'killed while starting' });
  expect(await client.call('info', undefined)).toMatchObject({ state: 'stopped', kernelPid: 0 });
}, 30_000);

test('a monitor that shuts down starts nothing any more', async () => {
  await serve('stop_timeout = 10s');
  await client.call('start', undefined);
  const { kernelPid } = await client.call('info', undefined);
  // The stop takes its time.
  process.kill(kernelPid, 'SIGSTOP');
  const ended = world.signalMonitor('vm1', 'SIGTERM');
  await waitForEvent(client, 'monitor-exiting');
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    code: 'STATE_WRONG',
    reason: 'its monitor is about to end',
  });
  process.kill(kernelPid, 'SIGCONT');
  expect(await ended).toBe(0);
}, 30_000);
