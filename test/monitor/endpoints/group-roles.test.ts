/** Members of groups of the host at the control socket of a monitor, as the kernel knows them. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCClient } from '../../helpers/programs/c-client.ts';
import { World } from '../../helpers/programs/world.ts';

const world = new World();
/** games, audio and video of Debian: groups that a group of the configuration must be. */
const groups = { all: 60, students: 29, tutors: 44 };
/** A number that no account has. */
const uid = 61_100;
let cClient: string;

beforeAll(async () => {
  const roles = `group = ${groups.all}\ngroup_roles = console:${groups.students} operate:${groups.tutors}`;
  world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk' }, roles);
  world.addImage('vm1');
  cClient = buildCClient(world.home);
  await world.startMonitor('vm1');
}, 60_000);
afterAll(() => world.close());

function call(as: readonly number[], ...command: readonly string[]) {
  const [gid, ...others] = as;
  const more = others.length > 0 ? ['--groups', others.join(',')] : ['--clear-groups'];
  const identity = ['--reuid', `${uid}`, '--regid', `${gid}`, ...more, '--'];
  const args = [...identity, cClient, join(world.varDir, 'vm1/ctrl'), ...command];
  const { status, stdout, stderr } = spawnSync('setpriv', args, { encoding: 'utf8', cwd: '/' });
  return status === 0 ? 'done' : stdout.split('|')[0] || stderr;
}

test('the groups of a local user decide what it may do', () => {
  const { all, students, tutors } = groups;
  expect(call([uid], 'info')).toMatch(/Permission denied/);
  expect([call([all], 'info'), call([all], 'log', 'con0', '0', '9'), call([all], 'kill')]).toEqual([
    'done',
    'ROLE_TOO_LOW',
    'ROLE_TOO_LOW',
  ]);
  expect([call([all, students], 'log', 'con0', '0', '9'), call([all, students], 'kill')]).toEqual([
    'done',
    'ROLE_TOO_LOW',
  ]);
  // Allowed, and refused by the VM, which is stopped.
  expect(call([tutors, all], 'kill')).toBe('STATE_WRONG');
  expect(call([all, tutors], 'create', '/disks/x.dsk', '4096')).toBe('ROLE_TOO_LOW');
});
