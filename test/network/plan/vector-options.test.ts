import { expect, test } from 'vitest';
import type { TransportSpec } from '../../../src/config/networks/transports.ts';
import {
  interfaceArgument,
  legacyArgument,
  vectorArgument,
} from '../../../src/network/plan/vector-options.ts';

const mac = '02:00:00:00:00:01';
const v4 = (text: string) => ({ text, family: 4 as const });
const v6 = (text: string) => ({ text, family: 6 as const });

/** The examples of the HOWTO, with an address, and with offload on where the host has it on. */
test.each<[TransportSpec, string]>([
  [
    { kind: 'tap', ifname: 'tap0', depth: 128, gro: true },
    'transport=tap,ifname=tap0,mac=MAC,depth=128,gro=1',
  ],
  [{ kind: 'tap', ifname: 'tap0' }, 'transport=tap,ifname=tap0,mac=MAC,gro=1'],
  [{ kind: 'hybrid', ifname: 'tap0', vec: false }, 'transport=hybrid,ifname=tap0,mac=MAC,gro=1,vec=0'],
  [{ kind: 'raw', ifname: 'p-veth0', gro: false }, 'transport=raw,ifname=p-veth0,mac=MAC,gro=0'],
  [
    { kind: 'gre', src: v4('10.0.0.1'), dst: v4('10.0.0.2'), rx_key: 0xffffffff, tx_key: 5 },
    'transport=gre,src=10.0.0.1,dst=10.0.0.2,rx_key=-1,tx_key=5,mac=MAC',
  ],
  [
    { kind: 'gre', src: v6('fd00::1'), dst: v6('fd00::2') },
    'transport=gre,src=fd00::1,dst=fd00::2,v6=1,mac=MAC',
  ],
  [
    {
      kind: 'l2tpv3',
      udp: true,
      src: v4('127.0.0.1'),
      dst: v4('127.0.0.1'),
      srcport: 1706,
      dstport: 1707,
      depth: 128,
      rx_session: 0xffffffff,
      tx_session: 0xffff,
      rx_cookie: '0xffffffffffffffff',
      tx_cookie: '0x0',
      cookie64: true,
    },
    'transport=l2tpv3,src=127.0.0.1,dst=127.0.0.1,udp=1,srcport=1706,dstport=1707,rx_session=-1,tx_session=65535,rx_cookie=0xffffffffffffffff,tx_cookie=0x0,cookie64=1,mac=MAC,depth=128',
  ],
  [
    { kind: 'bess', dst: '/run/uml/switch', src: '/run/uml/me' },
    'transport=bess,dst=/run/uml/switch,src=/run/uml/me,mac=MAC',
  ],
  [{ kind: 'fd', fd: '10', vec: false, mtu: 9000 }, 'transport=fd,fd=10,mac=MAC,mtu=9000,vec=0'],
])('%j', (spec, text) => {
  expect(vectorArgument(3, spec, mac)).toBe(`vec3:${text.replace('MAC', mac)}`);
});

test('a value that the driver would split is refused', () => {
  for (const ifname of ['a,transport=raw', 'a b', 'a=b', ''])
    expect(() => vectorArgument(0, { kind: 'tap', ifname }, mac)).toThrow(
      expect.objectContaining({ code: 'KERNEL_ARGUMENT' }),
    );
  expect(() => legacyArgument(0, { kind: 'tuntap', ifname: 'a,b' })).toThrow(
    expect.objectContaining({ code: 'KERNEL_ARGUMENT' }),
  );
});

/** Chapters 6.5, 6.7, 6.6 and 6.9 of the first HOWTO. */
test.each([
  [{ kind: 'tuntap', ifname: 'tap0' }, 'eth0=tuntap,tap0'],
  [{ kind: 'tuntap', ifname: 'tap0', mac }, 'eth0=tuntap,tap0,02:00:00:00:00:01'],
  [{ kind: 'tuntap', host: '192.168.0.254' }, 'eth0=tuntap,,,192.168.0.254'],
  [{ kind: 'mcast' }, 'eth0=mcast'],
  [
    { kind: 'mcast', mac, address: '239.192.168.1', port: 1102, ttl: 1 },
    `eth0=mcast,${mac},239.192.168.1,1102,1`,
  ],
  [{ kind: 'mcast', ttl: 0 }, 'eth0=mcast,,,,0'],
  [{ kind: 'ucast', remote: '10.0.0.1', listenPort: 1, remotePort: 2 }, 'eth0=ucast,,10.0.0.1,1,2'],
  [{ kind: 'daemon' }, 'eth0=daemon'],
  [{ kind: 'daemon', socketType: 'unix', control: '/tmp/uml.ctl' }, 'eth0=daemon,,unix,/tmp/uml.ctl'],
] as const)('%j is %s', (legacy, text) => {
  expect(legacyArgument(0, legacy)).toBe(text);
});

test('the transports of the kernel decide on the form of the argument', () => {
  const tap: TransportSpec = { kind: 'tap', ifname: 'tap0' };
  const both = { transports: ['tap', 'raw'], legacyTransports: ['tuntap'] };
  expect(interfaceArgument(1, tap, mac, both).guestName).toBe('vec1');
  expect(interfaceArgument(1, tap, mac, { ...both, transports: [] })).toEqual({
    argument: `eth1=tuntap,tap0,${mac}`,
    guestName: 'eth1',
  });
  const fd: TransportSpec = { kind: 'fd', fd: '9' };
  expect(() => interfaceArgument(0, fd, mac, both)).toThrow(
    expect.objectContaining({ code: 'NETWORK_TRANSPORT', hint: 'it has tap, raw, tuntap' }),
  );
});
