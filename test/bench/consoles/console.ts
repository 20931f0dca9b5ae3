import { type Figure, inTurns, MiB, median, milliseconds, percentile } from '../figure.ts';
import type { Pair } from '../pair.ts';
import { Viewer } from './viewer.ts';

const rounds = 5;
const volume = 8 * MiB;
const echoes = 300;

/** The guest's fastest generator: zeros, in pieces larger than anything on their way. */
const generate = `dd if=/dev/zero bs=64k count=${volume / 65536} 2>/dev/null; echo E''ND\n`;
/** The guest's tty echoes by itself; nobody reads there, so it takes no more than 4095 bytes. */
const becomeEcho = "stty raw echo; echo E''CHO; exec sleep 1000\n";

type Rounds<T> = Awaited<ReturnType<typeof inTurns<T>>>;

/**
 * Console output from the guest to a viewer, and the round trip of a key, against the plainest loop on the pty.
 *
 * @param boots several: the host decides at a start on which core a kernel runs, and beside which other
 */
export async function measureConsole(pair: Pair, boots = 3): Promise<Figure[]> {
  const output: Rounds<number> = { baseline: [], subject: [] };
  const echo: Rounds<number[]> = { baseline: [], subject: [] };
  for (let boot = 0; boot < boots; boot++) {
    await pair.startBare();
    await pair.startWatched();
    const viewer = await Viewer.open(pair.client, 'con1');
    await viewer.takeControl();
    add(output, await measureOutput(pair, viewer));
    add(echo, await measureEcho(pair, viewer));
    await pair.endBare();
    await pair.endWatched();
  }
  const [bareRate, rateWithMonitor] = [median(output.baseline), median(output.subject)];
  // One slow moment of the host makes a hundredth of one round: the median of the rounds is not about that.
  const slowest = (rounds: readonly number[][]) => median(rounds.map((times) => percentile(times, 99)));
  const [bareEcho, echoWithMonitor] = [slowest(echo.baseline), slowest(echo.subject)];
  return [
    {
      name: 'console output to a viewer, against a read loop',
      baseline: `${bareRate.toFixed(1)} MiB/s`,
      subject: `${rateWithMonitor.toFixed(1)} MiB/s`,
      value: rateWithMonitor / bareRate,
      unit: 'x',
      budget: { atLeast: 0.9 },
    },
    {
      name: 'console echo, 99th percentile, against a read loop',
      baseline: milliseconds(bareEcho),
      subject: milliseconds(echoWithMonitor),
      value: (echoWithMonitor - bareEcho) * 1000,
      unit: 'ms',
      budget: { atMost: 2 },
    },
  ];
}

/** MiB/s. */
function measureOutput(pair: Pair, viewer: Viewer): Promise<Rounds<number>> {
  const rate = ({ bytes, seconds }: { bytes: number; seconds: number }) => bytes / seconds / MiB;
  return inTurns(
    rounds,
    async () => {
      await pair.floor.type('con1', generate);
      return rate(await pair.floor.until('con1', 'END\r\n'));
    },
    async () => {
      await viewer.type(generate);
      return rate(await viewer.until('END\r\n'));
    },
  );
}

/** Seconds of each key of each round. */
async function measureEcho(pair: Pair, viewer: Viewer): Promise<Rounds<number[]>> {
  await pair.floor.type('con1', becomeEcho);
  await pair.floor.until('con1', 'ECHO\n');
  await viewer.type(becomeEcho);
  await viewer.until('ECHO\n');
  // The bench itself shall not be compiled while it measures.
  await viewer.echo(echoes);
  return inTurns(
    rounds,
    () => pair.floor.echo('con1', echoes),
    () => viewer.echo(echoes),
  );
}

function add<T>(all: Rounds<T>, more: Rounds<T>): void {
  all.baseline.push(...more.baseline);
  all.subject.push(...more.subject);
}
