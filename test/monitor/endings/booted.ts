/** A VM whose guest runs, and what happens to it, for tests of how kernels end. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Event, VmInfo } from '../../../src/rpc/umlmonctrl.gen.ts';
import { waitForEvent } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';

export let world: World;

beforeEach(() => {
  world = new World();
  world.addImage('vm1');
  sections = {};
});

afterEach(() => world.close());

export interface Booted {
  readonly client: MonitorClient;
  readonly info: VmInfo;
}

let sections: Record<string, string> = {};

export async function boot(keys: string, vm = 'vm1'): Promise<Booted> {
  sections[vm] = `ubd0 = /disks/root.dsk\n${keys}`;
  world.configure(sections);
  if (vm !== 'vm1') world.addImage(vm);
  await world.startMonitor(vm);
  const client = await world.client(vm);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  return { client, info: await client.call('info', undefined) };
}

export async function eventsSince(client: MonitorClient, since: number): Promise<readonly Event[]> {
  const found: Event[] = [];
  for (let next = since; ; ) {
    const list = await client.call('events', { since: next, max: 64, waitMs: 0 });
    if (list.events.length === 0) return found;
    found.push(...list.events);
    next = list.next;
  }
}

/** What happened, without the steps of starts and the comings and goings of viewers. */
export async function happened(client: MonitorClient, since: number): Promise<string[]> {
  return (await eventsSince(client, since))
    .filter(
      ({ kind }) => !/^(?:start-step|console-|operation-|state|guest-message|ready|crash-bundle)/.test(kind),
    )
    .map(({ kind }) => kind);
}

export function mconsole(info: VmInfo, command: string, timeout = 20_000): string {
  return spawnSync('nsenter', ['-t', `${info.kernelPid}`, '-n', 'uml_mconsole', info.mconsole, command], {
    encoding: 'utf8',
    timeout,
  }).stdout;
}
