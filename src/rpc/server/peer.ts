import type { Peer } from '../../system/sharing/shares.ts';
import { networkOf } from '../address.ts';
import type { Caller } from '../codec/program.ts';

/** (uid_t) -1: no user. */
const noId = 0xffff_ffff;
const root = 0;

/** What the kernel knows of a peer that it does not know, and of whoever is behind a proxy. */
export const nobody: Pick<Caller, 'uid' | 'gid' | 'pid' | 'groups'> = {
  uid: noId,
  gid: noId,
  pid: 0,
  groups: [],
};

/** Whose part of a table somebody at an address takes: the address is that of its host, or of IPv6 of its network. */
export function peerAt(address: string): Peer {
  return { key: `address:${networkOf(address)}`, isOwner: false };
}

/** The same of a user of this host, whom the kernel vouches for. Root and the user of this daemon own the tables. */
export function peerOfUser(uid: number, own = process.geteuid?.() ?? root): Peer {
  return { key: `uid:${uid}`, isOwner: uid === root || uid === own };
}

/** What is known of whoever calls. */
export interface Known extends Pick<Caller, 'uid' | 'address' | 'behalf'> {
  readonly remote?: { readonly address: string } | undefined;
}

/**
 * The one place that decides for whom a call counts. A person behind a proxy of this host counts for itself: who may be one,
 * the configuration says. Whoever knows a password may call for others from afar, with any names: these count for the address
 * that they come from. The redirector needs no words, since it comes from an address for each client.
 */
export function peerOf({ uid, address, remote, behalf }: Known): Peer {
  const from = remote?.address ?? address;
  if (from !== undefined) return peerAt(from);
  if (!behalf) return peerOfUser(uid);
  return {
    key: `${behalf.user}@${networkOf(behalf.address)} via ${behalf.via}`,
    isOwner: false,
  };
}
