/** The network of the host at one moment, as ip(8) reports it; decides nothing. */
import { closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../system/errors/errors.ts';
import { type Announcement, isSameAnnouncement } from '../plan/announcement.ts';
import { readSetting } from '../plan/kernel-settings.ts';
import { type Entry, entryOf, listOf, textOf } from './ip-answers.ts';
import { askIp } from './run-ip.ts';

/** linux/if_tun.h. */
const IFF_TAP = 2;

export interface HostLink {
  readonly name: string;
  /** '' for none. */
  readonly alias: string;
  /** `bridge`, `tun`, `veth`, …; '' for hardware. */
  readonly kind: string;
  /** Without prefix lengths, in the form of the host kernel. */
  readonly addresses: readonly string[];
  /** Of a tap: the uid of the user who may open it; -1 for any process with CAP_NET_ADMIN. */
  readonly tapOwner?: number;
  /** Of a bridge. */
  readonly bridge?: { readonly filtersVlans: boolean; readonly defaultVlan: number };
}

export interface TunFacts {
  /** Whether /dev/net/tun exists, and whether all users may open it. */
  readonly tun: boolean;
  readonly tunForAll: boolean;
  /** Why this process cannot open it: ENODEV, EPERM, …; '' if it can, or if it does not exist. */
  readonly tunFault: string;
}

export interface HostNetwork extends TunFacts {
  readonly links: readonly HostLink[];
  /** Whether the host kernel has IPv6 at all. */
  readonly ipv6: boolean;
  /** Interfaces between which it forwards IPv6; empty unless it forwards IPv6 in general. */
  readonly forwards6: readonly string[];
}

/** Takes about 2 ms. Errors: NETWORK_COMMAND. */
export async function lookAtHostNetwork(ip: string): Promise<HostNetwork> {
  const links = listOf(await askIp(ip, ['-details', 'address', 'show'])).flatMap(linkOf);
  const forwards6 = links
    .map(({ name }) => name)
    .filter((name) => readSetting(`net/ipv6/conf/${name}/forwarding`) === '1');
  return {
    links,
    ipv6: hasIpv6(),
    forwards6: readSetting('net/ipv6/conf/all/forwarding') === '1' ? forwards6 : [],
    ...inspectTun(),
  };
}

export function inspectTun(): TunFacts {
  return {
    tun: existsSync('/dev/net/tun'),
    tunForAll: ((statSync('/dev/net/tun', { throwIfNoEntry: false })?.mode ?? 0) & 0o006) === 0o006,
    tunFault: tryTun(),
  };
}

/**
 * Opens /dev/net/tun and closes it. That makes no interface, and loads the module of the host, if it has one.
 *
 * @returns the error code of open(2); '' if it can be opened, or if there is no such file
 */
export function tryTun(): string {
  try {
    closeSync(openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK));
    return '';
  } catch (error) {
    const { code = 'EIO' } = isSystemError(error) ? error : {};
    return code === 'ENOENT' ? '' : code;
  }
}

/** Whether the host kernel has IPv6 at all. */
export function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6');
}

/** Names and aliases only. */
export async function listLinks(ip: string): Promise<Pick<HostLink, 'name' | 'alias'>[]> {
  return listOf(await askIp(ip, ['link', 'show'])).flatMap(linkOf);
}

/** Those of a list that the host announces now. */
export async function amongAnnouncements(ip: string, list: readonly Announcement[]): Promise<Announcement[]> {
  if (list.length === 0) return [];
  const there = listOf(await askIp(ip, ['neighbour', 'show', 'proxy'])).map((entry) => ({
    address: textOf(entry, 'dst'),
    on: textOf(entry, 'dev'),
  }));
  return list.filter((one) => there.some((other) => isSameAnnouncement(one, other)));
}

function linkOf(entry: Entry): HostLink[] {
  // Of an interface with its other end elsewhere, ip shows `name@…` in its text only, not in JSON.
  const name = textOf(entry, 'ifname');
  const info = entryOf(entry.linkinfo);
  const kind = textOf(info, 'info_kind');
  const data = entryOf(info.info_data);
  return name === ''
    ? []
    : [
        {
          name,
          alias: textOf(entry, 'ifalias'),
          kind,
          addresses: listOf(entry.addr_info).map((address) => textOf(address, 'local')),
          ...(kind === 'tun' ? tapOwnerOf(name) : {}),
          ...(kind === 'bridge'
            ? {
                bridge: {
                  filtersVlans: data.vlan_filtering === 1,
                  defaultVlan: Number(data.vlan_default_pvid ?? 0),
                },
              }
            : {}),
        },
      ];
}

/** Empty for a tun interface, which has no Ethernet, and where the files cannot be read. */
function tapOwnerOf(name: string): { tapOwner?: number } {
  const read = (file: string) => Number(readFileSync(join('/sys/class/net', name, file), 'latin1'));
  try {
    return read('tun_flags') & IFF_TAP ? { tapOwner: read('owner') } : {};
  } catch {
    return {};
  }
}
