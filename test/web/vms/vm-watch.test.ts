/** The watch of a VM, against monitors with malformed answers, as other hosts may send them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Handlers } from '../../../src/rpc/codec/program.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import type { Event } from '../../../src/rpc/umlmonctrl.gen.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { VmWatch } from '../../../src/web/vms/vm-watch.ts';
import type { WireEvent } from '../../../src/web/wire.ts';
import { info, stubHandlers } from '../../rpc/stub-handlers.ts';

const eventOf = (sequence: number, time: number): Event => ({
  ...{ sequence, time, kind: 'state', text: 'stopped' },
  attributes: [],
});
/** Those that the monitor has. */
let kept: Event[] = [];
const handlers: Handlers<typeof umlmonctrl> = {
  ...stubHandlers,
  info: () => ({ kind: 'ok', info: { ...info, paused: null, eventsNext: kept.length + 1 } }),
  events: async ({ since, waitMs }, { signal }) => {
    const events = kept.slice(since - 1);
    if (events.length === 0) await new Promise<void>((resolve) => until(signal, waitMs, resolve));
    return { kind: 'ok', list: { events, next: kept.length + 1 } };
  },
};

function until(signal: AbortSignal, ms: number, done: () => void): void {
  const timer = setTimeout(done, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    done();
  });
}

let directory: string;
let server: RpcServer<typeof umlmonctrl>;
let watch: VmWatch | undefined;
const clients: MonitorClient[] = [];
const seen: WireEvent[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
  server = new RpcServer(umlmonctrl, handlers, (error) => console.error(error));
  await server.listen({ path: join(directory, 'ctrl'), mode: 0o600 });
  seen.length = 0;
});
afterEach(async () => {
  watch?.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

function look(): void {
  const connect = async () => {
    const client = await MonitorClient.connect(join(directory, 'ctrl'), 'vm1');
    clients.push(client);
    return client;
  };
  const listener = { vm: () => undefined, events: (events: readonly WireEvent[]) => seen.push(...events) };
  watch = new VmWatch('vm1', connect, listener, 1000);
}

test('an event arrives once, even if the connection is lost and restored', async () => {
  kept = [eventOf(1, 1000), eventOf(2, 2000)];
  look();
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(2);
  clients.at(-1)?.close();
  kept = [...kept, eventOf(3, 3000)];
  await expect.poll(() => seen.at(-1)?.sequence, { timeout: 20_000 }).toBe(3);
  expect(seen.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test('an event with a future time counts as one of now: it stays no longer than others, and its time is valid', async () => {
  kept = [eventOf(1, Number.MAX_SAFE_INTEGER), eventOf(2, 2000)];
  look();
  await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(2);
  const [first, second] = seen;
  expect(first?.time).toBeLessThanOrEqual(Date.now());
  expect(second?.time).toBe(2000);
});
