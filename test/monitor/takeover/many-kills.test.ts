/** kill -9 of the monitor, again and again: the guest goes on, and what is missing is known to the byte. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';
import { rounds } from '../../helpers/rounds.ts';

const kills = Number(process.env.UMLMON_TEST_KILLS ?? rounds(24, 60));
const seed = Number(process.env.UMLMON_TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));

let world: World;
let image: string;

beforeEach(() => {
  world = new World();
  world.configure({
    vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log\ncon2 = pty log\nlog_size = 1G',
  });
  image = world.addImage('vm1');
});

afterEach(() => world.close());

/** The guest's flood on con2: numbers of eight digits, one per line, from this one on. */
const firstNumber = 10_000_001;
const lineBytes = 10;

function flood(from: number, to: number): string {
  const first = Math.floor(from / lineBytes);
  const lines = Array.from(
    { length: Math.ceil(to / lineBytes) - first },
    (_, i) => `${firstNumber + first + i}\r\n`,
  );
  return lines.join('').slice(from - first * lineBytes, to - first * lineBytes);
}

interface Said {
  readonly bytes: number;
  readonly exact: boolean;
}

/**
 * Compares a log with the flood, piece by piece between the notes of monitors: each piece must be part of the flood,
 * byte for byte. Returns what really is missing at each note.
 */
function gapsOf(log: string): { gap: number; said: Said }[] {
  const found: { gap: number; said: Said }[] = [];
  const parts = log.split(/\r\n\[umlmon: taken over; (up to )?(\d+) bytes are missing\]\r\n/);
  let end = 0;
  let said: Said = { bytes: 0, exact: true };
  for (let i = 0; i < parts.length; i += 3) {
    const piece = parts[i] ?? '';
    const whole = /(?:^|\n)(\d{8})\r\n/.exec(piece);
    if (whole?.[1]) {
      const begin = (Number(whole[1]) - firstNumber) * lineBytes - piece.indexOf(whole[1], whole.index);
      if (i > 0) found.push({ gap: begin - end, said });
      else expect(begin).toBe(0);
      if (piece !== flood(begin, begin + piece.length))
        throw new Error(`the piece after note ${i / 3} is torn`);
      end = begin + piece.length;
      said = { bytes: 0, exact: true };
    } else {
      // Too short to tell where it belongs: it is part of the gap.
      said = { bytes: said.bytes + piece.length, exact: said.exact && piece === '' };
    }
    const bytes = said.bytes + Number(parts[i + 2] ?? 0);
    said = { bytes, exact: said.exact && parts[i + 1] === undefined };
  }
  return found;
}

test(`${kills} kills: same kernel, same shell, every byte in the log or counted, disk complete`, async () => {
  console.log(`UMLMON_TEST_SEED=${seed} UMLMON_TEST_KILLS=${kills}`);
  const random = randomNumbers(seed);
  await world.startMonitor('vm1');
  let client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const { kernelPid } = await client.call('info', undefined);
  const shell = await GuestShell.open(client);
  const shellPid = (await shell.run('kept=yes; echo $$')).output;
  const record = 'i=$((i+1)); echo "record $i" >>/records; sync; usleep 10000';
  // In a shell between, so that nothing is said about jobs.
  await shell.run(`writer=$( (i=0; while :; do ${record}; done) >/dev/null & echo $!)`);
  const numbers = await GuestShell.open(client, 'con2');
  const burst = 'seq $i $((i+3999)); i=$((i+4000)); usleep 1000';
  await numbers.type(`i=${firstNumber}; stty -echo; while :; do ${burst}; done\r`);
  client.close();

  let maybeLost = 0;
  let inStart = 0;
  for (let round = 0; round < kills; round++) {
    await pause(20 + random() * 200);
    await world.killMonitor('vm1');
    if (round % 4 === 3) {
      // This one dies on its way: before, while or after it takes the VM over.
      const started = world.startMonitor('vm1').catch(() => undefined);
      await pause(random() * 200);
      await world.killMonitor('vm1');
      await started;
      inStart += 1;
    }
    await world.startMonitor('vm1');
    client = await world.client('vm1');
    expect(await client.call('info', undefined)).toMatchObject({ state: 'running', kernelPid });
    const { events } = await client.call('events', { since: 1, max: 64, waitMs: 0 });
    const adopted = events.find(({ kind }) => kind === 'adopted');
    maybeLost += Number(adopted?.attributes.find(({ name }) => name === 'maybe_lost')?.value);
    client.close();
  }

  client = await world.client('vm1');
  const end = await GuestShell.again(client, 'con2');
  await end.type('\x03');
  await end.until(/# (?:\x1b\[(?:6n|J))*$/);
  const again = await GuestShell.again(client);
  expect((await again.run('kill $writer; sleep 1; echo $kept $$')).output).toContain(`yes ${shellPid}`);
  const last = Number(/record (\d+)/.exec((await again.run('tail -n 1 /records')).output)?.[1]);
  expect(await client.call('stop', { timeoutMs: 0 })).toMatchObject({ summary: 'stopped cleanly' });
  client.close();

  // From the first number to the last whole line of the flood.
  const whole = world.log('vm1', 'con2');
  const last8 = [...whole.matchAll(/\d{8}\r\n/g)].at(-1);
  const log = whole.slice(whole.indexOf(`${firstNumber}\r\n`), (last8?.index ?? 0) + lineBytes);
  expect(log.length).toBeGreaterThan(kills * 1000 * lineBytes);
  const gaps = gapsOf(log);
  for (const { gap, said } of gaps) {
    expect(gap).toBeGreaterThanOrEqual(0);
    expect(gap).toBeLessThanOrEqual(said.bytes);
    if (said.exact) expect(gap).toBe(said.bytes);
  }
  const missing = gaps.reduce((sum, { gap }) => sum + gap, 0);
  console.log(
    `${kills} adoptions after ${kills + inStart} kills, ${log.length} bytes of output; ` +
      `${gaps.length} notes, ${maybeLost} bytes said to be missing at most, ${missing} are; ${last} records on disk`,
  );
  expect(missing).toBeLessThanOrEqual(maybeLost);

  execFileSync('e2fsck', ['-fn', image], { stdio: 'pipe' });
  const records = execFileSync('debugfs', ['-R', 'cat /records', image], { encoding: 'utf8', stdio: 'pipe' });
  expect(last).toBeGreaterThan(kills);
  expect(records).toBe(Array.from({ length: last }, (_, i) => `record ${i + 1}\n`).join(''));
}, 600_000);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Numbers from 0 to 1 that a seed determines (mulberry32). */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
