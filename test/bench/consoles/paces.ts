import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestShell } from '../../helpers/guest/guest.ts';
import type { World } from '../../helpers/programs/world.ts';
import { numberLines } from '../../helpers/terminal/numbered-lines.ts';
import {
  faultsOfLog,
  faultsOfViewer,
  paces,
  type Seen,
  type Stretch,
  silence,
} from '../../helpers/terminal/paced-viewers.ts';
import { type Figure, inTurns, MiB } from '../figure.ts';

const vm = 'watched';
const rounds = 5;
const budgetMiB = 100;
/** A hundred megabytes; those of all rounds fit in one file of the log. */
const lines = numberLines(1_000_000);

/** The guest measures itself. Its clock has hundredths of seconds. The shell is told nothing of a job. */
const generate =
  'rm -f /tmp/times; ( (from=$(cat /proc/uptime); cat /tmp/lines >/dev/tty1; echo $from $(cat /proc/uptime) >/tmp/times) & )';
const readTimes = 'until [ -s /tmp/times ]; do sleep 0.1; done; cat /tmp/times';
/** Between looks at how far the guest is. */
const lookMs = 100;

/**
 * A hundred megabytes that nobody views, and that ten view at their own pace, from one process on the same cores: nothing
 * is missing that is not announced, and the guest does not notice.
 */
export async function measurePaces(world: World): Promise<Figure[]> {
  world.configure({
    [vm]: 'mem = 256M\nubd0 = /disks/root.dsk\ncon1 = pty log\ncon2 = pty\nlog_size = 1G\ncpu = 0\n',
  });
  world.addImage(vm);
  const { pid = 0 } = await world.startMonitor(vm);
  const client = await world.client(vm);
  await client.call('start', undefined);
  const shell = await GuestShell.open(client, 'con2');
  await shell.run(lines.script('/tmp/lines'));
  let end = await silence(client, 'con1');
  const log = openSync(join(world.varDir, vm, 'log/con1'), 'r');
  const nextStretch = () => {
    const start = end;
    end += lines.bytes;
    return { start, end };
  };
  const rate = async () => {
    await shell.run(generate);
    for (let said = 0; said < end; await delay(lookMs)) {
      const { consoles } = await client.call('info', undefined);
      said = consoles.find(({ channel }) => channel === 'con1')?.bytesOut ?? 0;
    }
    const { output } = await shell.run(readTimes);
    const [, from, to] = /^([\d.]+) [\d.]+ ([\d.]+) [\d.]+$/m.exec(output) ?? [];
    return lines.bytes / MiB / (Number(to) - Number(from));
  };
  let alone = 0;
  const results = await inTurns(
    rounds,
    async () => {
      nextStretch();
      const value = await rate();
      if (alone === 0) alone = peakMiB(pid);
      return value;
    },
    async () => {
      const stretch = nextStretch();
      const viewers = await gather(join(world.varDir, vm, 'ctrl'), stretch);
      const value = await rate();
      const seen = await viewers.seen();
      const faults = seen.flatMap((each) => faultsOfViewer(log, each, stretch));
      faults.push(...faultsOfLog(log, lines, stretch));
      if (faults.length > 0) throw new Error(faults.join('\n'));
      return value;
    },
  );
  closeSync(log);
  const peak = peakMiB(pid);
  await client.call('kill', undefined);
  client.close();
  // The fastest round is the one that others on this machine have disturbed least.
  const [none, ten] = [Math.max(...results.baseline), Math.max(...results.subject)];
  const name = `${paces.length} viewers of different speed`;
  return [
    {
      name: `${name}, against none: output of the guest, fastest of ${rounds}`,
      baseline: `${none.toFixed(1)} MiB/s`,
      subject: `${ten.toFixed(1)} MiB/s`,
      value: ten / none,
      unit: 'x',
      budget: { atLeast: 0.9 },
    },
    {
      name: `memory of a monitor with ${name}, peak RSS`,
      baseline: `${alone.toFixed(1)} MiB`,
      subject: `${peak.toFixed(1)} MiB`,
      value: peak,
      unit: 'MiB',
      budget: { atMost: budgetMiB },
    },
  ];
}

async function gather(path: string, { start, end }: Stretch) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'consoles/paced.mjs'), path, `${start}`, `${end}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const out = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await out.next();
  return {
    async seen() {
      const { value } = await out.next();
      return JSON.parse(value) as Seen[];
    },
  };
}

/** Largest resident set of a process so far. */
function peakMiB(pid: number): number {
  return Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}
