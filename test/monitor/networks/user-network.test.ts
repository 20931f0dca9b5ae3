/** A network without root. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { DoctorFinding } from '../../../src/cli/admin/doctor/checks.ts';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../../helpers/guest/guest.ts';
import type { NetNamespace } from '../../helpers/host/net-namespace.ts';
import { UserHost } from '../../helpers/host/user-host.ts';

/** A uid that no account has. */
const user = 61_018;
let here: UserHost;
afterEach(() => here.close());

test.each([
  ['without root', user],
  ['under root', 0],
])('user, %s: out under the address of the host, in by forwarded ports only', async (_, uid) => {
  here = new UserHost(uid, 'eth0 = user(forward=8080:80)');
  const { host, outside } = here;
  const warnings = () => {
    const { stdout, stderr } = here.run('umladmin', '-json', 'doctor');
    expect(stderr).toBe('');
    const { findings } = JSON.parse(stdout) as { findings: DoctorFinding[] };
    return findings.filter(({ level, subject, text }) => level !== 'good' && /vm1|VMs/.test(subject + text));
  };
  // Rules of the host, which an ordinary user may not list, are no mistake.
  expect(here.run('umlmon', '-check')).toMatchObject({ status: 0, stderr: '' });
  expect(here.run('umladmin', 'config', 'set', 'vm1', 'mem', '80M')).toMatchObject({ status: 0, stderr: '' });
  expect(here.run('umladmin', 'config', 'check')).toMatchObject({ status: 0, stderr: '' });
  expect(warnings()).toEqual([]);
  expect(here.run('umlmon', 'vm1')).toMatchObject({ status: 0, stderr: '' });
  expect(here.run('umlwatch', 'vm1', '-start')).toMatchObject({ status: 0, stderr: '' });
  expect(warnings()).toEqual([]);
  const client = await MonitorClient.connect(join(here.home, 'var/vm1/ctrl'), 'vm1');
  try {
    const guest = await GuestShell.open(client);
    const { networks, kernelPid } = await client.call('info', undefined);
    for (const line of networks[0]?.guestCommands ?? [])
      expect(await guest.run(line), line).toMatchObject({ status: 0 });
    const listens = (namespace: NetNamespace, address: string, port: number) =>
      expect
        .poll(() => namespace.succeeds(`busybox nc -w 1 ${address} ${port} -e true`), { timeout: 20_000 })
        .toBe(true);
    here.serve(outside, 'busybox', 'nc', '-ll', '-p', '7000', '-e', 'echo', 'hello-from-outside');
    here.serve(host, 'busybox', 'nc', '-ll', '-p', '7001', '-e', 'echo', 'hello-from-the-host');
    await listens(outside, '192.0.2.9', 7000);
    await listens(host, '127.0.0.1', 7001);
    const ask = async (address: string, port: number) =>
      (await guest.run(`timeout 2 nc ${address} ${port}`)).output;
    expect(await ask('192.0.2.9', 7000)).toContain('hello-from-outside');
    here.serveNames('192.0.2.9');
    await expect
      .poll(async () => (await guest.run('nslookup anybody.example')).output, { timeout: 20_000 })
      .toMatch(/Address.*192\.0\.2\.9/);
    expect(await ask('10.0.2.2', 7001)).not.toContain('hello-from-the-host');

    await guest.run('(while :; do nc -l -p 80 -e echo hello-from-vm1; done) >/dev/null 2>&1 & true');
    // The server listens a moment after it was started.
    await expect
      .poll(() => outside.start('busybox nc -w 5 192.0.2.1 8080'), { timeout: 20_000 })
      .toBe('hello-from-vm1\n');

    const status = readFileSync(`/proc/${kernelPid}/status`, 'latin1');
    expect(Number.parseInt(/^CapEff:\t(\w+)/m.exec(status)?.[1] ?? '', 16)).toBe(1 << 13);
    expect(/^Uid:\t(\d+)/m.exec(status)?.[1]).toBe(`${uid === 0 ? 39 : uid}`);
    expect(here.pastas()).toHaveLength(1);
    expect(here.run('umlwatch', 'vm1', '-kill')).toMatchObject({ status: 0 });
    await expect.poll(() => here.pastas(), { timeout: 20_000 }).toEqual([]);
  } finally {
    client.close();
  }
});
