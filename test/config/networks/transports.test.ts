import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  networkTransports,
  type TransportSpec,
  transportNeeds,
} from '../../../src/config/networks/transports.ts';
import { macNumber, macText, parseMac, parseMacRange } from '../../../src/config/values/mac.ts';
import type { Parser } from '../../../src/config/values/values.ts';

type Table = Record<
  string,
  {
    example: string;
    arguments: Record<string, { parse: Parser<unknown>; required: boolean }>;
    check(values: object): readonly { argument: string; cause: string; hint: string }[];
  }
>;
const table = networkTransports as unknown as Table;

/** `kind(name=value, …)` → spec and the names of the options that are refused, in order. */
function read(text: string): { spec: TransportSpec; mistakes: string[] } {
  const [, kind = '', inside = ''] = /^(\w+)\((.*)\)$/.exec(text) ?? [];
  const transport = table[kind];
  if (!transport) throw new Error(`no transport ${kind}`);
  const values: Record<string, unknown> = {};
  const mistakes: string[] = [];
  for (const part of inside.split(',')) {
    const [name = '', value = ''] = part.trim().split('=');
    const parsed = transport.arguments[name]?.parse(value);
    if (!parsed) mistakes.push(`no ${name}`);
    else if ('value' in parsed) values[name] = parsed.value;
    else mistakes.push(name);
  }
  for (const [name, { required }] of Object.entries(transport.arguments))
    if (required && !Object.hasOwn(values, name) && !mistakes.includes(name))
      mistakes.push(`${name} is missing`);
  if (mistakes.length === 0) mistakes.push(...transport.check(values).map(({ argument }) => argument));
  return { spec: { kind, ...values } as TransportSpec, mistakes };
}

test.each(Object.entries(table))('the example of %s is right', (name, { example }) => {
  expect(example).toMatch(new RegExp(`^${name}\\(`));
  expect(read(example).mistakes).toEqual([]);
});

test.each([
  ['tap(ifname=tap-with-a-long-name)', ['ifname']],
  [
    'tap(ifname=a/b, depth=0, mtu=100, gro=2, mac=03:00:00:00:00:01)',
    ['ifname', 'depth', 'mtu', 'gro', 'mac'],
  ],
  ['tap(depth=1)', ['ifname is missing']],
  ['raw(ifname=veth1, src_port=1)', ['no src_port']],
  ['gre(src=host, dst=192.168.1.1)', ['src']],
  ['gre(src=192.168.1.2, dst=192.168.1.1, rx_key=1)', ['tx_key']],
  ['gre(src=192.168.1.2, dst=192.168.1.1, tx_key=1)', ['rx_key']],
  ['gre(src=192.168.1.2, dst=192.168.1.1, rx_key=0x100000000, tx_key=-1)', ['rx_key', 'tx_key']],
  ['gre(src=192.168.1.2, dst=192.168.1.1, pin_sequence=on)', ['pin_sequence']],
  ['gre(src=192.168.1.2, dst=fd00::1, v6=1)', ['dst', 'v6']],
  ['gre(src=fd00::2, dst=fd00::1, v6=0)', ['v6']],
  ['gre(src=192.168.1.2, dst=192.168.1.2)', ['dst']],
  ['l2tpv3(src=192.168.1.2, dst=192.168.1.1)', ['rx_session is missing', 'tx_session is missing']],
  ['l2tpv3(src=192.168.1.2, dst=192.168.1.1, rx_session=0, tx_session=1)', ['rx_session']],
  ['l2tpv3(udp=1, src=127.0.0.1, dst=127.0.0.1, rx_session=1, tx_session=1)', ['srcport', 'dstport']],
  [
    'l2tpv3(udp=1, src=127.0.0.1, dst=127.0.0.1, srcport=2007, dstport=2007, rx_session=1, tx_session=1)',
    ['dstport'],
  ],
  [
    'l2tpv3(src=192.168.1.2, dst=192.168.1.1, rx_session=1, tx_session=1, srcport=2007, rx_cookie=1)',
    ['srcport', 'tx_cookie'],
  ],
  [
    'l2tpv3(src=192.168.1.2, dst=192.168.1.1, rx_session=1, tx_session=1, rx_cookie=0x100000000, tx_cookie=1)',
    ['rx_cookie'],
  ],
  ['l2tpv3(src=192.168.1.2, dst=192.168.1.1, rx_session=1, tx_session=1, cookie64=1)', ['cookie64']],
  ['l2tpv3(src=192.168.1.2, dst=192.168.1.1, rx_session=1, tx_session=1, pin_counter=1)', ['pin_counter']],
  [
    'l2tpv3(udp=1, src=127.0.0.1, dst=127.0.0.1, srcport=500, dstport=500, rx_session=1, tx_session=1)',
    ['srcport'],
  ],
  ['bess(dst=relative)', ['dst']],
  ['bess(dst=/etc/passwd)', ['dst']],
  ['bess(dst=/run/uml/s, src=/run/uml/s)', ['src']],
  ['fd(fd=-2)', ['fd']],
])('%s is refused', (text, mistakes) => {
  expect(read(text).mistakes).toEqual(mistakes);
});

test('cookies of 64 bits keep all their bits', () => {
  const { spec, mistakes } = read(
    'l2tpv3(src=fd00::2, dst=fd00::1, rx_session=0xffffffff, tx_session=4294967295, cookie64=on, rx_cookie=0xFFFFFFFFFFFFFFFF, tx_cookie=18446744073709551615)',
  );
  expect(mistakes).toEqual([]);
  expect(spec).toMatchObject({
    rx_session: 0xffffffff,
    rx_cookie: '0xffffffffffffffff',
    tx_cookie: '0xffffffffffffffff',
  });
});

test.each([
  [
    'tap(ifname=t0)',
    { network: 'host', capabilities: [], socketFamilies: [], devices: ['/dev/net/tun'], tap: 't0' },
  ],
  [
    'raw(ifname=v0)',
    { network: 'own', capabilities: ['CAP_NET_RAW'], socketFamilies: ['AF_PACKET'], devices: [] },
  ],
  [
    'hybrid(ifname=t0)',
    {
      network: 'own',
      capabilities: ['CAP_NET_RAW'],
      socketFamilies: ['AF_PACKET'],
      devices: ['/dev/net/tun'],
    },
  ],
  [
    'gre(src=fd00::2, dst=fd00::1)',
    { network: 'own', capabilities: ['CAP_NET_RAW'], socketFamilies: ['AF_INET6'] },
  ],
  [
    'l2tpv3(udp=1, src=127.0.0.1, dst=127.0.0.1, srcport=2001, dstport=2, rx_session=1, tx_session=1)',
    { network: 'host', capabilities: [], socketFamilies: ['AF_INET'] },
  ],
  ['l2tpv3(src=127.0.0.1, dst=127.0.0.2, rx_session=1, tx_session=1)', { capabilities: ['CAP_NET_RAW'] }],
  ['bess(dst=/run/uml/s)', { network: 'none', capabilities: [], socketFamilies: ['AF_UNIX'], devices: [] }],
  ['fd(fd=lab)', { network: 'none', capabilities: [], socketFamilies: [], devices: [], descriptor: 'lab' }],
])('%s needs no more than it must', (text, needs) => {
  expect(transportNeeds(read(text).spec)).toMatchObject(needs);
});

test('any text for any option is either read or refused with a cause', () => {
  const options = Object.values(table).flatMap((transport) => Object.values(transport.arguments));
  fc.assert(
    fc.property(
      fc.constantFrom(...options),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      ({ parse }, text) => {
        const parsed = parse(text);
        expect('value' in parsed || parsed.cause.length > 0).toBe(true);
        // An accepted value is safe in an argument of the kernel.
        if ('value' in parsed && typeof parsed.value === 'string')
          expect(parsed.value).not.toMatch(/[\s,="\0]/);
      },
    ),
    { numRuns: 2000 },
  );
});

describe('hardware addresses', () => {
  test('are read and written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (address) => {
        expect(macNumber(macText(address))).toBe(address);
      }),
    );
    expect(parseMac('02:00:5E:00:00:01')).toEqual({ value: '02:00:5e:00:00:01' });
  });

  test.each([
    '',
    '02:00:00:00:00',
    '02-00-00-00-00-01',
    '01:00:00:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    '00:00:00:00:00:00',
  ])('are not %s', (text) => expect(parseMac(text)).toHaveProperty('cause'));

  test.each([
    ['02:00:00:00:00:00-02:00:00:ff:ff:ff', { first: 0x020000000000, last: 0x020000ffffff }],
    ['fe:00:00:00:00:01 - FE:00:00:00:00:01', { first: 0xfe0000000001, last: 0xfe0000000001 }],
  ])('are in the range %s', (text, value) => expect(parseMacRange(text)).toEqual({ value }));

  test.each([
    ['02:00:00:00:00:00', 'is not a range'],
    ['02:00:00:00:00:09-02:00:00:00:00:01', 'ends before it starts'],
    ['03:00:00:00:00:00-03:00:00:00:00:01', 'is a group address'],
    ['00:16:3e:00:00:00-00:16:3e:00:00:01', 'belongs to a manufacturer'],
    ['02:00:00:00:00:00-06:00:00:00:00:00', 'different first bytes'],
  ])('have no range %s', (text, cause) =>
    expect(parseMacRange(text)).toMatchObject({ cause: expect.stringContaining(cause) }),
  );
});
