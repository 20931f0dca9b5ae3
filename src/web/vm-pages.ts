import type { MonitorClient } from '../rpc/monitor-client.ts';
import type { ControlProcedure } from '../rpc/roles.ts';
import { refused } from './answer.ts';
import { compareConfig } from './config-diff.ts';
import { searchLog } from './log-search.ts';
import type { Monitors } from './monitors.ts';
import { planOf } from './plan-of.ts';

export interface Asked {
  readonly vm: string;
  readonly query: URLSearchParams;
  readonly monitors: Monitors;
}

interface VmPage {
  /** Who may call this may have the page. */
  readonly needs: ControlProcedure;
  readonly read: (asked: Asked) => Promise<unknown>;
}

const listMax = 512;
const dataMax = 65536;

/** A page that is one answer of the monitor. */
function answerOf(needs: ControlProcedure, call: (client: MonitorClient) => Promise<unknown>): VmPage {
  return { needs, read: ({ vm, monitors }) => monitors.with(vm, call) };
}

/** What a page can ask of a VM: GET api/vms/VM/NAME. */
export const vmPages: Readonly<Record<string, VmPage>> = {
  info: answerOf('info', (client) => client.call('info', undefined)),
  images: answerOf('diskList', (client) => client.call('diskList', { after: '', max: listMax })),
  jobs: answerOf('jobList', (client) => client.call('jobList', undefined)),
  backups: answerOf('backupList', (client) => client.call('backupList', undefined)),
  crashes: answerOf('crashList', (client) => client.call('crashList', undefined)),
  crash: {
    needs: 'crashRead',
    read: async ({ vm, query, monitors }) => {
      const [bundle, file] = [textOf(query, 'bundle'), textOf(query, 'file')];
      const request = { bundle, file, offset: numberOf(query, 'offset'), max: dataMax };
      const { data, size } = await monitors.with(vm, (client) => client.call('crashRead', request));
      return { size, text: Buffer.from(data).toString('utf8') };
    },
  },
  log: {
    needs: 'logRead',
    read: async ({ vm, query, monitors }) => {
      const request = {
        channel: textOf(query, 'channel'),
        offset: numberOf(query, 'offset'),
        max: dataMax,
        waitMs: 0,
      };
      const { data, ...rest } = await monitors.with(vm, (client) => client.call('logRead', request));
      return { ...rest, bytes: data.length, text: Buffer.from(data).toString('utf8') };
    },
  },
  find: {
    needs: 'logRead',
    read: ({ vm, query, monitors }) =>
      monitors.with(vm, (client) => searchLog(client, textOf(query, 'channel'), textOf(query, 'text'))),
  },
  config: { needs: 'info', read: compareConfig },
  // It names paths of the host, and is what the next start will do.
  plan: { needs: 'start', read: ({ vm, monitors }) => planOf(vm, monitors) },
};

/** A query parameter of a sane length. Errors: Refused 400. */
function textOf(query: URLSearchParams, name: string): string {
  const text = query.get(name) ?? '';
  if (text === '' || text.length > 200) throw refused(400, name, 'the query lacks it, or it is too long');
  return text;
}

function numberOf(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? 0);
  if (!Number.isSafeInteger(value) || value < 0) throw refused(400, name, 'not a number');
  return value;
}
