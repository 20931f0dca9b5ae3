import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { networkKinds } from '../../../src/config/networks/kinds.ts';
import { formOf, parseNetwork } from '../../../src/config/networks/network.ts';
import { load } from '../file/loading.ts';

/** The text of a refusal. */
function refused(text: string): { cause: string; hint: string } {
  const parsed = parseNetwork(text);
  if ('value' in parsed) throw new Error(`${text} is taken as ${JSON.stringify(parsed.value)}`);
  return parsed;
}

describe('a network interface', () => {
  it('is written as in 2005', () => {
    expect(
      parseNetwork(
        'host_to_host(proxy_if=proxy1, proxy_addr=192.168.2.1, guest_addr=192.168.2.2, host_if=eth0)',
      ),
    ).toEqual({
      value: {
        kind: 'host_to_host',
        proxy_if: 'proxy1',
        proxy_addr: { text: '192.168.2.1', family: 4 },
        guest_addr: { text: '192.168.2.2', family: 4 },
        host_if: 'eth0',
      },
    });
    expect(parseNetwork('bridged(bridge_if=br0, proxy_if=proxy1)')).toEqual({
      value: { kind: 'bridged', bridge_if: 'br0', proxy_if: 'proxy1' },
    });
  });

  it('may have more blanks, other orders, and the new arguments', () => {
    expect(
      parseNetwork(
        'bridged ( isolated = yes,vlan=7 ,proxy_if= p-1.x , bridge_if=br0, mac=02:AB:00:00:00:01 )',
      ),
    ).toEqual({
      value: {
        kind: 'bridged',
        bridge_if: 'br0',
        proxy_if: 'p-1.x',
        isolated: true,
        vlan: 7,
        mac: '02:ab:00:00:00:01',
      },
    });
  });

  it('has IPv6 addresses in the form of the host kernel', () => {
    expect(
      parseNetwork('host_to_host(proxy_if=p, proxy_addr=FD00:0:0:0::1, guest_addr=fd00::0:2)'),
    ).toMatchObject({
      value: { proxy_addr: { text: 'fd00::1', family: 6 }, guest_addr: { text: 'fd00::2', family: 6 } },
    });
  });

  it.each([
    ['proxy_adr=10.0.0.1', /no argument "proxy_adr", at character 27/, /did you mean "proxy_addr"/],
    ['proxy_addr=10.0.0.256', /proxy_addr: "10.0.0.256" is not an IP address, at character 27/, /192\.168/],
    ['proxy_addr=10.0.0.0/24', /prefix length/, /use 10\.0\.0\.0/],
    ['proxy_addr=127.0.0.1', /not the address of a single host/, /private/],
    ['proxy_addr=224.0.0.1', /not the address of a single host/, /private/],
    ['proxy_addr=fe80::1', /not the address of a single host/, /private/],
    ['proxy_addr=fd00::1%eth0', /not an IP address/, /fd00/],
    ['proxy_addr=fd00::1', /guest_addr: the guest address is IPv4, but proxy_addr is IPv6/, /two interfaces/],
    ['proxy_addr=10.0.0.2', /both ends have the same address/, /two/],
    ['proxy_addr=10.0.0.1, host_if=p', /host_if: it is proxy_if/, /another/],
    ['proxy_addr=10.0.0.1, mac=01:00:00:00:00:01', /is a group address/, /even/],
    ['proxy_addr=10.0.0.1, mac=02-00-00-00-00-01', /not a MAC address/, /02:00/],
    ['proxy_addr=10.0.0.1, proxy_if=q', /proxy_if occurs twice/, /remove one/],
    [
      'proxy_addr=10.0.0.1,',
      /an argument between two commas is empty/,
      /the form is host_to_host\(proxy_if=NAME/,
    ],
    ['proxy_addr=', /"proxy_addr=" is not ARGUMENT=VALUE/, /the form is/],
  ])('host_to_host(proxy_if=p, …, guest_addr=10.0.0.2) refuses %s', (argument, cause, hint) => {
    const why = refused(`host_to_host(proxy_if=p,  ${argument}, guest_addr=10.0.0.2)`);
    expect(`${why.cause} ${why.hint}`).toMatch(cause);
    expect(`${why.cause} ${why.hint}`).toMatch(hint);
  });

  it.each([
    ['', /is not KIND/, /as in host_to_host/],
    ['bridged', /is not KIND/, /as in bridged/],
    ['bridged(bridge_if=br0', /is not KIND/, /as in bridged/],
    ['bridged(bridge_if=(br0), proxy_if=x)', /is not KIND/, /as in bridged/],
    ['bridge(bridge_if=br0, proxy_if=x)', /"bridge" is not a kind of network/, /did you mean "bridged"/],
    ['tuntap(x=1)', /"tuntap" is not a kind of network/, /host_to_host, bridged/],
    ['constructor(x=1)', /is not a kind of network/, /host_to_host/],
    ['bridged(bridge_if=br0, proxy_if=br0)', /proxy_if: it is the bridge itself/, /another/],
    ['bridged(bridge_if=br0, proxy_if=sixteen-letters-)', /too long/, /15/],
    ['bridged(bridge_if=br0, proxy_if=../x)', /not a valid interface name/, /letters/],
    ['bridged(bridge_if=br0, proxy_if=all)', /all is reserved/, /another/],
    ['bridged(bridge_if=br0, proxy_if=p, vlan=4095)', /1 to 4094/, /form/],
    ['bridged(bridge_if=br0, proxy_if=p, toString=1)', /no argument "toString"/, /form/],
  ])('refuses %s', (text, cause, hint) => {
    const why = refused(text);
    expect(why.cause).toMatch(cause);
    expect(why.hint).toMatch(hint);
  });

  it('reports all problems together, sorted by position', () => {
    const { cause, hint } = refused('host_to_host(proxy_if=a/b, guest_adr=1, proxy_addr=x, host_if)');
    expect(cause).toMatch(/^5 problems: .*14 .*28.*41.*55.*guest_addr is missing, at character 62/);
    expect(cause).toMatch(/did you mean "guest_addr"/);
    expect(hint).toBe(`the form is ${formOf('host_to_host')}`);
  });

  it.each(Object.entries(networkKinds))('the example of %s is valid', (name, { example }) => {
    expect(parseNetwork(example)).toMatchObject({ value: { kind: name } });
  });

  it('never throws, and each refusal has a cause', () => {
    const parts = [
      'bridged',
      'host_to_host',
      '(',
      ')',
      ',',
      '=',
      ' ',
      'proxy_if',
      'bridge_if',
      'p1',
      '1.2.3.4',
      '::1',
    ];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...parts), fc.string()), { maxLength: 30 }), (words) => {
        const parsed = parseNetwork(words.join(''));
        if ('cause' in parsed) expect(parsed.cause).not.toBe('');
      }),
    );
  });
});

describe('interfaces that are in the way of each other', () => {
  const text = (eth1: string, eth0 = '') => `[GLOBAL]
[vm1]
vmuser = uml-vm1
ubd0 = /disks/a.dsk
eth0 = host_to_host(proxy_if=p0, proxy_addr=10.0.0.1, guest_addr=10.0.0.2)
${eth1}
[vm2]
vmuser = uml-vm2
ubd0 = /disks/a.dsk
${eth0}
`;

  it.each([
    ['eth1 = bridged(bridge_if=br0, proxy_if=p0)', /proxy_if: eth0 also has p0/],
    [
      'eth1 = host_to_host(proxy_if=p1, proxy_addr=10.0.0.2, guest_addr=10.0.0.3)',
      /proxy_addr: eth0 also has 10.0.0.2/,
    ],
    ['eth1 = bess(dst=/run/uml/switch)', /bess requires connect.* eth0 needs that network/],
    ['eth1 = nat(name=a, subnet=10.0.0.0/24, guest_addr=10.0.0.2)', /guest_addr: eth0 also has 10.0.0.2/],
  ])('in one VM are refused: %s', (eth1, cause) => {
    const { broken } = load(text(eth1));
    expect(broken.get('vm1')).toMatchObject([{ code: 'CONFIG_CONFLICT', key: 'eth1', line: 6 }]);
    expect(broken.get('vm1')?.[0]?.cause).toMatch(cause);
  });

  it('in several VMs are reported: the VMs cannot run at the same time', () => {
    const { config, problems } = load(
      text('', 'eth3 = host_to_host(proxy_if=p0, proxy_addr=10.0.0.5, guest_addr=10.0.0.2)'),
    );
    expect(problems.map(({ severity, key, cause }) => `${severity} ${key} ${cause}`)).toEqual([
      'warning eth3 proxy_if: vm1 also has p0, so only one of the two VMs can run at a time',
      'warning eth3 guest_addr: vm1 also has 10.0.0.2, so only one of the two VMs can run at a time',
    ]);
    expect(config?.vms.size).toBe(2);
  });
});
