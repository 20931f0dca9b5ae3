/** What a guest says of itself, as numbers and as metrics. */
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseGuestStats } from '../../../src/monitor/guest/guest-stats.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

const files = {
  loadavg: '0.12 1.05 20.00 1/37 231\n',
  uptime: '61.42 30.32\n',
  stat: 'cpu  7 1 2 137 4 1 3 0 0 0\ncpu0 7 0 2 137 0 1 0 0 0 0\nintr 117 0\n',
  meminfo: 'MemTotal:  51776 kB\nMemFree:   39272 kB\nMemAvailable: 39120 kB\n',
  diskstats: '  98       0 ubda 52 0 3508 9 1 0 8 0 0 0 9 0 0 0 0 1 0\n',
};

describe('the files of /proc', () => {
  test('become numbers with units', () => {
    expect(parseGuestStats(files, 5)).toEqual({
      time: 5,
      ...{ uptimeMs: 61_420, load1: 12, load5: 105, load15: 2000, tasks: 37, tasksRunnable: 1 },
      ...{ cpuUserMs: 80, cpuSystemMs: 60, cpuIdleMs: 1370, cpuIowaitMs: 40 },
      ...{ memTotal: 51776 * 1024, memFree: 39272 * 1024, memAvailable: 39120 * 1024 },
      disks: [{ name: 'ubda', reads: 52, readBytes: 3508 * 512, writes: 1, writtenBytes: 8 * 512 }],
    });
  });

  test('of a guest that lies are refused, or numbers all the same', () => {
    for (const name of Object.keys(files).filter((file) => file !== 'diskstats'))
      expect(parseGuestStats({ ...files, [name]: 'x' }, 0)).toBeUndefined();
    const text = fc.string({ unit: fc.constantFrom(...'cpu0123456789 ./\nMem:kB'), maxLength: 200 });
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(files) as (keyof typeof files)[])), text, (name, lie) => {
        const stats = parseGuestStats({ ...files, [name]: lie }, 0);
        const numbers = JSON.stringify(stats ?? {}).match(/:(-?[\w.+]+)/g) ?? [];
        for (const number of numbers) expect(Number(number.slice(1))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('a real guest', () => {
  const world = new World();
  let client: MonitorClient;
  let shell: GuestShell;
  let socket: string;

  beforeAll(async () => {
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty\nmetrics = socket' });
    world.addImage('vm1');
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    socket = join(world.varDir, 'vm1/metrics');
  });
  afterAll(async () => {
    client.close();
    await world.close();
  });

  const curl = (path = 'metrics', ...options: string[]) =>
    spawnSync('curl', ['-sS', '-i', ...options, '--unix-socket', socket, `http://localhost/${path}`], {
      encoding: 'utf8',
    }).stdout;
  /** The value of the first sample of a metric. */
  const sampleOf = (text: string, name: string) =>
    Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1]);

  test('of a stopped VM, the monitor reports its own values', async () => {
    const text = curl();
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/openmetrics-text/);
    expect(sampleOf(text, 'umlmon_up')).toBe(0);
    expect(text).not.toContain('umlmon_guest_');
    expect(text).toMatch(/\n# EOF\n$/);
    expect(world.run('umlwatch', ['vm1', '-stats'])).toMatchObject({ status: 5 });
  });

  test('is read by its kernel, with the values that its programs see', async () => {
    await client.call('start', undefined);
    await waitForEvent(client, 'guest-message');
    shell = await GuestShell.open(client);
    const stats = await client.call('stats', undefined);
    const total = Number(/(\d+)/.exec((await shell.run('grep MemTotal /proc/meminfo')).output)?.[1]) * 1024;
    expect(stats.memTotal).toBe(total);
    expect(stats.disks.map(({ name }) => name)).toContain('ubda');
    const shown = world.run('umlwatch', ['vm1', '-stats']).stdout;
    expect(shown).toMatch(/^vm1\n {2}uptime {5}\d+ s\n {2}load {7}\d+\.\d\d \d+\.\d\d \d+\.\d\d\n/);
    expect(JSON.parse(world.run('umlwatch', ['vm1', '-json', '-stats']).stdout)).toMatchObject({
      memTotal: total,
    });
    // Within a second, all are given the same.
    const many = await Promise.all(Array.from({ length: 20 }, () => client.call('stats', undefined)));
    expect(new Set(many.map(({ time }) => time)).size).toBe(1);
  });

  test('its metrics are in the form of OpenMetrics', async () => {
    const [head = '', text = ''] = curl().split('\r\n\r\n');
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(text)}`);
    expect(sampleOf(text, 'umlmon_up')).toBe(1);
    expect(sampleOf(text, 'umlmon_host_memory_bytes')).toBeGreaterThan(1024 ** 2);
    expect(sampleOf(text, 'umlmon_guest_disk_reads_total')).toBeGreaterThan(0);
    expect(sampleOf(text, 'umlmon_guest_uptime_seconds')).toBeGreaterThan(0);
    // Each family is announced once, before its samples, which belong to no other.
    let family = '';
    const seen = new Set<string>();
    for (const line of text.trimEnd().split('\n')) {
      const announced = /^# TYPE (\S+) (?:gauge|counter)$/.exec(line)?.[1];
      if (announced) {
        expect(seen.has(announced)).toBe(false);
        seen.add(announced);
        family = announced;
      } else if (!line.startsWith('#'))
        expect(line).toMatch(
          new RegExp(`^${family}(?:_total)?\\{vm="vm1"(?:,[a-z]+="[^"]*")?\\} \\d+(?:\\.\\d+)?$`),
        );
    }
    expect(text.endsWith('\n# EOF\n')).toBe(true);
  });

  test('other requests are answered too, and silence is ended', async () => {
    expect(curl('metrics', '--head')).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(curl('other')).toMatch(/^HTTP\/1\.1 404 /);
    expect(curl('metrics', '-X', 'POST')).toMatch(/^HTTP\/1\.1 405 /);
    const hostile = connect(socket);
    hostile.write('x'.repeat(20_000));
    const answer = await new Promise<string>((resolve) =>
      hostile.once('data', (data: Buffer) => resolve(data.toString())),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    hostile.destroy();
    const idle = Array.from({ length: 40 }, () => connect(socket));
    for (const one of idle) one.on('error', () => undefined);
    await expect.poll(() => curl(), { timeout: 15_000, interval: 500 }).toMatch(/umlmon_up/);
    for (const one of idle) one.destroy();
  }, 30_000);
});
