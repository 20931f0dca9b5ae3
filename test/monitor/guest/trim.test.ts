/** Memory that a guest has freed goes back to the host. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseMeminfo, trimmable } from '../../../src/monitor/guest/guest-memory.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

const MiB = 1024 ** 2;

describe('how much', () => {
  test('is read from meminfo', () => {
    const text = 'MemTotal:          51776 kB\nMemFree:           39272 kB\nMemAvailable:      39120 kB\n';
    expect(parseMeminfo(text)).toEqual({ total: 51776 * 1024, free: 39272 * 1024, available: 39120 * 1024 });
    expect(parseMeminfo(text.replace('MemFree', 'MemFrei'))).toBeUndefined();
  });

  test('is at most the free memory less the reserve, in whole MiB', () => {
    const bytes = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (total, free, available) => {
        const taken = trimmable({ total, free, available });
        expect(taken % MiB).toBe(0);
        if (taken > 0)
          expect(taken).toBeLessThanOrEqual(Math.min(free, available) - monitorLimits.trimReserve);
      }),
    );
  });
});

describe('a real guest', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.close());

  async function boot(keys = ''): Promise<{ client: MonitorClient; shell: GuestShell }> {
    world.configure({ vm1: `mem = 512M\nubd0 = /disks/root.dsk\ncon1 = pty\n${keys}` });
    world.addImage('vm1');
    await world.startMonitor('vm1');
    const client = await world.client('vm1');
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    return { client, shell: await GuestShell.open(client) };
  }
  const used = async (client: MonitorClient) => (await client.call('info', undefined)).hostMemory;
  const fill = (shell: GuestShell) =>
    shell.run('mount -t tmpfs -o size=400m x /mnt && dd if=/dev/zero of=/mnt/x bs=1M count=300');
  const total = async (shell: GuestShell) => (await shell.run('grep MemTotal /proc/meminfo')).output;

  test('-mem-trim returns nine tenths of what was freed, and the guest can use it again', async () => {
    const { client, shell } = await boot();
    const before = await total(shell);
    expect((await fill(shell)).status).toBe(0);
    const full = await used(client);
    expect(full).toBeGreaterThan(300 * MiB);
    await shell.run('rm /mnt/x');
    expect(world.run('umlwatch', ['vm1', '-mem-trim']).stdout).toMatch(
      /^vm1: \d+(?:\.\d)? MiB returned, \d+(?:\.\d)? MiB in use on the host\n$/,
    );
    expect(full - (await used(client))).toBeGreaterThanOrEqual(0.9 * 300 * MiB);
    expect(world.run('umlwatch', ['vm1', '-info']).stdout).toMatch(
      /^ {2}memory +512 MiB, \S+ MiB in use on the host$/m,
    );
    expect(await total(shell)).toBe(before);
    expect((await shell.run('dd if=/dev/zero of=/mnt/x bs=1M count=300')).status).toBe(0);
    // A full guest is left alone.
    await shell.run('dd if=/dev/zero of=/mnt/y bs=1M count=90');
    await client.call('memTrim', undefined);
    expect((await shell.run('md5sum /mnt/x; echo fine')).output).toContain('fine');
  });

  test('mem_trim does it by itself; a monitor that takes over returns what a killed one has borrowed', async () => {
    const { client, shell } = await boot('mem_trim = 1s');
    const since = (await client.call('info', undefined)).eventsNext;
    await fill(shell);
    await shell.run('rm /mnt/x');
    expect(await waitForEvent(client, 'trimmed', since)).toMatch(/^by mem_trim/);
    expect(await used(client)).toBeLessThan(150 * MiB);
    const free = async (one: GuestShell) =>
      Number(/MemFree: +(\d+)/.exec((await one.run('cat /proc/meminfo')).output)?.[1]);
    const before = await free(shell);
    await client.call('mconsole', 'config mem=-200M');
    expect(await free(shell)).toBeLessThan(before - 150 * 1024);
    await world.killMonitor('vm1');
    await world.startMonitor('vm1');
    const again = await GuestShell.again(await world.client('vm1'));
    await expect.poll(() => free(again)).toBeGreaterThan(before - 20 * 1024);
  });
});
