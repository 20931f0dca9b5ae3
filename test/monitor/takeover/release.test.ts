/** The moments between the end of a kernel and the end of its run, in which it has a state and nothing to ask. */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(() => world.close());

test('a request to a guest that has just ended is refused, and the monitor continues', async () => {
  const hook = join(world.home, 'hook');
  writeFileSync(hook, '#!/bin/sh\n');
  chmodSync(hook, 0o755);
  world.configure({
    vm1: `ubd0 = /disks/root.dsk\nssl0 = pty\nbackup_freeze = ssl0\nmetrics = socket\nhook = ${hook}`,
  });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  const { kernelPid } = await client.call('info', undefined);
  // Nobody in the guest answers: the backup, and with it the release of the images, waits for ten seconds.
  const backup = client.call('backup', { name: 'b1' }).catch(() => undefined);
  const typed = async () =>
    (await client.call('info', undefined)).consoles.find(({ channel }) => channel === 'ssl0')?.bytesIn;
  await expect.poll(typed, { timeout: 30_000 }).toBeGreaterThan(0);
  process.kill(kernelPid, 'SIGKILL');
  await expect
    .poll(async () => (await client.call('events', { since: 1, max: 64, waitMs: 0 })).events, {
      timeout: 20_000,
    })
    .toContainEqual(expect.objectContaining({ kind: 'hook', text: 'stopped: done' }));

  const { state } = await client.call('info', undefined);
  const socket = join(world.varDir, 'vm1/metrics');
  const curl = spawnSync('curl', ['-sS', '--unix-socket', socket, 'http://localhost/metrics'], {
    encoding: 'utf8',
  });
  expect(curl.stdout).toContain('umlmon_up');
  const refusal = client.call('pause', undefined);
  await expect(refusal).rejects.toMatchObject({
    code: 'STATE_WRONG',
    // On a host that is slow enough, the release is over by now.
    reason:
      state === 'running' ? expect.stringMatching(/^its kernel has ended$|^it is stopped$/) : 'it is stopped',
  });
  await backup;
  await waitForEvent(client, 'exit');
  await expect
    .poll(async () => (await client.call('info', undefined)).state, { timeout: 20_000 })
    .toBe('stopped');
}, 60_000);
