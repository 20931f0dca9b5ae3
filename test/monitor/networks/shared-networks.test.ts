/** Networks that umlmon makes for VMs, and transports to what others have made, in namespaces that stand for hosts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GuestShell } from '../../helpers/guest/guest.ts';
import { NetworkWorld } from '../../helpers/host/network-world.ts';
import { vmUid } from '../../helpers/programs/world.ts';

let lan: NetworkWorld;
beforeEach(() => {
  lan = new NetworkWorld();
});
afterEach(() => lan.close());

/** As `NetNamespace.state`, and the rules of nftables. */
function state(): string {
  return `${lan.host.state()}\n${lan.host.run('nft list ruleset')}`;
}

/** Two ports; Perl has sequential packet sockets, which Node has not. */
const hubProgram = `use Socket; $| = 1;
socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; chmod 0777, $ARGV[0];
listen($s, 5); print "ready"; accept(my $a, $s); accept(my $b, $s);
for (;;) {
  my $ready = ''; vec($ready, fileno($_), 1) = 1 for $a, $b; select($ready, undef, undef, undef);
  for ([$a, $b], [$b, $a]) {
    next unless vec($ready, fileno($_->[0]), 1);
    recv($_->[0], my $frame, 70000, 0); exit if $frame eq ''; send($_->[1], $frame, 0);
  }
}`;

const up = (n: number) => ['ip link set vec0 up', `ip addr add 10.7.0.${n}/24 dev vec0`];
const reaches = async (shell: GuestShell, address: string) =>
  (await shell.run(`ping -c 1 -W 1 ${address}`)).status === 0;

test('VMs in a named network reach each other, and not the host; the last one takes it along', async () => {
  lan.host.connect('out0', lan.namespace(), 'out0');
  lan.host.run('ip addr add 192.0.2.1/24 dev out0');
  const before = state();
  const lab = 'eth0 = network(name=lab)';
  await lan.monitors({ vm1: lab, vm2: lab, vm3: 'eth0 = network(name=other)' });
  const one = await lan.start('vm1', ...up(1));
  const two = await lan.start('vm2', ...up(2));
  const three = await lan.start('vm3', ...up(3));
  expect(await reaches(one, '10.7.0.2')).toBe(true);
  expect(await reaches(two, '10.7.0.1')).toBe(true);
  expect(await reaches(three, '10.7.0.1')).toBe(false);
  // A Linux host answers for all its addresses on any interface.
  await one.run('ip route add default dev vec0');
  expect(await reaches(one, '192.0.2.1')).toBe(false);
  const { networks } = await lan.client('vm1').call('info', undefined);
  expect(networks).toMatchObject([{ kind: 'network', link: 'up', mac: expect.stringMatching(/^02:00:00:/) }]);
  expect((await one.run('cat /sys/class/net/vec0/address')).output).toContain(networks[0]?.mac);

  await lan.client('vm1').call('kill', undefined);
  expect(lan.host.run('ip -brief link show type bridge')).toMatch(/^lab-/m);
  // It is still closed, and takes the VM in again.
  const again = await lan.start('vm1', ...up(1));
  expect(await reaches(again, '10.7.0.2')).toBe(true);
  for (const vm of ['vm1', 'vm2', 'vm3']) await lan.client(vm).call('kill', undefined);
  expect(state()).toBe(before);
});

test('nat: out under the address of the host, in by forwarded ports only', async () => {
  const outside = lan.namespace();
  lan.host.connect('out0', outside, 'out0');
  lan.host.run('ip addr add 192.0.2.1/24 dev out0');
  outside.run('ip addr add 192.0.2.9/24 dev out0');
  const before = state();
  const nat = (n: number, more = '') =>
    `eth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.${n}${more})`;
  await lan.monitors({ vm1: nat(2, ', forward=8080:80'), vm2: nat(3) });
  const setup = (n: number) => [...up(n), 'ip route add default via 10.7.0.1'];
  const one = await lan.start('vm1', ...setup(2));
  const two = await lan.start('vm2', ...setup(3));
  expect(await reaches(one, '192.0.2.9')).toBe(true);
  expect(await reaches(one, '10.7.0.3')).toBe(true);
  outside.run('ip route add 10.7.0.0/24 via 192.0.2.1');
  expect(outside.succeeds('busybox ping -c 1 -W 1 10.7.0.2')).toBe(false);

  await one.run('(while :; do nc -l -p 80 -e echo hello-from-vm1; done) >/dev/null 2>&1 & true');
  // The server listens a moment after it was started.
  await expect
    .poll(() => outside.start('busybox nc -w 5 192.0.2.1 8080'), { timeout: 10_000 })
    .toBe('hello-from-vm1\n');
  // The host itself is not open to its guests.
  const served = lan.host.start('timeout 5 busybox nc -l -p 7000');
  expect((await two.run('echo x | nc -w 1 10.7.0.1 7000')).status).not.toBe(0);
  await served;

  await lan.client('vm1').call('kill', undefined);
  expect(outside.succeeds('busybox nc -w 1 192.0.2.1 8080')).toBe(false);
  expect(await reaches(two, '192.0.2.9')).toBe(true);
  await lan.client('vm2').call('kill', undefined);
  outside.run('ip route del 10.7.0.0/24 via 192.0.2.1');
  expect(state()).toBe(before);
});

test('VMs that disagree on a network, or forward one port, do not run together', async () => {
  const before = state();
  const nat = (subnet: string, forward: string) =>
    `eth0 = nat(name=web, subnet=${subnet}.0/24, guest_addr=${subnet}.7, forward=${forward})`;
  await lan.monitors({
    vm1: nat('10.7.0', '80:80'),
    vm2: nat('10.8.0', '81:80'),
    vm3: 'eth0 = nat(name=web3, subnet=10.9.0.0/24, guest_addr=10.9.0.2, forward=80:80)',
  });
  const { stderr } = lan.world.run('umlmon', ['-check']);
  expect(stderr).toMatch(/nat web: vm1 has subnet=10\.7\.0\.0\/24.* this VM has subnet=10\.8/);
  expect(stderr).toMatch(/forward: vm1 also has tcp port 80 of the host/);
  await lan.client('vm1').call('start', undefined);
  await expect(lan.client('vm2').call('start', undefined)).rejects.toMatchObject({
    code: 'NETWORK_IN_USE',
    reason: expect.stringMatching(/vm1 has the nat web with subnet=10\.7\.0\.0\/24/),
  });
  await expect(lan.client('vm3').call('start', undefined)).rejects.toMatchObject({
    code: 'NETWORK_IN_USE',
    reason: expect.stringMatching(/tcp port 80 of the host is forwarded to vm1/),
  });
  await lan.client('vm1').call('kill', undefined);
  await lan.client('vm3').call('start', undefined);
  await lan.client('vm3').call('kill', undefined);
  expect(state()).toBe(before);
});

test('what a killed monitor and kernel leave of a network is removed by -cleanup', async () => {
  const before = state();
  await lan.monitors({
    vm1: 'eth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=80:80)\neth1 = network(name=lab)',
  });
  await lan.client('vm1').call('start', undefined);
  const info = await lan.client('vm1').call('info', undefined);
  await lan.world.killMonitor('vm1');
  process.kill(info.kernelPid, 'SIGKILL');
  await expect.poll(() => lan.world.run('umlmon', ['-cleanup', 'vm1']).status).toBe(0);
  expect(state()).toBe(before);
});

test('a tap that the administrator has made', async () => {
  lan.host.run(`ip tuntap add dev tap0 mode tap user ${vmUid} vnet_hdr`);
  lan.host.run('ip addr add 10.7.0.254/24 dev tap0');
  lan.host.run('ip link set tap0 up');
  await lan.monitors({ vm1: 'eth0 = tap(ifname=tap0, depth=32, mac=02:00:5e:00:00:07)' });
  const shell = await lan.start('vm1', ...up(1));
  expect(await reaches(shell, '10.7.0.254')).toBe(true);
  expect((await shell.run('ip link show vec0')).output).toContain('02:00:5e:00:00:07');
  await lan.client('vm1').call('kill', undefined);
  expect(lan.host.run('ip link show tap0')).toContain('tap0');
});

test('l2tpv3 over UDP between two VMs', async () => {
  const end = (src: number, dst: number) =>
    `eth0 = l2tpv3(udp=on, src=127.0.0.1, dst=127.0.0.1, srcport=${src}, dstport=${dst}, rx_session=1, tx_session=1)`;
  await lan.monitors({ vm1: end(1706, 1707), vm2: end(1707, 1706) });
  const one = await lan.start('vm1', ...up(1));
  await lan.start('vm2', ...up(2));
  expect(await reaches(one, '10.7.0.2')).toBe(true);
});

test('bess: two VMs at a switch that listens in the shared tree', async () => {
  const path = join(lan.world.varDir, 'shared/switch');
  const bess = 'eth0 = bess(dst=/shared/switch)';
  await lan.monitors({ vm1: bess, vm2: bess });
  const hub = spawn('perl', ['-e', hubProgram, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(hub.stdout, 'data');
    const one = await lan.start('vm1', ...up(1));
    await lan.start('vm2', ...up(2));
    expect(await reaches(one, '10.7.0.2')).toBe(true);
    // Without its switch a guest is busy with nothing else, and takes its time to stop.
    for (const vm of ['vm1', 'vm2']) await lan.client(vm).call('kill', undefined);
  } finally {
    hub.kill('SIGKILL');
  }
});

test('what the jail cannot give is refused with the reason, all at once', () => {
  lan.world.configure({
    vm1: 'ubd0 = /disks/root.dsk\neth1 = vde(vnl=x)\neth2 = tap(ifname=t, bpfflash=1)',
  });
  lan.world.addImage('vm1');
  const { stderr } = lan.world.run('umlmon', ['-check', 'vm1']);
  expect(stderr).toMatch(/umlmon does not support vde \(hint: .*vde_plug/);
  expect(stderr).toMatch(/tap has no argument "bpfflash".*it lets the guest load filters/);
});

test('addresses of the pool stay, and are free when the VM is removed', async () => {
  const nets = 'eth0 = network(name=lab)\neth1 = network(name=lab)';
  const pool = 'mac_pool = 02:00:00:00:00:00-02:00:00:00:00:03';
  await lan.monitors({ vm1: nets, vm2: nets, vm3: 'eth0 = network(name=lab)' }, pool);
  const macs = async (vm: string) => {
    await lan.client(vm).call('start', undefined);
    const { networks } = await lan.client(vm).call('info', undefined);
    await lan.client(vm).call('kill', undefined);
    return networks.map(({ mac }) => mac);
  };
  const first = [...(await macs('vm1')), ...(await macs('vm2'))];
  expect(new Set(first).size).toBe(4);
  expect([...(await macs('vm1')), ...(await macs('vm2'))]).toEqual(first);
  await expect(macs('vm3')).rejects.toMatchObject({ code: 'NETWORK_MAC_EXHAUSTED' });
  expect(lan.world.run('umlmon', ['-plan', 'vm3']).stderr).toMatch(/all 4 addresses/);

  await lan.world.signalMonitor('vm2', 'SIGTERM');
  lan.world.configure(
    { vm1: `ubd0 = /disks/root.dsk\n${nets}`, vm3: 'ubd0 = /disks/root.dsk\neth0 = network(name=lab)' },
    pool,
  );
  expect(lan.world.run('umlmon', ['-cleanup', 'vm2'])).toMatchObject({ status: 0 });
  expect(first.slice(2)).toContain((await macs('vm3'))[0]);
  expect(lan.world.run('umlmon', ['-cleanup', 'vm2'])).toMatchObject({
    stdout: 'vm2: no leftovers found\n',
  });
});

test('an address that another VM has is refused', async () => {
  const mac = 'eth0 = network(name=lab, mac=02:00:5e:00:00:01)';
  await lan.monitors({ vm1: mac, vm2: mac });
  await lan.client('vm1').call('start', undefined);
  await expect(lan.client('vm2').call('start', undefined)).rejects.toMatchObject({
    code: 'NETWORK_MAC_TAKEN',
  });
});
