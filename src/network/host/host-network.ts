/** What the network of the host is like at one moment, as ip(8) tells it; decides nothing. */
import { closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../../system/errors/errors.ts';
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
  /** Of a tap: the number of the user who may open it; -1 for anybody with the right to administer networks. */
  readonly tapOwner?: number;
  /** Of a bridge. */
  readonly bridge?: { readonly filtersVlans: boolean; readonly defaultVlan: number };
}

export interface HostNetwork {
  readonly links: readonly HostLink[];
  /** Whether the host kernel has IPv6 at all. */
  readonly ipv6: boolean;
  /** Interfaces between which it forwards IPv6; none unless it does so in general. */
  readonly forwards6: readonly string[];
  /** Whether there is /dev/net/tun, and whether all may open it. */
  readonly tun: boolean;
  readonly tunForAll: boolean;
  /** Why this process cannot open it: ENODEV, EPERM, …; '' if it can, or if there is none. */
  readonly tunFault: string;
}

/** Takes about 2 ms. Errors: NETWORK_COMMAND. */
export function lookAtHostNetwork(ip: string): HostNetwork {
  const links = listOf(askIp(ip, ['-details', 'address', 'show'])).flatMap(linkOf);
  const forwards6 = links
    .map(({ name }) => name)
    .filter((name) => readSetting(`net/ipv6/conf/${name}/forwarding`) === '1');
  return {
    links,
    ipv6: hasIpv6(),
    forwards6: readSetting('net/ipv6/conf/all/forwarding') === '1' ? forwards6 : [],
    tun: existsSync('/dev/net/tun'),
    tunForAll: ((statSync('/dev/net/tun', { throwIfNoEntry: false })?.mode ?? 0) & 0o006) === 0o006,
    tunFault: tryTun(),
  };
}

/**
 * Opens /dev/net/tun and closes it, which makes no interface; the host loads the module then, if it has it.
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
export function listLinks(ip: string): Pick<HostLink, 'name' | 'alias'>[] {
  return listOf(askIp(ip, ['link', 'show'])).flatMap(linkOf);
}

/** An address that an interface of the host announces for somebody else. */
export interface Announcement {
  readonly address: string;
  readonly on: string;
}

export function listAnnouncements(ip: string): Announcement[] {
  return listOf(askIp(ip, ['neighbour', 'show', 'proxy'])).flatMap((entry) => {
    const [address, on] = [textOf(entry, 'dst'), textOf(entry, 'dev')];
    return address && on ? [{ address, on }] : [];
  });
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

/** Nothing if it is a tun, which is no Ethernet, or is not to be seen. */
function tapOwnerOf(name: string): { tapOwner?: number } {
  const read = (file: string) => Number(readFileSync(join('/sys/class/net', name, file), 'latin1'));
  try {
    return read('tun_flags') & IFF_TAP ? { tapOwner: read('owner') } : {};
  } catch {
    return {};
  }
}
