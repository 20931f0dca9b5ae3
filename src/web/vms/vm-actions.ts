/** Pure. */
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { stopAndStart, stoppedAndStartedText } from '../../rpc/stop-and-start.ts';

/** Sends a user's request to a monitor; returns a line for users. The monitor checks whether it is allowed. */
type VmAction = (client: MonitorClient) => Promise<string>;

/** What a page can do to a VM: POST api/vms/VM/NAME. */
export const vmActions: Readonly<Record<string, VmAction>> = {
  start: async (client) => (await client.call('start', undefined)).summary,
  stop: async (client) => (await client.call('stop', { timeoutMs: 0 })).summary,
  restart: async (client) => stoppedAndStartedText(await stopAndStart(client, 0)),
  kill: async (client) => (await client.call('kill', undefined)).summary,
  pause: async (client) => {
    await client.call('pause', undefined);
    return 'paused';
  },
  resume: async (client) => {
    await client.call('resume', undefined);
    return 'resumed';
  },
  'ctrl-alt-del': async (client) => {
    await client.call('ctrlAltDel', undefined);
    return 'Ctrl-Alt-Del sent';
  },
  backup: async (client) => (await client.call('backup', { name: '' })).summary,
};
