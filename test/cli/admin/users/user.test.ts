/** umladmin user, and the reports of umlmon on users whose group has other members, with real accounts and a real guest. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PrivateAccounts } from '../../../helpers/host/private-accounts.ts';
import { World } from '../../../helpers/programs/world.ts';

let accounts: PrivateAccounts;
let world: World;
const disk = 'ubd0 = /disks/root.dsk';
const admin = (...args: string[]) => world.run('umladmin', args);
const check = (): { code: string; key: string; cause: string; hint: string }[] =>
  JSON.parse(world.run('umlmon', ['-check', 'vm1', '-json']).stdout).problems;

beforeEach(() => {
  accounts = new PrivateAccounts();
  world = new World(accounts.within);
});
afterEach(async () => {
  await world.close();
  accounts.close();
});

/** The user of a VM as passwd has it. */
const idsOf = (name: string) => (accounts.entry('passwd', name) ?? []).slice(2, 4).map(Number);

test('a section without a user gets a new user with its own group, and the VM runs as that user', async () => {
  world.configure({ vm1: `vmuser =\n${disk}` });
  expect(check()).toMatchObject([{ code: 'CONFIG_REQUIRED', key: 'vmuser' }]);
  expect(admin('user', 'vm1', '-n').stdout).toMatch(
    /^useradd --system --user-group .*'umlmon VM vm1' uml-vm1\numladmin config set vm1 vmuser uml-vm1\n$/,
  );
  expect(accounts.entry('passwd', 'uml-vm1')).toBeUndefined();
  const made = admin('user', 'vm1');
  const [uid = 0, gid = 0] = idsOf('uml-vm1');
  expect(made.stderr).toBe('');
  expect(made.stdout).toBe(
    `vm1: user uml-vm1 (uid ${uid}, gid ${gid}) was made, with a group of its own; vmuser is written to ${world.configPath}\n`,
  );
  expect(accounts.entry('passwd', 'uml-vm1')?.slice(4)).toEqual([
    'umlmon VM vm1',
    '/nonexistent',
    '/usr/sbin/nologin',
  ]);
  expect(accounts.entry('group', 'uml-vm1')).toEqual(['uml-vm1', 'x', `${gid}`, '']);
  expect(admin('config', 'get', 'vm1', 'vmuser').stdout).toBe('uml-vm1\n');

  world.addImage('vm1', 'root.dsk', uid);
  expect(check()).toEqual([]);
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start']).status).toBe(0);
  const { kernelPid } = await (await world.client('vm1')).call('info', undefined);
  expect(statSync(`/proc/${kernelPid}`)).toMatchObject({ uid, gid });
  expect(statSync(join(world.varDir, 'vm1/jail'))).toMatchObject({ uid: 0, gid, mode: 0o40750 });

  // Again: nothing to do, also while it runs. But it is not taken from under a kernel.
  expect(JSON.parse(admin('-json', 'user', 'vm1').stdout)).toMatchObject({
    did: 'untouched',
    uid,
    gid,
    file: '',
  });
  expect(admin('user', 'vm1', '-n').stdout).toBe('nothing to do\n');
  expect(admin('user', 'vm1', '-remove')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('runs'),
  });
  await world.stopMonitors();
  const { status, stderr } = admin('user', 'vm1', '-remove');
  expect([status, stderr]).toEqual([5, expect.stringContaining(`then: rm -r ${world.varDir}/vm1`)]);
  rmSync(join(world.varDir, 'vm1'), { recursive: true });
  expect(admin('user', 'vm1', '-remove')).toEqual({
    status: 0,
    stdout: 'vm1: user uml-vm1 was removed, with its group\n',
    stderr: '',
  });
  expect([accounts.entry('passwd', 'uml-vm1'), accounts.entry('group', 'uml-vm1')]).toEqual([
    undefined,
    undefined,
  ]);
  expect(admin('user', 'vm1', '-remove').stdout).toBe('vm1: user uml-vm1 is not there\n');
});

describe('a group that others are in', () => {
  test('as adduser --system creates it: refused by check and monitor, and the hint fixes it', () => {
    expect(accounts.shell('adduser --system --no-create-home uml-vm1').status).toBe(0);
    const [uid = 0] = idsOf('uml-vm1');
    world.configure({ vm1: `vmuser = uml-vm1\n${disk}` });
    world.addImage('vm1', 'root.dsk', uid);
    const [problem, ...more] = check();
    expect(problem).toMatchObject({
      code: 'JAIL_GROUP_SHARED',
      key: 'vmuser',
      cause: expect.stringMatching(/uml-vm1: its group nogroup \(gid 65534\) is also the group of/),
      hint: 'umladmin user vm1',
    });
    expect(more).toEqual([]);
    const started = world.run('umlmon', ['vm1']);
    expect([started.status, started.stderr]).toEqual([3, expect.stringContaining('its group nogroup')]);
    expect(existsSync(join(world.varDir, 'vm1/run'))).toBe(false);

    const [program, ...args] = problem?.hint.split(' ') ?? [];
    expect(program).toBe('umladmin');
    expect(admin(...args).stdout).toMatch(/^vm1: user uml-vm1 .* has a group of its own now\n$/);
    expect(idsOf('uml-vm1')).toEqual([uid, Number(accounts.entry('group', 'uml-vm1')?.[2])]);
    expect(check()).toEqual([]);
  });

  test.each([
    ['nobody', 'nobody'],
    ['nobody by its number', '65534'],
  ])('%s is left alone, and the VM gets another user', (_name, vmuser) => {
    world.configure({ vm1: `vmuser = ${vmuser}\n${disk}` });
    world.addImage('vm1', 'root.dsk', 65_534);
    expect(check()).toMatchObject([{ code: 'JAIL_GROUP_SHARED', hint: 'umladmin user vm1' }]);
    const before = accounts.entry('passwd', 'nobody');
    expect(admin('user', 'vm1').stdout).toContain('user uml-vm1 ');
    expect(accounts.entry('passwd', 'nobody')).toEqual(before);
    expect(check()).toMatchObject([{ code: 'IMAGE_ACCESS', hint: expect.stringContaining('chown uml-vm1') }]);
  });

  test('a member that was added later is refused, and not thrown out by umladmin', () => {
    world.configure({ vm1: disk.concat('\nvmuser = uml-vm1') });
    expect(admin('user', 'vm1').status).toBe(0);
    world.addImage('vm1', 'root.dsk', idsOf('uml-vm1')[0]);
    expect(check()).toEqual([]);
    expect(accounts.shell('usermod -a -G uml-vm1 games').status).toBe(0);
    expect(check()).toMatchObject([
      { code: 'JAIL_GROUP_SHARED', cause: expect.stringMatching(/also the group of games$/) },
    ]);
    const { status, stderr } = admin('user', 'vm1');
    expect([status, stderr]).toEqual([3, expect.stringContaining('also the group of games')]);
  });
});

test('the hint for a user that does not exist works as it is printed', async () => {
  world.configure({ vm1: `vmuser = uml-one\n${disk}`, vm2: `vmuser = 4711\n${disk}` });
  const [problem] = check();
  expect(problem).toMatchObject({ code: 'JAIL_USER_UNKNOWN' });
  expect(accounts.shell(problem?.hint ?? '')).toMatchObject({ status: 0 });
  world.addImage('vm1', 'root.dsk', idsOf('uml-one')[0]);
  expect(check()).toEqual([]);
  const [second] = JSON.parse(world.run('umlmon', ['-check', 'vm2', '-json']).stdout).problems;
  expect(accounts.shell(second.hint).status).toBe(0);
  expect(accounts.entry('passwd', 'uml-4711')?.[2]).toBe('4711');
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start']).status).toBe(0);
});

test('two VMs of one user: a warning, and its hint creates a separate user for the second VM', () => {
  world.configure({ vm1: `vmuser = uml-both\n${disk}`, vm2: `vmuser = uml-both\n${disk}` });
  expect(admin('user', 'vm1').stdout).toContain('user uml-vm1 ');
  expect(admin('user', 'vm2').stdout).toContain('user uml-both ');
  const [gid1, gid2] = ['uml-vm1', 'uml-both'].map((name) => idsOf(name)[1]);
  expect(gid1).not.toBe(gid2);
});

test.each([
  ['of nobody knows what', 'vmuser = games', 'umladmin has not made it for this VM'],
  ['that another VM has, too', 'vmuser = irc', 'it is also the user of vm2'],
])('an account %s is not removed', (_name, vmuser, why) => {
  world.configure({ vm1: `${vmuser}\n${disk}`, vm2: disk });
  expect(admin('user', 'vm1', '-remove')).toMatchObject({ status: 5, stderr: expect.stringContaining(why) });
  expect(accounts.entry('passwd', 'games')).toBeDefined();
});

test('a VM without a section gets no user', () => {
  world.configure({ vm1: disk });
  expect(admin('user', 'vm2').stderr).toContain('VM vm2: the configuration has no section of this name');
  expect(accounts.entry('passwd', 'uml-vm2')).toBeUndefined();
});
