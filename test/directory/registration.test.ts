/** Registration of monitors with umldir, in every order of starts. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, TestUmldir, untilListed } from '../helpers/programs/umldir.ts';
import { World } from '../helpers/programs/world.ts';

const world = new World();
let port = 0;
let umldir: TestUmldir | undefined;

const startUmldir = async () => {
  umldir = await TestUmldir.start({
    home: world.home,
    keys: { umldir_port: port, umldir_address: '127.0.0.1', host_name: 'host1' },
  });
  return umldir;
};

beforeAll(async () => {
  port = await freePort();
  world.addImage('vm1');
  world.addImage('vm2');
  const vm = 'ubd0 = /disks/root.dsk\nroot = ubda';
  world.configure({ vm1: vm, vm2: vm });
});

afterAll(async () => {
  await umldir?.end();
  await world.close();
});

test('a monitor that starts before umldir registers when umldir starts, with each state of its VM', async () => {
  await world.startMonitor('vm1');
  await startUmldir();
  const { here, entries, state } = await untilListed(port, (list) => list.entries.length === 1);
  expect({ here, entries, state }).toMatchObject({
    here: 'host1',
    entries: [{ host: 'host1', vm: { name: 'vm1', state: 'stopped', ready: false } }],
    state: { sharing: 'off' },
  });
  const client = await world.client('vm1');
  try {
    await client.call('start', undefined);
    await untilListed(port, ({ entries: [entry] }) => entry?.vm.state === 'running' && entry.vm.ready);
    await client.call('kill', undefined);
    await untilListed(port, ({ entries: [entry] }) => entry?.vm.state === 'stopped');
  } finally {
    client.close();
  }
});

test('a monitor that starts later registers at once, and umldir -list shows both', async () => {
  await world.startMonitor('vm2');
  await untilListed(port, ({ entries }) => entries.length === 2);
  const { status, stdout } = world.run('umldir', ['-list', `127.0.0.1:${port}`]);
  expect(status).toBe(0);
  expect(stdout).toBe('vm1@host1  stopped    no TCP\nvm2@host1  stopped    no TCP\n');
});

test('a killed monitor disappears from the list', async () => {
  await world.killMonitor('vm2');
  await untilListed(port, ({ entries }) => entries.length === 1);
});

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'after umldir has ended by %s and was started again, monitors are there again',
  async (signal) => {
    await umldir?.end(signal);
    await startUmldir();
    await untilListed(port, ({ entries }) => entries.length === 1);
  },
);

test('a second umldir of the host is refused', async () => {
  const { status, stderr } = world.run('umldir', []);
  expect(status).toBe(5);
  expect(stderr).toContain('another umldir serves');
});

test('an idle monitor uses no CPU, with or without umldir', async () => {
  const switches = () => {
    const text = readFileSync(`/proc/${world.monitorPid('vm1')}/status`, 'utf8');
    return Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(text)?.[1]);
  };
  // Pending work ends first.
  const isQuiet = async () => {
    for (let look = 0; look < 20; look++) {
      const before = switches();
      await delay(1500);
      if (switches() === before) return true;
    }
    return false;
  };
  expect(await isQuiet()).toBe(true);
  await umldir?.end('SIGKILL');
  expect(await isQuiet()).toBe(true);
});
