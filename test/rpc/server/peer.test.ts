import { describe, expect, test } from 'vitest';
import { nobody, peerAt, peerOf, peerOfUser } from '../../../src/rpc/server/peer.ts';

const behalf = { user: 'anna', address: '2001:db8::7', role: 'view', via: 'umlweb' };

describe('a call counts for', () => {
  test('the user behind a proxy of this host, by name and network, never as an owner', () => {
    const anna = peerOf({ ...nobody, behalf });
    expect(anna).toEqual({ key: 'anna@2001:db8:0:0::/64 via umlweb', isOwner: false });
    expect(peerOf({ ...nobody, behalf: { ...behalf, address: '2001:db8::8' } })).toEqual(anna);
    expect(peerOf({ ...nobody, behalf: { ...behalf, user: 'bert' } })).not.toEqual(anna);
    // A name cannot be that of a user or of an address.
    expect(peerOf({ ...nobody, behalf: { ...behalf, user: 'uid:0', address: '' } }).isOwner).toBe(false);
  });

  test('the address of a remote proxy, whatever user names it sends', () => {
    const remote = { address: '192.0.2.1' };
    for (const user of ['anna', 'bert'])
      expect(peerOf({ ...nobody, remote, behalf: { ...behalf, user } })).toEqual(peerAt('192.0.2.1'));
  });

  test('the user that the kernel reports for the socket', () => {
    expect(peerOf({ uid: 1000 })).toEqual(peerOfUser(1000));
    expect(peerOf({ uid: 0 }).isOwner).toBe(true);
  });
});
