/** Rules of other programs that stop a VM: named by -check, doctor, -info and events; what they print cures it. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let lan: NetworkWorld;
beforeEach(() => {
  lan = new NetworkWorld();
  const outside = lan.namespace();
  lan.host.connect('out0', outside, 'out0');
  lan.host.run('ip addr add 192.0.2.1/24 dev out0');
  outside.run('ip addr add 192.0.2.9/24 dev out0');
  lan.host.run('ip route add default via 192.0.2.9');
});
afterEach(() => lan.close());

const load = (rules: string) =>
  execFileSync('ip', ['netns', 'exec', lan.host.name, 'nft', '-f', '-'], { input: rules });

/** What Docker leaves of the chain for everything else. */
const docker = `table ip filter {
  chain DOCKER-USER { }
  chain FORWARD { type filter hook forward priority filter; policy drop;
    jump DOCKER-USER
    oifname "docker0" ct state related,established accept
    iifname "docker0" oifname != "docker0" accept
  }
}`;

test('Docker’s policy is named, and the rule for DOCKER-USER that is printed gives the guest its network back', async () => {
  await lan.monitors({ vm1: 'eth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2)' });
  const guest = await lan.start(
    'vm1',
    'ip link set vec0 up',
    'ip addr add 10.7.0.2/24 dev vec0',
    'ip route add default via 10.7.0.1',
  );
  const reaches = async () => (await guest.run('ping -c 1 -W 1 192.0.2.9')).status === 0;
  expect(await reaches()).toBe(true);
  load(docker);
  expect(await reaches()).toBe(false);
  const warnings = async () => (await lan.client('vm1').call('info', undefined)).networkWarnings;
  await expect.poll(async () => (await warnings()).length, { timeout: 15_000 }).toBe(1);
  const [warning] = await warnings();
  const words =
    /chain FORWARD of the nftables table ip filter drops what the guest sends and answers to the guest \(policy drop\)/;
  expect(warning?.what).toMatch(words);
  expect(warning?.hint).toMatch(
    /^nft insert rule ip filter DOCKER-USER iifname web-\w+ accept; nft insert rule ip filter/,
  );
  expect(lan.world.run('umladmin', ['doctor']).stdout).toMatch(words);
  const checked = lan.world.run('umlmon', ['-check']);
  expect(checked.stderr).toMatch(words);
  expect(checked.stderr).toMatch(/hint: nft insert rule ip filter DOCKER-USER/);
  // It is a warning: another way to let the VM through may come later.
  expect(checked.status).toBe(0);
  for (const command of (warning?.hint ?? '').split('; ')) lan.host.run(command);
  expect(await reaches()).toBe(true);
  await expect.poll(warnings, { timeout: 15_000 }).toEqual([]);
  expect(lan.world.run('umlmon', ['-check']).stderr).not.toMatch(words);
  await lan.client('vm1').call('kill', undefined);
  expect(lan.world.run('umladmin', ['doctor']).stdout).not.toMatch(words);
  lan.host.run('nft flush chain ip filter DOCKER-USER');
  expect(lan.world.run('umladmin', ['doctor']).stdout).toMatch(words);
}, 60_000);

test('doctor compares the resources of a VM with the host, also without its monitor', async () => {
  await lan.monitors({ vm1: 'eth0 = nat(name=web, subnet=10.7.0.0/24)\neth1 = network(name=lab)' });
  await lan.client('vm1').call('start', undefined);
  const lost = () =>
    lan.world
      .run('umladmin', ['doctor'])
      .stdout.split('\n')
      .filter((line) => /vm1: the (?:nftables|interface)/.test(line));
  expect(lost()).toEqual([]);
  const pid = lan.world.monitorPid('vm1');
  process.kill(pid, 'SIGSTOP');
  try {
    lan.host.run('nft flush ruleset');
    expect(lost()).toEqual([
      expect.stringMatching(/the nftables table inet umlmon-nat-\w+ is missing/),
      expect.stringMatching(/the nftables table netdev umlmon-network-\w+ is missing/),
    ]);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await expect.poll(lost, { timeout: 15_000 }).toEqual([]);
}, 60_000);
