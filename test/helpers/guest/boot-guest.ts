import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { World } from '../programs/world.ts';
import { GuestShell, waitForEvent } from './guest.ts';

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
