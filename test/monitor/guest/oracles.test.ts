/** Programs that we did not write, against a real monitor and its VM. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { buildCClient } from '../../helpers/programs/c-client.ts';
import { World } from '../../helpers/programs/world.ts';

let world: World;
let client: MonitorClient;
let directory: string;

beforeAll(async () => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty' });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  client = await world.client('vm1');
  directory = mkdtempSync(join(tmpdir(), 'umlmon-c-'));
});

afterAll(async () => {
  client?.close();
  await world.close();
  rmSync(directory, { recursive: true, force: true });
});

test('a client made by rpcgen and libtirpc lists the state, starts and stops the VM', () => {
  const program = buildCClient(directory);
  const ctrl = join(world.varDir, 'vm1/ctrl');
  const run = (...words: string[]) => execFileSync(program, [ctrl, ...words], { encoding: 'utf8' });
  expect(run('info')).toMatch(/^state=0$/m);
  expect(run('start')).toMatch(/running, Linux/);
  expect(run('info')).toMatch(/^state=2$/m);
  expect(run('stop')).toMatch(/stopped/);
  expect(run('log', 'con0', '0', '65536')).toContain('Linux version');
  expect(spawnSync(program, [ctrl, 'stop'], { encoding: 'utf8' })).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('STATE_WRONG'),
  });
});

test('a client made by rpcgen and libtirpc lists images, and follows jobs', () => {
  const program = buildCClient(directory);
  const ctrl = join(world.varDir, 'vm1/ctrl');
  const run = (...words: string[]) => spawnSync(program, [ctrl, ...words], { encoding: 'utf8' });
  expect(run('create', '/disks/a.dsk', '8192')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('vm1:/disks/a.dsk'),
  });
  expect(run('copy', '/disks/a.dsk', '/disks/b.dsk')).toMatchObject({ status: 0 });
  expect(run('images').stdout).toMatch(
    /^\/disks\/a\.dsk 0 8192\n\/disks\/b\.dsk 0 8192\n\/disks\/root\.dsk 0 \d+\n$/,
  );
  expect(run('copy', '/disks/a.dsk', '/disks/b.dsk')).toMatchObject({ status: 1 });
  expect(run('create', '/etc/passwd', '8192').stdout).toMatch(/^CONFIG_PATH\|/);
});

test("Debian's uml_mconsole talks to the running VM", async () => {
  const { eventsNext } = await client.call('info', undefined);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message', eventsNext);
  const info = await client.call('info', undefined);
  const mconsole = (command: string) =>
    spawnSync('nsenter', ['-t', `${info.kernelPid}`, '-n', 'uml_mconsole', info.mconsole, command], {
      encoding: 'utf8',
      timeout: 20_000,
    });
  expect(mconsole('version').stdout.replace('Linux vm1 ', 'Linux ')).toContain(`OK ${info.kernelVersion}`);
  expect(mconsole('sysrq h').stdout).toContain('OK');
  expect(mconsole('proc uptime').stdout).toMatch(/\d+\.\d+ \d+\.\d+/);
  await client.call('stop', { timeoutMs: 0 });
});
