/** umlwatch without a VM, and with VMs that cannot be reached. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { program } from '../helpers/programs/world.ts';
import { world } from './umlwatch-world.ts';

describe('what cannot be reached', () => {
  test('no monitor: status 4', () => {
    expect(world.run('umlwatch', ['down', '-info'])).toEqual({
      status: 4,
      stdout: '',
      stderr: `umlwatch: ${world.varDir}/down/ctrl: no monitor is running for down (hint: start it: umlmon down)\n`,
    });
    expect(world.run('umlwatch', ['down'], 'info\n').status).toBe(4);
  });

  test('no such VM: status 3', () => {
    expect(world.run('umlwatch', ['vn1', '-info'])).toEqual({
      status: 3,
      stdout: '',
      stderr: `umlwatch: ${world.configPath}: VM vn1 does not exist, and has no monitor (hint: did you mean "vm1"?)\n`,
    });
  });

  test('no configuration: status 3', () => {
    const { status, stderr } = world.run('umlwatch', ['-config', '/nonexistent', 'vm1', '-info']);
    expect(status).toBe(3);
    expect(stderr).toContain('/nonexistent');
  });

  test('a VM on another host', () => {
    expect(world.run('umlwatch', ['vm1@server.invalid', '-info'])).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(
        /^umlwatch: umldir of server\.invalid:8655: cannot connect to the directory server: .*server\.invalid/,
      ),
    });
  });

  test('a socket that a killed monitor has left: status 4', async () => {
    const monitor = await world.startMonitor('down');
    const gone = new Promise((resolve) => monitor.once('exit', resolve));
    monitor.kill('SIGKILL');
    await gone;
    expect(existsSync(join(world.varDir, 'down/ctrl'))).toBe(true);
    expect(world.run('umlwatch', ['down', '-info'])).toMatchObject({
      status: 4,
      stderr:
        `umlwatch: ${world.varDir}/down/ctrl: no monitor is running for down; its socket is a leftover of a ` +
        `killed monitor; the last monitor, process ${monitor.pid}: it was killed, ran out of memory, or the host went down ` +
        '(hint: start it again: umlmon down)\n',
    });
  });

  test('no permission: status 4', () => {
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const copy = join(world.home, 'umlwatch.cjs');
    // The checkout may lie where nobody else may look.
    spawnSync('cp', [program('umlwatch'), copy]);
    chmodSync(copy, 0o755);
    chmodSync(world.configPath, 0o644);
    const args = [...nobody, process.execPath, copy, '-config', world.configPath, 'vm1', '-info'];
    const { status, stdout, stderr } = spawnSync('setpriv', args, { encoding: 'utf8', cwd: '/' });
    expect({ status, stdout, stderr }).toEqual({
      status: 4,
      stdout: '',
      stderr:
        `umlwatch: ${world.varDir}/vm1/ctrl: no permission to use the control socket of vm1 ` +
        '(hint: only the owner and the group of the socket have access: join the group, or become the owner)\n',
    });
  });
});

test('without a VM: status 2', () => {
  expect(world.run('umlwatch', ['-info'])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('no VM given'),
  });
});
