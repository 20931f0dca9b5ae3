import { describe, expect, test } from 'vitest';
import { nobody, peerAt, peerOf, peerOfUser } from '../../../src/rpc/server/peer.ts';

const behalf = { user: 'anna', address: '2001:db8::7', role: 'view', via: 'umlweb' };

describe('a call counts for', () => {
  test('the person behind a proxy of this host, who is known by network, and never an owner', () => {
    const anna = peerOf({ ...nobody, behalf });
    expect(anna).toEqual({ key: 'anna@2001:db8:0:0::/64 via umlweb', isOwner: false });
    expect(peerOf({ ...nobody, behalf: { ...behalf, address: '2001:db8::8' } })).toEqual(anna);
    expect(peerOf({ ...nobody, behalf: { ...behalf, user: 'bert' } })).not.toEqual(anna);
    // A name cannot be that of a user or of an address.
    expect(peerOf({ ...nobody, behalf: { ...behalf, user: 'uid:0', address: '' } }).isOwner).toBe(false);
  });

  test('the address of whoever calls for others from afar, whatever their names', () => {
    const remote = { address: '192.0.2.1' };
    for (const user of ['anna', 'bert'])
      expect(peerOf({ ...nobody, remote, behalf: { ...behalf, user } })).toEqual(peerAt('192.0.2.1'));
  });

  test('the user whom the kernel vouches for', () => {
    expect(peerOf({ uid: 1000 })).toEqual(peerOfUser(1000));
    expect(peerOf({ uid: 0 }).isOwner).toBe(true);
  });
});
