import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAnyAddress, isLoopback, readIp, shortAddress } from '../../src/system/ip-address.ts';
import { plainHost } from '../../src/system/plain-host.ts';

test.each([
  ['192.0.2.7', { text: '192.0.2.7', family: 4 }],
  ['::ffff:192.0.2.7', { text: '192.0.2.7', family: 4 }],
  ['::FFFF:C000:0207', { text: '192.0.2.7', family: 4 }],
  ['0:0:0:0:0:ffff:192.0.2.7', { text: '192.0.2.7', family: 4 }],
  ['::ffff:0:192.0.2.7', { text: '::ffff:0:c000:207', family: 6 }],
  ['2001:DB8:0:0:0:0:0:1', { text: '2001:db8::1', family: 6 }],
  ['fe80::1%eth0', { text: 'fe80::1%eth0', family: 6 }],
  ['[::1]', undefined],
  ['127.1', undefined],
  ['0127.0.0.1', undefined],
  ['2130706433', undefined],
  ['', undefined],
])('%s is read as %j', (text, address) => {
  expect(readIp(text)).toEqual(address);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:7f00:1', true],
  ['::2', false],
  ['0.0.0.0', false],
  ['128.0.0.1', false],
  ['127.example.org', false],
  ['localhost', false],
  ['', false],
])('%s is a loopback address: %s', (text, isOne) => {
  expect(isLoopback(text)).toBe(isOne);
});

test('all addresses of the host, however they are written', () => {
  for (const text of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::0', '::ffff:0.0.0.0'])
    expect(isAnyAddress(text), text).toBe(true);
  for (const text of ['', '::1', '0.0.0.1', '*']) expect(isAnyAddress(text), text).toBe(false);
});

test('equal addresses have equal texts, and reading them once more changes nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const read = readIp(text);
      if (!read) throw new Error(`${text} is not read`);
      expect(readIp(read.text)).toEqual(read);
      const list = new BlockList();
      list.addAddress(text, text.includes(':') ? 'ipv6' : 'ipv4');
      expect(list.check(read.text, read.family === 4 ? 'ipv4' : 'ipv6')).toBe(true);
    }),
  );
});

test('an IPv4 address within IPv6 stays one where only its text is shortened', () => {
  expect(shortAddress('::FFFF:10.0.0.1')).toBe('::ffff:a00:1');
  expect(shortAddress('name')).toBe('name');
});

test.each([
  ['HostB', 'hostb'],
  ['hostb.', 'hostb'],
  ['hostb..', 'hostb.'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:DB8::0:1', '2001:db8::1'],
])('the host %s is compared as %s', (text, plain) => {
  expect(plainHost(text)).toBe(plain);
});
