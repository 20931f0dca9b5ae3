/** What a guest writes to /proc/mconsole, while its monitor reads and while it does not. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
let client: MonitorClient;
let shell: GuestShell;
let monitorPid: number;

beforeEach(async () => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty' });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  shell = await GuestShell.open(client);
  monitorPid = (await client.call('info', undefined)).monitorPid;
});
afterEach(async () => {
  client.close();
  await world.close();
});

test('key=value is shown by its key, free text as it is', async () => {
  await shell.run(
    'for m in ip=10.0.0.2 stage=db "all is well" stage=web; do echo "$m" >/proc/mconsole; done',
  );
  await expect
    .poll(async () => (await client.call('info', undefined)).guestValues)
    .toEqual([
      { name: 'ip', value: '10.0.0.2' },
      { name: 'stage', value: 'web' },
    ]);
  expect((await client.call('info', undefined)).guestMessage).toBe('all is well');
  expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
    /^ {2}guest keys +ip=10\.0\.0\.2, stage=web$/m,
  );
});

test('a guest that writes without end waits while its monitor is stopped, and not longer', async () => {
  await shell.type(
    'i=0; while [ $i -lt 10000 ]; do echo "burst $i" >/proc/mconsole; i=$((i+1)); done; echo all "written"\r',
  );
  await waitForEvent(client, 'guest-message', (await client.call('info', undefined)).eventsNext);
  process.kill(monitorPid, 'SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 5000));
  process.kill(monitorPid, 'SIGCONT');
  // Nothing of it is lost to the guest: it goes on, and gets through.
  await shell.until(/all written/);
  expect((await shell.run('echo alive')).output).toBe('alive');
  const { state, hungSince, warningCount: warnings } = await client.call('info', undefined);
  expect({ state, hungSince, warnings }).toEqual({ state: 'running', hungSince: 0, warnings: 0 });
  // And the last word of a guest is heard after a flood.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await shell.run('echo over=yes >/proc/mconsole');
  await expect
    .poll(async () => (await client.call('info', undefined)).guestValues)
    .toEqual([{ name: 'over', value: 'yes' }]);
}, 60_000);
