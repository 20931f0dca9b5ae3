import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNetwork } from '../../../src/config/networks/network.ts';
import {
  natMistakes,
  parseForwards,
  parseNetworkName,
  parseSubnet,
  type Subnet,
} from '../../../src/config/networks/shared.ts';

describe('a subnet', () => {
  test.each([
    ['10.8.0.0/24', { family: 4, gateway: '10.8.0.1', length: 24 }],
    ['192.168.4.128/29', { family: 4, gateway: '192.168.4.129', length: 29 }],
    ['fd08::/64', { family: 6, gateway: 'fd08::1', length: 64 }],
    ['fd08:0:0:1::/64', { family: 6, gateway: 'fd08:0:0:1::1', length: 64 }],
  ])('%s has a gateway', (text, value) => {
    expect(parseSubnet(text)).toEqual({ value: { ...value, prefix: text } });
  });

  test.each([
    ['FD08:0:0:1::/64', 'fd08:0:0:1::/64'],
    ['fd08:0::0/064', 'fd08::/64'],
    ['10.8.0.0/024', '10.8.0.0/24'],
  ])('%s is %s in another form', (text, same) => expect(parseSubnet(text)).toEqual(parseSubnet(same)));

  test.each([
    '',
    '10.8.0.0',
    '10.8.0.1/24',
    '10.0.0.0/8',
    '10.8.0.0/30',
    'fd08::1/64',
    'fd08::/32',
    '1.2.3/24',
    '::/64/64',
    // Not for hosts: their own, of a link, of groups.
    '127.8.0.0/16',
    '224.8.0.0/16',
    'fe80::/64',
    'ff00::/64',
  ])('is not %s', (text) => expect(parseSubnet(text)).toHaveProperty('cause'));

  test('is read or refused, whatever the text', () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(200))
        .map(([address, length]) => `${address}/${length}`),
    );
    fc.assert(
      fc.property(text, (any) => {
        const parsed = parseSubnet(any);
        // The gateway is in the subnet, as Node sees it.
        if ('value' in parsed)
          expect(
            natMistakes({ subnet: { ...parsed.value, gateway: '' }, guest_addr: parsed.value.gateway }),
          ).toEqual([]);
      }),
      { examples: [['10.0.0.0/24']] },
    );
  });
});

test('the address of a guest is the same in every form', () => {
  const guest = (text: string) => parseNetwork(`nat(name=six, subnet=fd08::/64, guest_addr=${text})`);
  expect(guest('FD08:0::2')).toEqual(guest('fd08::2'));
  expect(guest('FD08:0::1')).toMatchObject({ cause: expect.stringMatching('the address of the gateway') });
});

test('forwarded ports', () => {
  expect(parseForwards('8080:80  udp:53:5353 tcp:53:53')).toEqual({
    value: [
      { protocol: 'tcp', hostPort: 8080, guestPort: 80 },
      { protocol: 'udp', hostPort: 53, guestPort: 5353 },
      { protocol: 'tcp', hostPort: 53, guestPort: 53 },
    ],
  });
  for (const text of [
    '',
    '80',
    '0:80',
    '80:65536',
    'sctp:1:2',
    '80:1 80:2',
    '1:2;3:4',
    Array.from({ length: 65 }, (_, n) => `${n + 1}:1`).join(' '),
  ])
    expect(parseForwards(text)).toHaveProperty('cause');
});

test('names', () => {
  expect(parseNetworkName('lab-1')).toEqual({ value: 'lab-1' });
  for (const text of ['', '-x', 'a b', 'a/b', 'ä', 'x'.repeat(33)])
    expect(parseNetworkName(text)).toHaveProperty('cause');
});

test.each([
  ['10.8.0.2', []],
  ['10.8.0.1', ['guest_addr']],
  ['10.8.1.2', ['guest_addr']],
  ['fd08::2', ['guest_addr']],
  [undefined, ['forward']],
])('a guest at %s', (guest_addr, mistakes) => {
  const subnet: Subnet = { family: 4, gateway: '10.8.0.1', prefix: '10.8.0.0/24', length: 24 };
  const forward = [{ protocol: 'tcp', hostPort: 8080, guestPort: 80 }] as const;
  const values = { subnet, forward, ...(guest_addr === undefined ? {} : { guest_addr }) };
  expect(natMistakes(values).map(({ argument }) => argument)).toEqual(mistakes);
});
