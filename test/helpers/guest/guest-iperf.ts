import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GuestShell } from './guest.ts';

/** iperf3 of this host with all that it loads, where guests can run it: in the shared tree of their umlmon. */
export function shareIperf(shared: string): void {
  const program = execFileSync('sh', ['-c', 'command -v iperf3'], { encoding: 'utf8' }).trim();
  const loaded = execFileSync('ldd', [program], { encoding: 'utf8' });
  const files = [program, ...(loaded.match(/\/\S+/g) ?? [])];
  mkdirSync(join(shared, 'iperf'), { recursive: true });
  for (const file of files) copyFileSync(file, join(shared, 'iperf', basename(file)));
}

const iperf =
  '/tmp/jail/iperf/ld-linux-x86-64.so.2 --library-path /tmp/jail/iperf /tmp/jail/iperf/iperf3 --forceflush';

/** Serves one test after the other, for as long as the guest lives. */
export async function serveIperf(guest: GuestShell): Promise<void> {
  await prepare(guest);
  await run(guest, `(${iperf} -s >/tmp/iperf.log 2>&1 &)`);
  await run(guest, 'until grep -q listening /tmp/iperf.log; do usleep 10000; done');
}

/** What a guest has sent to a server, and then received from it, in bits per second. */
export async function measureBoth(guest: GuestShell, server: string): Promise<{ to: number; from: number }> {
  await prepare(guest);
  const once = async (way: string) => {
    const said = await run(guest, `${iperf} -c ${server} -n 1M -f k ${way} | grep receiver`);
    return Number(/([\d.]+) Kbits\/sec/.exec(said)?.[1] ?? 0) * 1000;
  };
  return { to: await once(''), from: await once('-R') };
}

async function prepare(guest: GuestShell): Promise<void> {
  await run(guest, 'mkdir -p /tmp/jail; [ -e /tmp/jail/iperf ] || mount -t hostfs none /tmp/jail -o /shared');
}

async function run(guest: GuestShell, line: string): Promise<string> {
  const { output, status } = await guest.run(line);
  if (status !== 0) throw new Error(`${line}: ${output}`);
  return output;
}
