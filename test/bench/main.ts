/** The benchmarks, `npm run bench`: what umlmon adds to a bare kernel. Ends with status 1 if a budget is exceeded. */
import { World } from '../helpers/world.ts';
import { measureConsole } from './console.ts';
import { measureAgainstDebian } from './debian.ts';
import { type Figure, isWithin, table } from './figure.ts';
import { measureIdle } from './idle.ts';
import { Pair } from './pair.ts';
import { measureStart } from './start.ts';

/** A comparison needs two VMs that were just made. */
function withPair(measure: (pair: Pair, world: World) => Promise<Figure[]>) {
  return async () => {
    const world = new World();
    try {
      const pair = await Pair.open(world);
      try {
        return await measure(pair, world);
      } finally {
        await pair.close();
      }
    } finally {
      await world.close();
    }
  };
}

const figures: Figure[] = [];
for (const measure of [
  withPair(measureStart),
  withPair(measureAgainstDebian),
  withPair(measureConsole),
  measureIdle,
]) {
  try {
    figures.push(...(await measure()));
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}
console.log(table(figures));
if (!figures.every(isWithin)) process.exitCode = 1;
