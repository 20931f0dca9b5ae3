import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../../helpers/programs/world.ts';
import { type Figure, inTurns, MiB, median, milliseconds } from '../figure.ts';
import { Viewer } from './viewer.ts';

const vm = 'crowded';
const reading = 50;
const idle = 150;
const rounds = 5;
const volume = 32 * MiB;
const echoes = 50;
/** Between keys: faster than anybody types. */
const keyMs = 20;
/** A crowd that is behind catches up after a flood. */
const settleMs = 500;
const budgetMiB = 160;

/** The guest measures itself: viewers may fall behind, it may not. Its clock has hundredths of seconds. */
const generate = `from=$(cat /proc/uptime); dd if=/dev/zero bs=64k count=${volume / 65536} 2>/dev/null; \
echo; echo T $from $(cat /proc/uptime); echo E''ND\n`;

/** What 199 more viewers of a console cost the guest and the one who types: nothing that is worth mentioning. */
export async function measureViewers(world: World): Promise<Figure[]> {
  world.configure({ [vm]: 'ubd0 = /disks/root.dsk\ncon1 = pty\ncpu = 0\n' });
  world.addImage(vm);
  const { pid = 0 } = await world.startMonitor(vm);
  const client = await world.client(vm);
  await client.call('start', undefined);
  const viewer = await Viewer.open(client, 'con1');
  let memory = 0;
  const measure = async () => {
    await viewer.type(generate);
    const rate = volume / MiB / guestSeconds(await viewer.textBefore('END\r\n'));
    await delay(settleMs);
    // The shell echoes what is typed, and nothing runs.
    const typist = await Viewer.open(client, 'con1');
    await typist.takeControl();
    const times = await typist.echo(echoes, keyMs);
    await typist.type('\x15');
    await typist.close();
    return { rate, echo: median(times) };
  };
  const results = await inTurns(rounds, measure, async () => {
    const crowd = await gather(join(world.varDir, vm, 'ctrl'));
    const result = await measure();
    memory = Math.max(memory, residentMiB(pid));
    await crowd.disperse();
    return result;
  });
  await client.call('kill', undefined);
  client.close();

  const middle = (key: 'rate' | 'echo') => ({
    one: median(results.baseline.map((result) => result[key])),
    many: median(results.subject.map((result) => result[key])),
  });
  const [rate, echo] = [middle('rate'), middle('echo')];
  const name = `${reading + idle} viewers, ${idle} of them idle, against one`;
  return [
    {
      name: `${name}: output of the guest`,
      baseline: `${rate.one.toFixed(1)} MiB/s`,
      subject: `${rate.many.toFixed(1)} MiB/s`,
      value: rate.many / rate.one,
      unit: 'x',
      budget: { atLeast: 0.9 },
    },
    {
      name: `${name}: echo of a key, median`,
      baseline: milliseconds(echo.one),
      subject: milliseconds(echo.many),
      value: echo.many / echo.one,
      unit: 'x',
      budget: { atMost: 1.1 },
    },
    {
      name: `memory of a monitor with ${reading + idle} viewers of a flood, RSS`,
      baseline: '',
      subject: `${memory.toFixed(1)} MiB`,
      value: memory,
      unit: 'MiB',
      budget: { atMost: budgetMiB },
    },
  ];
}

function guestSeconds(text: string): number {
  const [, from, to] = /T (\S+) \S+ (\S+) /.exec(text) ?? [];
  return Number(to) - Number(from);
}

async function gather(path: string) {
  const program = join(import.meta.dirname, 'consoles/crowd.mjs');
  const child = spawn(process.execPath, [program, path, String(reading), String(idle)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    async disperse() {
      const exit = once(child, 'exit');
      child.stdin.end();
      await exit;
    },
  };
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
}
