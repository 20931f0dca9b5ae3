/** What a VM said last, and what is concluded from it, is never of the run before. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GuestShell, waitForEvent } from '../helpers/guest.ts';
import { World } from '../helpers/world.ts';

let world: World;
const { PATH } = process.env;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(async () => {
  process.env.PATH = PATH;
  await world.close();
});

test('a guest that says little and powers off has not rebooted, as the one before it has', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty\nappend = quiet' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  const shell = await GuestShell.again(client);
  for (const end of ['reboot', 'poweroff']) {
    const { eventsNext } = await client.call('info', undefined);
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message', eventsNext);
    await shell.atPrompt();
    await shell.type(`${end} -f\r`);
    expect(await waitForEvent(client, 'exit', eventsNext)).toBe(end);
    await expect.poll(async () => (await client.call('info', undefined)).state).toBe('down');
  }
});

test('why a jail cannot be made is said each time', async () => {
  const programs = join(world.home, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'bwrap'), '#!/bin/sh\necho "bwrap: no room today" >&2; exit 1\n');
  chmodSync(join(programs, 'bwrap'), 0o755);
  process.env.PATH = `${programs}:${PATH}`;
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(client.call('start', undefined)).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      reason: 'it ended with status 1: bwrap: no room today',
    });
});
