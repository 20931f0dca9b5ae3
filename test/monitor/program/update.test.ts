/** What a running monitor takes from a changed configuration. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bootGuest } from '../../helpers/guest/boot-guest.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(() => world.close());

test('a policy that was changed while the guest ran decides what follows its end', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\non_reboot = stop' });
  const { client, shell } = await bootGuest(world, 'vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\non_reboot = restart\nmem = 64M' });
  const told = await client.call('update', { dryRun: true });
  expect(told.changes.map(({ key, effect }) => `${key}: ${effect}`)).toEqual(['mem: vm', 'on_reboot: now']);
  const { eventsNext } = await client.call('info', undefined);
  expect(await client.call('update', { dryRun: false })).toEqual(told);
  expect(await client.call('update', { dryRun: false })).toEqual({
    changes: told.changes.filter(({ key }) => key === 'mem'),
  });
  await shell.type('reboot -f\r');
  expect(await waitForEvent(client, 'restart', eventsNext)).toMatch(/^on_reboot = restart, /);
  expect(await waitForEvent(client, 'updated', eventsNext)).toBe('on_reboot as written now');
});

test('a configuration with a mistake changes nothing', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nstop_timeout = 5s\nmem = much' });
  await expect(client.call('update', { dryRun: false })).rejects.toMatchObject({ code: 'CONFIG_BAD_VALUE' });
  const { settings } = await client.call('info', undefined);
  expect(settings).toContainEqual(expect.objectContaining({ key: 'stop_timeout', value: '30s' }));
});
