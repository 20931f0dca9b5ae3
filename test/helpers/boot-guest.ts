import type { MonitorClient } from '../../src/rpc/monitor-client.ts';
import { GuestShell, waitForEvent } from './guest.ts';
import type { World } from './world.ts';

export interface BootedGuest {
  readonly client: MonitorClient;
  readonly shell: GuestShell;
  readonly kernelPid: number;
}

/** Starts a monitor and its VM; resolves when the demo guest has said that it is up. */
export async function bootGuest(world: World, vm: string): Promise<BootedGuest> {
  await world.startMonitor(vm);
  const client = await world.client(vm);
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  const { kernelPid } = await client.call('info', undefined);
  return { client, shell: await GuestShell.open(client), kernelPid };
}
