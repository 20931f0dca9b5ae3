import type { MonitorClient } from '../rpc/monitor-client.ts';
import type { ControlProcedure } from '../rpc/roles.ts';

interface VmAction {
  readonly needs: ControlProcedure;
  /** @returns a line for people */
  readonly do: (client: MonitorClient) => Promise<string>;
}

/** What a page can do to a VM: POST api/vms/VM/NAME. */
export const vmActions: Readonly<Record<string, VmAction>> = {
  start: { needs: 'start', do: async (client) => (await client.call('start', undefined)).summary },
  stop: { needs: 'stop', do: async (client) => (await client.call('stop', { timeoutMs: 0 })).summary },
  kill: { needs: 'kill', do: async (client) => (await client.call('kill', undefined)).summary },
  pause: {
    needs: 'pause',
    do: async (client) => {
      await client.call('pause', undefined);
      return 'paused';
    },
  },
  resume: {
    needs: 'resume',
    do: async (client) => {
      await client.call('resume', undefined);
      return 'resumed';
    },
  },
  'ctrl-alt-del': {
    needs: 'ctrlAltDel',
    do: async (client) => {
      await client.call('ctrlAltDel', undefined);
      return 'Ctrl-Alt-Del was sent';
    },
  },
  backup: { needs: 'backup', do: async (client) => (await client.call('backup', { name: '' })).summary },
};
