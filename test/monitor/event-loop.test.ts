/** The one thread of a monitor: how long it serves nobody while it works for a client. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MonitorClient } from '../../src/rpc/client/monitor-client.ts';
import { diskLimits } from '../../src/system/limits/limits.ts';
import { GuestShell } from '../helpers/guest/guest.ts';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { program, vmUid, World } from '../helpers/programs/world.ts';

/** Almost as many as a scan reads: of the VM, and of all VMs. */
const images = { own: diskLimits.scanFiles - 10, shared: diskLimits.scanFiles - 10 };
/** Milliseconds of a pause that a console or a client may notice. */
const most = 50;

const host = new NetNamespace();
let world: World | undefined;
let client: MonitorClient;
const scratch = mkdtempSync(join(tmpdir(), 'umlmon-pauses-'));
const pausesFile = join(scratch, 'pauses');

beforeAll(async () => {
  const probe = join(import.meta.dirname, '../helpers/programs/pause-probe.cjs');
  const bundle = program('umlmon');
  // As the launcher starts it, and with the probe.
  const options = readFileSync(bundle, 'utf8')
    .split('\n', 1)[0]
    ?.split(' ')
    .filter((word) => word.startsWith('--'));
  const starter = join(scratch, 'start');
  writeFileSync(
    starter,
    `#!/bin/sh\nprogram=$1; shift\ncase $program in\n*/umlmon.cjs) exec env UMLMON_TEST_PAUSES=${pausesFile} ${process.execPath} ${options?.join(' ')} --require ${probe} ${bundle} "$@" ;;\n*) exec "$program" "$@" ;;\nesac\n`,
  );
  chmodSync(starter, 0o755);
  world = new World(['ip', 'netns', 'exec', host.name, starter]);
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk\nmem = 64M\ncon1 = pty log\neth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=80:80)',
  });
  world.addImage('vm1');
  world.addImage('vm1', 'more.dsk');
  const make = (directory: string, count: number, owner: number) =>
    execFileSync('sh', [
      '-c',
      `mkdir -p ${directory}; cd ${directory}; names() { seq ${count} | sed 's/.*/i&.dsk/'; }
       names | xargs truncate -s 64K; names | xargs chown ${owner}:${owner}`,
    ]);
  make(join(world.varDir, 'vm1/jail/disks'), images.own, vmUid);
  make(join(world.varDir, 'shared/disks'), images.shared, 0);
  await world.startMonitor('vm1');
  client = await world.client('vm1');
}, 120_000);

afterAll(async () => {
  await world?.close();
  host.close();
  rmSync(scratch, { recursive: true });
});

interface Pause {
  readonly at: number;
  readonly ms: number;
}

function pauses(): Pause[] {
  if (!existsSync(pausesFile)) return [];
  return readFileSync(pausesFile, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ').map(Number))
    .map(([at = 0, ms = 0]) => ({ at, ms }));
}

/** The longest pause while something is done, and shortly after it. */
async function during(work: () => Promise<unknown>): Promise<number> {
  const began = Date.now();
  await work();
  await delay(100);
  return Math.max(0, ...pauses().flatMap(({ at, ms }) => (at >= began ? [ms] : [])));
}

async function listAll(): Promise<number> {
  let [after, count] = ['', 0];
  for (;;) {
    const page = await client.call('diskList', { after, max: 256 });
    count += page.images.length;
    if (!page.more) return count;
    after = page.images.at(-1)?.path ?? '';
  }
}

test(`while consoles flow, no work of a client stops a monitor for more than ${most} ms`, async () => {
  const found: Record<string, number[]> = {};
  const measure = async (name: string, work: () => Promise<unknown>) => {
    found[name] = [...(found[name] ?? []), await during(work)];
  };
  // Reads all of the kernel once, which later starts remember (src/kernel/probe.ts).
  const first = await during(() => client.call('start', undefined));
  const network = 'network(name=lab)';
  for (const end of ['kill', 'kill', 'stop'] as const) {
    await client.call('kill', undefined);
    await measure('start', () => client.call('start', undefined));
    const shell = await GuestShell.open(client);
    // After the prompt has come, for which `run` waits.
    await shell.run(`sh -c '(sleep 1; while :; do seq 1 2000; done) &'`);
    await delay(1500);
    await measure('consoles only', () => delay(1000));
    await measure('plug-net', () => client.call('plugNetwork', { unit: 3, network }));
    await measure('unplug-net', () => client.call('unplugNetwork', 3));
    await measure('plug', () => client.call('plug', { unit: 3, disk: '/disks/more.dsk' }));
    await measure('unplug', () => client.call('unplug', 3));
    await measure('disk list', async () => expect(await listAll()).toBe(images.own + images.shared + 2));
    if (end === 'stop') await measure('stop', () => client.call('stop', { timeoutMs: 0 }));
    else await measure('kill', () => client.call('kill', undefined));
    if (end === 'kill') await client.call('start', undefined);
  }
  const text = Object.entries(found).map(
    ([name, all]) => `${name} ${all.map((ms) => ms.toFixed(0)).join(' ')}`,
  );
  const slow = `the first start with a new kernel ${first.toFixed(0)}`;
  console.log(`longest pauses of the event loop, in ms, of each round: ${text.join(', ')}; ${slow}`);
  // What the work itself costs, it costs in each round. Other programs of the host make single rounds longer.
  const own = Object.fromEntries(Object.entries(found).map(([name, all]) => [name, Math.min(...all)]));
  expect(Object.entries(own).filter(([, ms]) => ms > most)).toEqual([]);
}, 280_000);
