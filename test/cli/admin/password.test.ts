import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { grantsOf, readPasswords } from '../../../src/rpc/auth/password-file.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const world = new World();
const file = join(world.varDir, '.passwords');

beforeAll(() =>
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk', web: 'mem = 64M\nubd0 = /disks/root.dsk' }),
);
beforeEach(() => rmSync(file, { force: true }));
afterAll(() => world.close());

function admin(args: string, input = '') {
  return world.run('umladmin', args.split(' '), input);
}

async function opened(password: string) {
  const passwords = readPasswords(world.varDir);
  return passwords ? grantsOf(passwords, password) : [];
}

describe('umladmin password', () => {
  test('takes it from a pipe, for a VM or all, with a role', async () => {
    expect(admin('password vm1 -role console', 'first line 1\nsecond\n')).toMatchObject({
      status: 0,
      stdout: 'vm1: the console password is set\n',
    });
    expect(admin('password', 'for everything')).toMatchObject({
      status: 0,
      stdout: 'all VMs: the admin password is set\n',
    });
    expect(await opened('first line 1')).toEqual([{ vm: 'vm1', role: 'console' }]);
    expect(await opened('for everything')).toEqual([{ vm: '*', role: 'admin' }]);
  });

  test('takes it from a pipe whose writer is late and sends it in pieces', async () => {
    const slowly = 'sleep 0.3; printf "late "; sleep 0.3; printf "password\\nrest"';
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', `(${slowly}) | "$0" -config "$1" password vm1`, program('umladmin'), world.configPath],
      { encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await opened('late password')).toEqual([{ vm: 'vm1', role: 'admin' }]);
  });

  test('lists the VMs and roles that have a password, without any secret', () => {
    expect(admin('password -list').stdout).toBe('no password is set\n');
    for (const args of ['password vm1', 'password web -role view', 'password'])
      admin(args, 'one for all of them\n');
    const { stdout } = admin('password -list');
    expect(stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')).toBe(
      '  *    admin  TIME\n  vm1  admin  TIME\n  web  view   TIME\n',
    );
    expect(admin('password vm1 -list').stdout).toMatch(/^ {2}vm1 .*\n$/);
    const json = JSON.parse(admin('-json password -list').stdout) as { passwords: object[] };
    expect(json.passwords.map((one) => Object.keys(one))).toEqual(Array(3).fill(['vm', 'role', 'changed']));
  });

  test('removes one password, or those of all roles', () => {
    for (const role of ['view', 'admin', 'operate'])
      admin(`password vm1 -role ${role}`, `the one for ${role}\n`);
    expect(admin('password vm1 -role view -remove').stdout).toBe('vm1: removed view\n');
    expect(admin('password vm1 -remove').stdout).toBe('vm1: removed admin, operate\n');
    expect(admin('password vm1 -remove')).toMatchObject({ status: 1, stdout: '' });
  });

  test('refuses invalid passwords and unknown VMs', () => {
    expect(admin('password vm1', 'short\n')).toMatchObject({ status: 2 });
    expect(admin('password vm1', '')).toMatchObject({ status: 2 });
    expect(admin('password wm1', 'long enough\n').stderr).toContain('did you mean "vm1"');
    expect(admin('password vm1 -role root', 'long enough\n').stderr).toContain(
      'view, console, operate, admin',
    );
    expect(admin('password -list').stdout).toBe('no password is set\n');
  });

  test('asks twice on a terminal, without echo', async () => {
    const commands = {
      umladmin: `exec "${process.execPath}" "${program('umladmin')}" -config "${world.configPath}" "$@"`,
    };
    const terminal = new Tmux({ commands });
    try {
      await terminal.shows('$');
      terminal.line('umladmin password vm1');
      await terminal.shows('new admin password for vm1:');
      terminal.line('typed by hand');
      await terminal.shows('again:');
      terminal.line('typed by hnad');
      await terminal.shows('the two passwords differ');
      terminal.afresh('umladmin password vm1');
      await terminal.shows(/^new admin password for vm1:$/m);
      // Erased and typed again.
      terminal.text('nonsense');
      terminal.keys('C-u');
      terminal.text('typed by handd');
      terminal.keys('BSpace');
      terminal.keys('Enter');
      await terminal.shows('again:');
      terminal.line('typed by hand');
      expect(await terminal.shows('password is set')).not.toMatch(/typed|nonsense/);
      terminal.afresh('umladmin password vm1');
      await terminal.shows(/^new admin password for vm1:$/m);
      terminal.keys('C-c');
      await terminal.shows('no password was given');
      // The terminal is restored: typed text is echoed again.
      expect(await terminal.run('echo shown')).toContain('shown');
    } finally {
      terminal.close();
    }
    expect(await opened('typed by hand')).toEqual([{ vm: 'vm1', role: 'admin' }]);
    expect(readFileSync(file, 'utf8')).not.toContain('typed');
  });

  test('is for the user of the monitors', () => {
    admin('password vm1', 'long enough\n');
    const identity = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
    const { status, stderr } = spawnSync('setpriv', [...identity, 'cat', file], {
      encoding: 'utf8',
      cwd: '/',
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining('Permission denied')]);
  });
});
