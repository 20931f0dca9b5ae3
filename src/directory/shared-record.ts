/** The records of hosts in etcd, and the validation of records of other hosts. */
import { isIP } from 'node:net';
import { vmNameDamage } from '../config/names.ts';
import { isHostName } from '../config/values/host-name.ts';
import type { DirState, DirVm } from '../rpc/umldir.gen.ts';
import { plainHost } from '../system/plain-host.ts';

/** Prefix of all keys. An incompatible format gets another number. */
export const sharedPrefix = '/umlmon/directory/1/';

export interface HostRecord {
  readonly name: string;
  /** Name or address for other hosts. */
  readonly address: string;
  /** Port of its redirector; 0 = none. */
  readonly redirector: number;
  /** Distinguishes two hosts with the same name. */
  readonly identity: string;
}

/** A valid key in etcd. */
export type SharedKey = { readonly host: string; readonly vm?: string };

const states: readonly string[] = [
  'stopped',
  'starting',
  'running',
  'stopping',
  'unmanaged',
] satisfies DirState[];

export function hostKey(host: string): string {
  return `${sharedPrefix}host/${host}`;
}

export function vmKey(host: string, vm: string): string {
  return `${sharedPrefix}vm/${host}/${vm}`;
}

/** The host or VM of a key; undefined if malformed. */
export function readKey(key: string): SharedKey | undefined {
  if (!key.startsWith(sharedPrefix)) return undefined;
  const [kind, name = '', vm, ...more] = key.slice(sharedPrefix.length).split('/');
  if (!isHostName(name) || more.length > 0) return undefined;
  const host = plainHost(name);
  if (kind === 'host' && vm === undefined) return { host };
  return kind === 'vm' && vm !== undefined && !vmNameDamage(vm) ? { host, vm } : undefined;
}

export function readHost(name: string, value: string): HostRecord | undefined {
  const { address, redirector, identity } = parse(value);
  if (typeof address !== 'string' || !(isIP(address) > 0 || isHostName(address))) return undefined;
  if (!isPort(redirector) || typeof identity !== 'string' || identity.length > 64) return undefined;
  return { name, address, redirector, identity };
}

export function readSharedVm(name: string, value: string): DirVm | undefined {
  const { state, stateSince, ready, address, port } = parse(value);
  if (typeof state !== 'string' || !states.includes(state)) return undefined;
  if (typeof stateSince !== 'number' || !Number.isSafeInteger(stateSince) || stateSince < 0) return undefined;
  if (typeof address !== 'string' || !(address === '' || isIP(address) > 0)) return undefined;
  if (typeof ready !== 'boolean' || !isPort(port)) return undefined;
  return { name, state: state as DirState, stateSince, ready, address, port };
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function parse(value: string): { readonly [field: string]: unknown } {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    // Malformed: not JSON.
    return {};
  }
}
