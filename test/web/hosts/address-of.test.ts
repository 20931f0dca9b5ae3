/** Whose call it is: of the peer, or of whom a proxy on this host names. */
import { expect, test } from 'vitest';
import { addressOf } from '../../../src/web/login/login.ts';

const call = (remoteAddress: string | undefined, forwarded?: string) => ({
  socket: { remoteAddress },
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
});

test.each([
  ['127.0.0.1', '192.0.2.7', '192.0.2.7'],
  ['::1', '192.0.2.7', '192.0.2.7'],
  ['::ffff:127.0.0.1', '192.0.2.7', '192.0.2.7'],
  ['127.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
  ['127.0.0.1', '::FFFF:C000:207', '192.0.2.7'],
  ['127.0.0.1', '2001:DB8:0:0::7', '2001:db8::7'],
  ['127.0.0.1', '192.0.2.7:51000', '192.0.2.7'],
  ['127.0.0.1', '[2001:db8::7]:51000', '2001:db8::7'],
  ['127.0.0.1', '[2001:db8::7]', '2001:db8::7'],
  ['127.0.0.1', 'made up by the client, 192.0.2.7', '192.0.2.7'],
  // What is no address would be another guesser each time.
  ['127.0.0.1', 'unknown', '127.0.0.1'],
  ['127.0.0.1', '192.0.2.7.elsewhere', '127.0.0.1'],
  ['127.0.0.1', '', '127.0.0.1'],
  ['127.0.0.1', undefined, '127.0.0.1'],
  // No proxy of this host.
  ['192.0.2.1', '192.0.2.7', '192.0.2.1'],
  ['::2', '192.0.2.7', '::2'],
  ['::ffff:192.0.2.1', '192.0.2.7', '192.0.2.1'],
  [undefined, '192.0.2.7', 'unknown'],
])('from %s with X-Forwarded-For %j: %s', (peer, forwarded, address) => {
  expect(addressOf(call(peer, forwarded), true)).toBe(address);
});

test('without web_url there is no proxy', () => {
  expect(addressOf(call('127.0.0.1', '192.0.2.7'), false)).toBe('127.0.0.1');
});
