import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../../helpers/programs/world.ts';

describe('umlmon -units', () => {
  let world: World;
  let directory: string;

  beforeEach(() => {
    world = new World();
    directory = mkdtempSync(join(tmpdir(), 'umlmon-units-'));
  });

  afterEach(async () => {
    rmSync(directory, { recursive: true });
    await world.close();
  });

  function write(): { status: number | null; stderr: string; files: Record<string, string> } {
    const { status, stderr } = world.run('umlmon', ['-units', directory]);
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.\w+$/.test(name),
    );
    const texts = files
      .filter((name) => !name.endsWith('.d'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]);
    return { status, stderr, files: Object.fromEntries(texts) };
  }

  test('writes what systemd is to know, in the order of the configuration', () => {
    const disk = 'ubd0 = /disks/root.dsk';
    world.configure({
      last: `${disk}\nstart_order = 900\nmax_processes = 100`,
      'db-1': `${disk}\nstart = boot\nstart_order = 10\nstart_delay = 1500ms\nmemory_max = 1G\ncpu_weight = 7`,
      off: `${disk}\nstart = off\nstart_order = 5`,
    });
    const { status, stderr, files } = write();
    expect([status, stderr]).toEqual([0, '']);
    expect(Object.keys(files).sort()).toEqual([
      'umldir.service.d/configured.conf',
      'umlmon-delay-db-1.service',
      'umlmon.target.d/vms.conf',
      'umlmon@db-1.service.d/vm.conf',
      'umlmon@last.service.d/vm.conf',
      'umlmon@off.service.d/vm.conf',
      'umlweb.service.d/configured.conf',
    ]);
    expect(files['umlmon.target.d/vms.conf']).toContain(
      'Wants=umlmon@last.service umlmon@db-1.service umlmon-delay-db-1.service\n',
    );
    expect(files['umlmon@last.service.d/vm.conf']).toContain(
      'After=umlmon@db-1.service umlmon-delay-db-1.service\n',
    );
    expect(files['umlmon@last.service.d/vm.conf']).toContain('TasksMax=164\n');
    expect(files['umlmon@db-1.service.d/vm.conf']).not.toContain('After=');
    expect(files['umlmon@db-1.service.d/vm.conf']).toContain('MemoryMax=1073741824\nCPUWeight=7\n');
    expect(files['umlmon-delay-db-1.service']).toContain('ExecStart=/bin/sleep 1.5\n');
  });

  test('gives a service what the configuration of its VM needs, and no more', () => {
    const disk = 'ubd0 = /disks/root.dsk';
    world.configure({
      plain: disk,
      lan: `${disk}\neth0 = nat(name=lan, subnet=10.8.0.0/24)`,
      far: `${disk}\neth0 = raw(ifname=eth7)`,
      hooked: `${disk}\nhook = /etc/umlmon/hook\nmemory_max = off`,
    });
    const { files } = write();
    const of = (vm: string) => files[`umlmon@${vm}.service.d/vm.conf`] ?? '';
    expect(of('plain')).not.toMatch(/CAP_|AF_INET|DeviceAllow|PrivateDevices|ProtectHome|IPAddressAllow/);
    expect(of('plain')).toContain(`MemoryMax=${(128 + 16 + 192 + 384) * 1024 ** 2}\n`);
    expect(of('lan')).toMatch(/CAP_NET_ADMIN[\s\S]*AF_INET/);
    expect(of('lan')).not.toMatch(/CAP_SYS_ADMIN|CAP_NET_RAW|AF_PACKET/);
    expect(of('far')).toMatch(/CAP_SYS_ADMIN[\s\S]*AF_PACKET/);
    expect(of('hooked')).toMatch(/CAP_SYS_ADMIN[\s\S]*ProtectHome=no/);
    expect(of('hooked')).toContain('MemoryMax=infinity\n');
  });

  test('names other users of umldir and umlweb, and permits ports below 1024', () => {
    world.configure(
      {},
      'umldir_user = other\numldir_port = 700\nweb_user = www-data\nweb_listen = 127.0.0.1:80',
    );
    const { files } = write();
    for (const [name, user] of [
      ['umldir', 'other'],
      ['umlweb', 'www-data'],
    ] as const) {
      const text = files[`${name}.service.d/configured.conf`];
      expect(text).toContain(`User=${user}\nGroup=\n`);
      expect(text).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE\n');
    }
  });

  test('leaves out a VM with a problem, and reports it', () => {
    world.configure({ good: 'ubd0 = /disks/root.dsk', bad: 'ubd0 = /disks/root.dsk\nmemory_max = 128M' });
    const { status, stderr, files } = write();
    expect(status).toBe(3);
    expect(stderr).toContain('[bad] memory_max: ');
    expect(files['umlmon.target.d/vms.conf']).toContain('Wants=umlmon@good.service\n');
  });

  test('writes nothing on a host without a configuration', () => {
    const { status, stderr, files } = write();
    expect([status, stderr]).toEqual([0, '']);
    expect(files['umlmon.target.d/vms.conf']).toContain('Wants=\n');
  });
});
