/** Pure. */
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { compareConfig } from '../config-diff.ts';
import { refused } from '../http/answer.ts';
import { searchLog } from './log-search.ts';

/** Makes a page from the reply of a monitor to a user. The monitor checks which data the user may see. */
type VmPage = (client: MonitorClient, query: URLSearchParams) => Promise<unknown>;

const listMax = 512;
const dataMax = 65536;

/** What a page can ask of a VM: GET api/vms/VM/NAME. */
export const vmPages: Readonly<Record<string, VmPage>> = {
  info: (client) => client.call('info', undefined),
  images: (client) => client.call('diskList', { after: '', max: listMax }),
  jobs: (client) => client.call('jobList', undefined),
  backups: (client) => client.call('backupList', undefined),
  crashes: (client) => client.call('crashList', undefined),
  crash: async (client, query) => {
    const [bundle, file] = [textOf(query, 'bundle'), textOf(query, 'file')];
    const request = { bundle, file, offset: numberOf(query, 'offset'), max: dataMax };
    const { data, size } = await client.call('crashRead', request);
    return { size, text: Buffer.from(data).toString('utf8') };
  },
  log: async (client, query) => {
    const request = {
      channel: textOf(query, 'channel'),
      offset: numberOf(query, 'offset'),
      max: dataMax,
      waitMs: 0,
    };
    const { data, ...rest } = await client.call('logRead', request);
    return { ...rest, bytes: data.length, text: Buffer.from(data).toString('utf8') };
  },
  find: (client, query) => searchLog(client, textOf(query, 'channel'), textOf(query, 'text')),
  config: (client) => compareConfig(client),
  plan: async (client) => ({ text: await client.call('plan', undefined) }),
  security: (client) => client.call('security', undefined),
};

/** A query parameter of a sane length. Errors: Refused 400. */
function textOf(query: URLSearchParams, name: string): string {
  const text = query.get(name) ?? '';
  if (text === '' || text.length > 200) throw refused(400, name, 'the parameter is missing or too long');
  return text;
}

function numberOf(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? 0);
  if (!Number.isSafeInteger(value) || value < 0) throw refused(400, name, 'not a number');
  return value;
}
