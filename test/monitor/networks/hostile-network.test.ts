/** Arbitrary code in the place of a kernel that has a tap, and so is in the network namespace of the host. */
import { readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { HostileVm } from '../../helpers/hostile/hostile-vm.ts';
import { vmUid } from '../../helpers/programs/world.ts';

describe.each([
  ['user-namespace launcher', ''],
  ['root launcher', 'userns = off'],
])('%s', (_name, global) => {
  let host: NetNamespace;
  let vm: HostileVm;

  beforeAll(async () => {
    host = new NetNamespace();
    host.run('ip tuntap add dev others mode tap user 1');
    vm = new HostileVm(global, {
      namespace: host.name,
      eth0: 'host_to_host(proxy_if=proxy1, proxy_addr=10.0.0.1, guest_addr=10.0.0.2)',
    });
    await vm.start();
  });

  afterAll(async () => {
    await vm.close();
    host.close();
  });

  test('it is where its tap is, without any capability', async () => {
    const pid = await vm.kernelPid();
    expect(readlinkSync(`/proc/${pid}/ns/net`)).toBe(host.run('readlink /proc/self/ns/net').trim());
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toMatch(/^CapEff:\t0+$/m);
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toMatch(new RegExp(`^Uid:\t${vmUid}\t`, 'm'));
  });

  test('it cannot open a socket of the network of the host', async () => {
    const { EPERM = [] } = await vm.outcomes('system-calls');
    for (const family of ['inet', 'inet6', 'netlink', 'packet', 'vsock', 'alg'])
      expect(EPERM).toContain(family);
  });

  test('it can open its own tap, no other one, and make none', async () => {
    expect(await vm.order('taps proxy1 others fresh')).toEqual([
      'proxy1 ok',
      'others EPERM',
      'fresh EPERM',
      'SIOCGIFCONF EPERM',
      'SIOCGIFFLAGS EPERM',
    ]);
  });

  test('it cannot connect to a Unix socket, with a file or without', async () => {
    expect(await vm.order('connect /run/mon/notify')).toContain('connect EPERM');
    expect(await vm.order('connect @/tmp/.X11-unix/X0')).toContain('connect EPERM');
  });
});
