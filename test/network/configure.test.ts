import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { emptyRecord, readNetworkRecord, writeRecord } from '../../src/network/network-record.ts';
import { releaseNetwork } from '../../src/network/release.ts';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { buildProgram } from '../helpers/programs/program.ts';

const scratch = mkdtempSync(join(tmpdir(), 'umlmon-configure-'));
const host = new NetNamespace();
afterAll(() => {
  host.close();
  rmSync(scratch, { recursive: true });
});

/** Plans a network of a VM, removes an interface of the host, makes the network, and releases it. */
const program = `
import { execFileSync } from 'node:child_process';
import { parseNetwork } from './src/config/networks/network.ts';
import { configureNetwork } from './src/network/configure.ts';
import { lookAtHostNetwork } from './src/network/host/host-network.ts';
import { networkPrograms } from './src/network/network-programs.ts';
import { planInterfaces } from './src/network/plan/interface-plan.ts';
import { releaseNetwork } from './src/network/release.ts';

const [directory, text] = process.argv.slice(2);
const place = { directory, vm: 'vm1' };
const device = { path: directory + '/tun', uid: 0 };
const programs = networkPrograms({ rules: true, legs: false, user: false });
const request = {
  vm: 'vm1',
  home: directory + '/vm1',
  owner: directory,
  uid: 0,
  kernel: { transports: ['tap'], legacyTransports: [] },
  macs: new Map([[0, '02:00:00:00:00:01']]),
  interfaces: [{ unit: 0, ...parseNetwork(text).value }],
};
const main = async () => {
  const plans = planInterfaces(request, await lookAtHostNetwork(programs.ip));
  execFileSync('ip', ['link', 'delete', 'gone']);
  try {
    await configureNetwork(place, programs, plans, device);
  } finally {
    console.log((await releaseNetwork(place, device.path)).join('\\n'));
  }
};
void main();
`;

test('a start succeeds although an interface of the host is removed after the plan was made', async () => {
  for (const [name, address] of [
    ['stays', '192.0.2.1'],
    ['gone', '192.0.2.5'],
  ]) {
    host.run(`ip link add ${name} type bridge`);
    host.run(`ip address add ${address}/30 dev ${name}`);
    host.run(`ip link set ${name} up`);
  }
  const path = await buildProgram('configure-network', { text: program });
  const directory = join(scratch, 'records');
  mkdirSync(directory);
  const nat = 'nat(name=web,subnet=10.7.0.0/24)';
  const released = host.run(`${process.execPath} ${path} ${directory} ${nat}`);
  expect(released).toContain('sysctl net/ipv4/conf/stays/forwarding=0');
  expect(released).not.toContain('gone');
});

test('the links for pasta that a crash of the host has left are removed with the record of that boot', async () => {
  const directory = join(scratch, 'crashed');
  const link = join(directory, 'user0/net');
  mkdirSync(join(directory, 'user0'), { recursive: true });
  symlinkSync('/proc/1/ns/net', link);
  const place = { directory, vm: 'vm1' };
  writeRecord(place, { ...emptyRecord('net:[1] another-boot'), links: [link] });
  expect(await releaseNetwork(place, join(directory, 'tun'))).toEqual([`pasta at ${link}`]);
  expect(existsSync(join(directory, 'user0'))).toBe(false);
  expect(readNetworkRecord(place)).toBeUndefined();
});
