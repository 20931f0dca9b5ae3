/** Many lives in a row leave nothing behind. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

const lives = rounds(20, 50);

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.close());

/** What a start could leave on the host. */
function inventory(monitor: number) {
  const list = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' });
  return {
    // Other tests mount, too.
    mounts: readFileSync(`/proc/${monitor}/mountinfo`, 'utf8')
      .split('\n')
      .filter((line) => line.includes(world.home)),
    mountNamespace: readlinkSync(`/proc/${monitor}/ns/mnt`),
    taps: list('ip', '-o', 'link', 'show', 'type', 'tun'),
    children: readFileSync(`/proc/${monitor}/task/${monitor}/children`, 'latin1'),
    files: list(
      'find',
      world.home,
      '-not',
      '-name',
      'con*',
      '-not',
      '-name',
      'monitor*',
      '-not',
      '-path',
      '*/.cache/*',
    )
      .split('\n')
      .sort(),
    descriptors: readdirSync(`/proc/${monitor}/fd`).length,
    threads: readdirSync(`/proc/${monitor}/task`).length,
  };
}

function memory(monitor: number): number {
  const rollup = readFileSync(`/proc/${monitor}/smaps_rollup`, 'latin1');
  return Number(/^Pss:\s*(\d+) kB/m.exec(rollup)?.[1]);
}

test(`${lives} starts and stops in a row leave no mount, process, file or descriptor, and memory stays flat`, async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log\nssl0 = pty' });
  world.addImage('vm1');
  const { pid } = await world.startMonitor('vm1');
  if (pid === undefined) throw new Error('no monitor');
  const client = await world.client('vm1');
  const live = async () => {
    const { eventsNext } = await client.call('info', undefined);
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message', eventsNext);
    await client.call('stop', { timeoutMs: 0 });
  };

  // The first lives fill caches: lpj, compiled code.
  for (let i = 0; i < 5; i++) await live();
  const before = inventory(pid);
  const sizes: number[] = [];
  for (let i = 0; i < lives; i++) {
    await live();
    sizes.push(memory(pid));
  }
  expect(inventory(pid)).toEqual(before);
  client.close();
  const early = Math.max(...sizes.slice(0, 10));
  const late = Math.min(...sizes.slice(-10));
  console.log(`PSS of the monitor: ${sizes[0]} kB after the first round, ${sizes.at(-1)} kB after ${lives}`);
  // Garbage collection comes and goes; growth would be in every late sample.
  expect(late).toBeLessThan(early + 5 * 1024);
}, 180_000);
