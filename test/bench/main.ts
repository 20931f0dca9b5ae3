import { World } from '../helpers/world.ts';
import { measureAgainstDebian } from './debian.ts';
import { isWithin, table } from './figure.ts';
import { Pair } from './pair.ts';
import { measureStart } from './start.ts';
import { measureConsole } from "./console.ts";

const world = new World();
const pair = await Pair.open(world);
try {
const figures = await measureConsole(pair);
console.log(table(figures), figures.every(isWithin));
} finally {
await pair.close();
await world.close();
}
