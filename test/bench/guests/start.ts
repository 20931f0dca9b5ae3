import { type Figure, inTurns, median, milliseconds } from '../figure.ts';
import type { Pair } from '../pair.ts';

/** What the monitor adds to the start of a kernel in its jail: until the guest says that it is booted. */
export async function measureStart(pair: Pair, rounds = 15): Promise<Figure[]> {
  const { baseline, subject } = await inTurns(
    rounds,
    async () => {
      const seconds = await pair.startBare();
      await pair.endBare();
      return seconds;
    },
    async () => {
      const seconds = await pair.startWatched();
      await pair.endWatched();
      return seconds;
    },
  );
  const [bare, watched] = [median(baseline), median(subject)];
  return [
    {
      name: 'start to booted, against the launch command by hand',
      baseline: milliseconds(bare),
      subject: milliseconds(watched),
      value: watched / bare,
      unit: 'x',
      budget: { atMost: 1.5 },
    },
  ];
}
