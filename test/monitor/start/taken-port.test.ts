/** A forwarded port at which a program of the host listens already: named wherever a start is judged. */
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NetworkWorld } from '../../helpers/host/network-world.ts';

let lan: NetworkWorld;
beforeEach(() => {
  lan = new NetworkWorld();
});
afterEach(() => lan.close());

test('a start, -check and doctor name the program that has the port; when it has ended, the start is accepted', async () => {
  const child = spawn('ip', ['netns', 'exec', lan.host.name, 'busybox', 'nc', '-l', '-p', '8080'], {
    stdio: 'ignore',
  });
  try {
    await expect.poll(() => lan.host.run('ss -Hltn'), { timeout: 5000 }).toContain(':8080');
    await lan.monitors({
      vm1: 'eth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.2, forward=8080:80)',
      vm2: 'eth0 = nat(name=web, subnet=10.7.0.0/24, guest_addr=10.7.0.3, forward=udp:8080:80)',
    });
    const words = /tcp port 8080 of the host is in use: \w+ \(pid \d+\) of uid 0 listens at /;
    await expect(lan.client('vm1').call('start', undefined)).rejects.toMatchObject({
      code: 'NETWORK_IN_USE',
      reason: expect.stringMatching(words),
    });
    const checked = lan.world.run('umlmon', ['-check']);
    expect(checked.status).not.toBe(0);
    expect(checked.stderr).toMatch(words);
    expect(checked.stderr).not.toMatch(/\[vm2\] eth0/);
    expect(lan.world.run('umladmin', ['doctor']).stdout).toMatch(words);
  } finally {
    child.kill();
  }
  await expect.poll(() => lan.host.run('ss -Hltn'), { timeout: 5000 }).not.toContain(':8080');
  await lan.client('vm1').call('start', undefined);
  // A program that listens there later gets nothing.
  const late = spawn('ip', ['netns', 'exec', lan.host.name, 'busybox', 'nc', '-l', '-p', '8080'], {
    stdio: 'ignore',
  });
  try {
    await expect.poll(() => lan.host.run('ss -Hltn'), { timeout: 5000 }).toContain(':8080');
    expect(lan.world.run('umladmin', ['doctor']).stdout).toMatch(
      /vm1: tcp port 8080 of the host is in use: busybox \(pid \d+\) of uid 0 listens at .*, and receives only traffic to the loopback address/,
    );
  } finally {
    late.kill();
  }
  await lan.client('vm1').call('kill', undefined);
});
