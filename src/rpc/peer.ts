import { networkOf } from './address.ts';
import type { Caller } from './program.ts';

/** (uid_t) -1: no user. */
const noId = 0xffff_ffff;

/** What the kernel knows of a peer that it does not know, and of whoever is behind a proxy. */
export const nobody: Pick<Caller, 'uid' | 'gid' | 'pid' | 'groups'> = {
  uid: noId,
  gid: noId,
  pid: 0,
  groups: [],
};

/**
 * Whose a call is, for bounds that have a share for each peer: the person behind a proxy, the network of a remote client, or
 * a local user. Two peers of one key are one; a peer cannot choose a key but by being another.
 */
export function peerOf({ uid, remote, behalf }: Pick<Caller, 'uid' | 'remote' | 'behalf'>): string {
  if (behalf) return `${behalf.user}@${networkOf(behalf.address)} via ${behalf.via}`;
  return remote ? networkOf(remote.address) : `uid ${uid}`;
}
