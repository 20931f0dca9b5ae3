/**
 * Ten viewers of con1 in a process of their own: `paced.mjs SOCKET START END`. Prints `ready`, and what each has seen,
 * as JSON, when all are at the end.
 */
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { viewAtPaces } from '../../helpers/terminal/paced-viewers.ts';

const [path = '', start, end] = process.argv.slice(2);
const stretch = { start: Number(start), end: Number(end) };
const { ready, seen } = viewAtPaces(() => MonitorClient.connect(path, 'paced'), 'con1', stretch);
await ready;
console.log('ready');
console.log(JSON.stringify(await seen));
