/** What a monitor tells of the links of its VM, on the real kernel. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Event } from '../../../src/rpc/umlmonctrl.gen.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let lan: NetworkWorld;
beforeEach(() => {
  lan = new NetworkWorld();
});
afterEach(() => lan.close());

/** All that was told of links so far, as `vec0 up`. */
async function told(client: MonitorClient): Promise<string[]> {
  const events: Event[] = [];
  for (let since = 1; ; ) {
    const list = await client.call('events', { since, max: 64, waitMs: 0 });
    events.push(...list.events);
    if (list.events.length === 0) break;
    since = list.next;
  }
  return events
    .filter(({ kind }) => kind === 'link')
    .map(({ attributes }) =>
      ['interface', 'state'].map((name) => attributes.find((one) => one.name === name)?.value).join(' '),
    );
}

const patience = { timeout: 15_000, interval: 50 };

test('links that the guest sets up and down, plugged ones too, before and after its monitor was killed', async () => {
  const lab = 'eth0 = network(name=lab)';
  await lan.monitors({ vm1: lab, vm2: lab });
  const shell = await lan.start('vm1');
  const client = lan.client('vm1');
  await lan.start('vm2', 'ip link set vec0 up');
  await expect.poll(() => told(lan.client('vm2')), patience).toEqual(['vec0 up']);
  expect(await told(client)).toEqual([]);

  await shell.run('ip link set vec0 up');
  await expect.poll(() => told(client), patience).toEqual(['vec0 up']);
  await shell.run('ip link set vec0 down');
  await expect.poll(() => told(client), patience).toEqual(['vec0 up', 'vec0 down']);
  await client.call('plugNetwork', { unit: 7, network: 'network(name=lab)' });
  await shell.run('ip link set vec7 up');
  await expect.poll(() => told(client), patience).toEqual(['vec0 up', 'vec0 down', 'vec7 up']);

  await lan.world.killMonitor('vm1');
  await lan.world.startMonitor('vm1');
  const next = await lan.world.client('vm1');
  try {
    expect(await told(next)).toEqual([]);
    await (await GuestShell.again(next)).run('ip link set vec7 down');
    await expect.poll(() => told(next), patience).toEqual(['vec7 down']);
    // What ends with the kernel is no news.
    await next.call('kill', undefined);
    expect(await told(next)).toEqual(['vec7 down']);
  } finally {
    next.close();
  }
});

test('a guest that changes its link all the time is reported at intervals, with the right last state', async () => {
  await lan.monitors({ vm1: 'eth0 = network(name=lab)' });
  const shell = await lan.start('vm1');
  const flaps = 300;
  const { status } = await shell.run(
    `for i in $(seq ${flaps}); do ip link set vec0 up; ip link set vec0 down; done; ip link set vec0 up`,
  );
  expect(status).toBe(0);
  await expect.poll(async () => (await told(lan.client('vm1'))).at(-1), patience).toBe('vec0 up');
  // Of some 600 changes within two or three seconds.
  expect((await told(lan.client('vm1'))).length).toBeLessThan(flaps / 2);
});
