import type { SharePeer } from '../../system/sharing/shares.ts';
import { networkOf } from '../address.ts';
import type { Caller } from '../codec/program.ts';

/** (uid_t) -1: no user. */
const noId = 0xffff_ffff;
const root = 0;

/** The credentials of a peer that the kernel cannot identify, and of a client behind a proxy. */
export const nobody: Pick<Caller, 'uid' | 'gid' | 'pid' | 'groups'> = {
  uid: noId,
  gid: noId,
  pid: 0,
  groups: [],
};

/** The peer of an address, for shares: the address itself, or for IPv6 its /64 network. */
export function peerAt(address: string): SharePeer {
  return { key: `address:${networkOf(address)}`, isOwner: false };
}

/** The peer of a user of this host, as identified by the kernel. Root and the user of the daemon own the tables. */
export function peerOfUser(uid: number, own = process.geteuid?.() ?? root): SharePeer {
  return { key: `uid:${uid}`, isOwner: uid === root || uid === own };
}

/** The identity of a caller. */
export interface Known extends Pick<Caller, 'uid' | 'address' | 'behalf'> {
  readonly remote?: { readonly address: string } | undefined;
}

/**
 * Decides whose share a call uses; no other code does. A client of a proxy on this host has its own share: the
 * configuration determines the proxies. A remote client with a password may act for any name, so the share of its address
 * counts. The redirector uses a separate address for each client.
 */
export function peerOf({ uid, address, remote, behalf }: Known): SharePeer {
  const from = remote?.address ?? address;
  if (from !== undefined) return peerAt(from);
  if (!behalf) return peerOfUser(uid);
  return {
    key: `${behalf.user}@${networkOf(behalf.address)} via ${behalf.via}`,
    isOwner: false,
  };
}
