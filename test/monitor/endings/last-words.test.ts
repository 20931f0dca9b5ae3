/** What is said of an end, or of a start that has failed: all of it, and nothing of the run before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
const scratch: string[] = [];

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(async () => {
  await world.close();
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true });
});

test('a guest with little output that powers off is not taken for the rebooted guest before it', async () => {
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
    await expect.poll(async () => (await client.call('info', undefined)).state).toBe('stopped');
  }
});

/** A world whose monitors have another program in the place of one of the host, in a mount namespace of their own. */
async function withProgram(name: string, lines: (home: string) => string): Promise<void> {
  await world.close();
  const programs = mkdtempSync(join(tmpdir(), 'umlmon-program-'));
  scratch.push(programs);
  const bind = `mount --bind ${join(programs, name)} /usr/bin/${name} && exec "$@"`;
  world = new World(['unshare', '--mount', 'sh', '-c', bind, 'sh']);
  writeFileSync(join(programs, name), `#!/bin/sh\n${lines(join(world.varDir, 'vm1'))}\n`, { mode: 0o755 });
  world.addImage('vm1');
}

test('each start reports why a jail cannot be made', async () => {
  await withProgram('bwrap', () => 'echo "bwrap: no room today" >&2; exit 1');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(client.call('start', undefined)).rejects.toMatchObject({
      code: 'JAIL_LAUNCH',
      reason: 'it exited with status 1: bwrap: no room today',
    });
});

test('a failed start reports the steps that it could not undo', async () => {
  // The first program of the launch: nothing but a directory that has something in it is in the way of a removal by root.
  await withProgram('prlimit', (home) => `cd ${home}; rm run.json; mkdir -p run.json/in-the-way; exit 1`);
  const record = join(world.varDir, 'vm1/run.json');
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await expect(client.call('start', undefined)).rejects.toMatchObject({ code: 'JAIL_LAUNCH' });
  expect(await waitForEvent(client, 'warning')).toContain(record);
});
