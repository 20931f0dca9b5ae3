/** A monitor with a VM, for tests of umlwatch. */
import { afterAll, beforeAll } from 'vitest';
import { type Ran, World } from '../helpers/programs/world.ts';

export const world = new World();
export const watch = (...args: string[]) => world.run('umlwatch', ['vm1', ...args]);
export const json = (ran: Ran) =>
  ran.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  const vm = 'mem = 64M\nubd0 = /disks/root.dsk\ncon0 = pty log\ncon1 = pty log\ncon2 = pty\nssl0 = pty';
  world.configure({ vm1: vm, down: 'mem = 64M\nubd0 = /disks/root.dsk' });
  world.addImage('vm1');
  await world.startMonitor('vm1');
});
afterAll(() => world.close());
