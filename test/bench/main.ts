/**
 * The benchmarks, `npm run bench`: what umlmon adds to a bare kernel. Arguments: their names; without any, all run.
 * `gate` alone runs the main ones in about a minute, with budgets that a busy machine keeps too, for CI.
 * Exits with status 1 if a budget is exceeded.
 */
import { World } from '../helpers/programs/world.ts';
import { measureBetween } from './between.ts';
import { measureConsole } from './consoles/console.ts';
import { measurePaces } from './consoles/paces.ts';
import { measureViewers } from './consoles/viewers.ts';
import { measureWeb } from './consoles/web.ts';
import { measureBackup } from './disks/backup.ts';
import { measureCopy } from './disks/copy.ts';
import { measureManyBackups } from './disks/many-backups.ts';
import { measureMerge } from './disks/merge.ts';
import { type Figure, isWithin, table, withSlack } from './figure.ts';
import { measureAgainstDebian } from './guests/debian.ts';
import { measureRun } from './guests/run.ts';
import { measureStart } from './guests/start.ts';
import { measureIdle } from './idle.ts';
import { measureList } from './list.ts';
import { measureNetwork } from './network.ts';
import { Pair } from './pair.ts';

type Closable = { close(): Promise<void> };

/** What must not outlive the benchmark, however that ends. */
const opened: Closable[] = [];

function keep<T extends Closable>(thing: T): T {
  opened.push(thing);
  return thing;
}

async function closeAll(): Promise<void> {
  for (let thing = opened.pop(); thing; thing = opened.pop()) await thing.close();
}

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    interrupted = true;
    void closeAll().finally(() => process.exit(1));
  });

/** A comparison needs two VMs that were just made. */
function withPair(measure: (pair: Pair, world: World) => Promise<Figure[]>) {
  return async (world: World) => measure(keep(await Pair.open(world)), world);
}

const figures: Figure[] = [];
const measures = {
  start: withPair((pair) => measureStart(pair)),
  debian: withPair(measureAgainstDebian),
  console: withPair((pair) => measureConsole(pair)),
  viewers: measureViewers,
  paces: measurePaces,
  idle: (world: World) => measureIdle(world),
  merge: measureMerge,
  network: measureNetwork,
  between: measureBetween,
  copy: measureCopy,
  list: measureList,
  backup: measureBackup,
  backups: measureManyBackups,
  umlrun: measureRun,
  web: measureWeb,
};
/** The same with fewer rounds. */
const gateMeasures = {
  start: withPair((pair) => measureStart(pair, 5)),
  console: withPair((pair) => measureConsole(pair, 1)),
  idle: (world: World) => measureIdle(world, 4),
};
const wanted = process.argv.slice(2);
const isGate = wanted.length === 1 && wanted[0] === 'gate';
for (const [name, measure] of Object.entries(isGate ? gateMeasures : measures)) {
  if (interrupted) break;
  if (!isGate && wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    figures.push(...(await measure(keep(new World()))));
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await closeAll();
  }
}
const judged = isGate ? figures.map(withSlack) : figures;
if (!interrupted) console.log(table(judged));
if (!judged.every(isWithin)) process.exitCode = 1;
