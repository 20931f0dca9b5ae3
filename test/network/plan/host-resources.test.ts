import { expect, test } from 'vitest';
import { parseNetwork } from '../../../src/config/networks/network.ts';
import type { NetworkRecord } from '../../../src/network/network-record.ts';
import { demandsOf, splitRecord } from '../../../src/network/plan/host-resources.ts';
import { type InterfacePlan, planInterfaces } from '../../../src/network/plan/interface-plan.ts';

function plansOf(...texts: string[]): InterfacePlan[] {
  const interfaces = texts.map((text, unit) => {
    const parsed = parseNetwork(text);
    if ('cause' in parsed) throw new Error(parsed.cause);
    return { unit, ...parsed.value };
  });
  const request = {
    vm: 'vm1',
    home: '/run/umlmon/vm1',
    owner: '/run/umlmon/.network',
    uid: 1000,
    kernel: { transports: ['tap'], legacyTransports: [] },
    macs: new Map(interfaces.map(({ unit }) => [unit, `02:00:00:00:00:0${unit}`])),
    interfaces,
  };
  const links = [{ name: 'lan0', alias: '', kind: '', addresses: ['10.9.0.1'] }];
  return planInterfaces(request, {
    links,
    ipv6: true,
    forwards6: [],
    tun: true,
    tunForAll: true,
    tunFault: '',
  });
}

const all = plansOf(
  'host_to_host(proxy_if=p0, proxy_addr=10.8.0.1, guest_addr=10.9.0.2, host_if=lan0)',
  'nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=80:80)',
  'nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.3, forward=81:80)',
  'network(name=lab, mirror=on)',
  'tap(ifname=mine)',
);

/** What a start with all of them records. */
const { taps, announced, settings, shared, rules } = demandsOf(all);
const record: NetworkRecord = {
  namespace: 'net:[1]',
  interfaces: taps.map(({ name, temporary, alias }) => ({ name, temporary, alias })),
  announced,
  settings: settings.map((one) => ({ ...one, before: '0', general: '0' })),
  shared: shared.map(({ kind, network, terms }) => ({ kind, network, terms })),
  forwards: ['tcp port 80 of the host', 'tcp port 81 of the host'],
  tables: rules.map(({ family, table }) => ({ family, table })),
  links: [],
};

test('each thing once: one network of two interfaces, one setting of three, no tap of others', () => {
  expect(taps.map(({ name }) => name.replace(/^um.*-/, 'um-'))).toEqual(['p0', 'um-1', 'um-2', 'um-3']);
  expect(shared.map(({ network }) => network)).toEqual(['web', 'lab']);
  expect(settings.map(({ name }) => name)).toEqual(['net/ipv4/conf/lan0/forwarding']);
});

test('the surplus is what only the missing interface needed', () => {
  const without = (unit: number) => splitRecord(record, demandsOf(all.filter((plan) => plan.unit !== unit)));
  expect(without(0).surplus).toMatchObject({
    interfaces: [{ name: 'p0' }],
    announced: [{ address: '10.9.0.2', on: 'lan0' }],
    settings: [], // nat needs it too
    shared: [],
    forwards: [],
  });
  expect(without(2).surplus).toMatchObject({ shared: [], forwards: ['tcp port 81 of the host'] });
  expect(without(3).surplus).toMatchObject({
    shared: [{ network: 'lab' }],
    announced: [],
    settings: [],
    tables: [{ family: 'netdev' }],
  });
  expect(without(4).surplus).toMatchObject({ interfaces: [], shared: [], forwards: [] });
});

test('both parts together are the complete record', () => {
  for (let bits = 0; bits < 2 ** all.length; bits++) {
    const left = all.filter(({ unit }) => bits & (1 << unit));
    const { kept, surplus } = splitRecord(record, demandsOf(left));
    for (const part of ['interfaces', 'announced', 'settings', 'shared', 'forwards', 'tables'] as const) {
      expect(kept[part].length + surplus[part].length).toBe(record[part].length);
      expect(record[part]).toEqual(expect.arrayContaining([...kept[part], ...surplus[part]]));
    }
  }
});
