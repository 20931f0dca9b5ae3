import { isIP } from 'node:net';
import { quoted } from '../problem.ts';
import { defaultPorts } from '../service-ports.ts';
import { isZonedIPv6, readHostName } from '../values/host-name.ts';
import {
  accountParser,
  durationParser,
  integerParser,
  type ParsedValue,
  parseBoolean,
  refuse,
} from '../values/values.ts';
import { single } from './key.ts';

/** Address of an etcd member. */
export interface EtcdEndpoint {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
}

/** Members of one etcd cluster. */
const maxEndpoints = 16;

/** `host:port, https://host:port, [::1]:2379`; '' is the empty list. */
export function parseEndpoints(text: string): ParsedValue<readonly EtcdEndpoint[]> {
  if (text === '') return { value: [] };
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > maxEndpoints) return refuse(`${parts.length} addresses`, `at most ${maxEndpoints}`);
  const endpoints: EtcdEndpoint[] = [];
  for (const part of parts) {
    const [, scheme, rest = ''] = /^(?:(https?):\/\/)?(.*?)\/?$/.exec(part) ?? [];
    const { host, port } = parseHostAndPort(rest) ?? {};
    if (host === undefined || port === undefined)
      return refuse(
        `${quoted(part)} is not a valid address of an etcd member`,
        'as in etcd1:2379, or https://10.0.0.1:2379',
      );
    endpoints.push({ protocol: scheme === 'https' ? 'https:' : 'http:', host, port });
  }
  return { value: endpoints };
}

/** `HOST` or `HOST:PORT`, an IPv6 address in brackets; undefined if malformed. */
export function parseHostAndPort(text: string): { host: string; port: number | undefined } | undefined {
  const match = /^(?:\[([^[\]]+)\]|([^:/[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? readHostName(match?.[2] ?? '') ?? '';
  const isSane = match?.[1] === undefined ? host !== '' : isZonedIPv6(host);
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  return isSane && (port === undefined || (port >= 1 && port <= 65_535)) ? { host, port } : undefined;
}

function parseHostName(text: string): ParsedValue<string> {
  const value = text === '' ? '' : readHostName(text);
  if (value !== undefined) return { value };
  return refuse(`${quoted(text)} is not a valid host name`, 'use a name that its clients can resolve');
}

function parseHostAddress(text: string): ParsedValue<string> {
  const value = text === '' || isIP(text) > 0 ? text : readHostName(text);
  if (value !== undefined) return { value };
  return refuse(`${quoted(text)} is neither a host name nor an address`);
}

const parsePort = integerParser(0, 65_535);

/** The keys of [GLOBAL] for umldir(8). */
export const directoryKeys = {
  umldir_address: single({
    parse: parseHostAddress,
    default: '',
    defaultNote: 'all addresses of the host',
    layer: 'admin',
    effect: 'umldir',
    form: 'ADDRESS',
    help: 'The address on which the directory server and the redirector listen.',
    example: '192.168.7.1',
  }),
  umldir_port: single({
    parse: parsePort,
    default: '0',
    defaultNote: `the TCP port of *umldir* in */etc/services*, or else ${defaultPorts.umldir}`,
    layer: 'admin',
    effect: 'umldir',
    form: 'PORT',
    help: 'The TCP port of the directory server; umlwatch(1) also uses it for other hosts.',
    example: '8655',
  }),
  tcp_redir: single({
    parse: parseBoolean,
    default: 'false',
    layer: 'admin',
    effect: 'umldir',
    form: 'true | false',
    help: 'Whether umldir(8) runs its redirector: one port through which clients reach all monitors of the host that listen on TCP.',
    example: 'true',
  }),
  umlredir_port: single({
    parse: parsePort,
    default: '0',
    defaultNote: `the TCP port of *umlredir* in */etc/services*, or else ${defaultPorts.umlredir}`,
    layer: 'admin',
    effect: 'umldir',
    form: 'PORT',
    help: 'The TCP port of the redirector.',
    example: '8656',
  }),
  umldir_user: single({
    parse: accountParser('user'),
    default: '',
    defaultNote: 'none: the user who starts it',
    layer: 'admin',
    effect: 'umldir',
    form: 'USER',
    help: 'The user that umldir(8) switches to if root started it.',
    example: 'umldir',
  }),
  host_name: single({
    parse: parseHostName,
    default: '',
    defaultNote: 'the name of the host',
    layer: 'admin',
    effect: 'umldir',
    form: 'NAME',
    help: 'The name of this host in the directory server. Hosts that share a directory need different names.',
    example: 'host1.example.org',
  }),
  host_address: single({
    parse: parseHostAddress,
    default: '',
    defaultNote: '**host_name**',
    layer: 'admin',
    effect: 'umldir',
    form: 'ADDRESS',
    help: 'The address at which the other hosts of a shared directory reach this host.',
    example: '192.168.7.1',
  }),
  etcd: single({
    parse: parseEndpoints,
    default: '',
    defaultNote: 'none: the directory has the VMs of this host only',
    layer: 'admin',
    effect: 'umldir',
    form: 'HOST:PORT, ...',
    help: 'The members of an etcd cluster in which several hosts share one directory. With *https://* before an address, Node must trust its certificate (NODE_EXTRA_CA_CERTS).',
    example: 'etcd1:2379, etcd2:2379, etcd3:2379',
  }),
  etcd_lease: single({
    parse: durationParser({ min: '2s', max: '10m' }),
    default: '10s',
    layer: 'admin',
    effect: 'umldir',
    form: 'DURATION',
    help: 'When a host of a shared directory fails, its VMs disappear after this time.',
    example: '30s',
  }),
};
