/** Values of network arguments: names of interfaces, addresses. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { type IpAddress, shortAddress } from '../../system/ip-address.ts';
import { quoted } from '../problem.ts';
import { type ParsedValue, refuse } from '../values/values.ts';

/** IFNAMSIZ of linux/if.h, without the final NUL. */
const maxInterfaceName = 15;

/** The name of an interface of the host. Directories of /proc/sys/net/ipv4/conf (all, default) are reserved. */
export function parseInterface(text: string): ParsedValue<string> {
  // The kernel allows more (dev_valid_name in net/core/dev.c), but nftables rules do not.
  if (!/^[\p{L}\p{M}\p{N}_.~+@!][\p{L}\p{M}\p{N}_.~+@!-]*$/u.test(text) || text === '.' || text === '..')
    return refuse(
      `${quoted(text)} is not a valid interface name`,
      'use letters, digits, and any of -_.~+@!; do not start with -',
    );
  if (Buffer.byteLength(text) > maxInterfaceName)
    return refuse(`the interface name ${quoted(text)} is too long`, `at most ${maxInterfaceName} bytes`);
  if (text === 'all' || text === 'default' || text === 'lo')
    return refuse(`${text} is reserved on the host`, 'choose another name');
  return { value: text };
}

/** Addresses that no single host can have, or only on its own link. One list per family, because BlockList matches IPv4 in IPv6. */
const special = {
  4: listOf('ipv4', ['0.0.0.0', 8], ['127.0.0.0', 8], ['224.0.0.0', 3]),
  6: listOf('ipv6', ['::', 127], ['::ffff:0:0', 96], ['fe80::', 10], ['ff00::', 8]),
};

function listOf(type: 'ipv4' | 'ipv6', ...networks: readonly [string, number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, type);
  return list;
}

/** An address of one host, IPv4 or IPv6, without a prefix length. */
export function parseIpAddress(text: string): ParsedValue<IpAddress> {
  const bare = text.replace(/\/\d+$/, '');
  if (bare !== text && (isIPv4(bare) || isIPv6(bare)))
    return refuse(`${quoted(text)} has a prefix length`, `use ${bare}, the address of one host`);
  const family = isIPv4(text) ? 4 : isIPv6(text) && !text.includes('%') ? 6 : undefined;
  if (!family) return refuse(`${quoted(text)} is not an IP address`, 'as in 192.168.2.1, or fd00::2:1');
  if (special[family].check(text, family === 4 ? 'ipv4' : 'ipv6'))
    return refuse(`${text} is not the address of a single host`, 'use one of a private or routed network');
  return { value: { text: shortAddress(text), family } };
}
