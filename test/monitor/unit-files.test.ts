import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { World } from '../helpers/world.ts';

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

  test('leaves out a VM with a mistake, and says so', () => {
    world.configure({ good: 'ubd0 = /disks/root.dsk', bad: 'ubd0 = /disks/root.dsk\nmemory_max = 128M' });
    const { status, stderr, files } = write();
    expect(status).toBe(3);
    expect(stderr).toContain('[bad] memory_max: ');
    expect(files['umlmon.target.d/vms.conf']).toContain('Wants=umlmon@good.service\n');
  });

  test('has nothing to say on a host without a configuration', () => {
    const { status, stderr, files } = write();
    expect([status, stderr]).toEqual([0, '']);
    expect(files['umlmon.target.d/vms.conf']).toContain('Wants=\n');
  });
});
