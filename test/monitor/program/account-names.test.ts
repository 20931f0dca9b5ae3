/** Users and groups are whatever the host knows them by, with any number; also where /etc/passwd does not have them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { buildProgram } from '../../helpers/programs/program.ts';
import { program, World } from '../../helpers/programs/world.ts';

const users = {
  'bug@corp.example': 4_294_967_294,
  'CORP\\bug': 3_000_000_000,
  'Bo Blank': 65_535,
  'ünï.cødé': 2_147_483_647,
} as const;

const etc = mkdtempSync(join(tmpdir(), 'umlmon-accounts-'));
chmodSync(etc, 0o755);
const lines = Object.entries(users);
for (const [file, line] of [
  ['passwd', ([name, id]: [string, number]) => `${name}:x:${id}:${id}::/nonexistent:/bin/false\n`],
  ['group', ([name, id]: [string, number]) => `${name}:x:${id}:\n`],
] as const)
  writeFileSync(join(etc, file), readFileSync(join('/etc', file), 'utf8') + lines.map(line).join(''));

/** As local accounts, in a mount namespace; and the same from getent(1) alone, which spells names in its own way. */
const mounts = ['passwd', 'group'].map((file) => `mount --bind ${etc}/${file} /etc/${file}`).join(' && ');
const within = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${mounts} && exec "$@"`, 'sh'];
writeFileSync(
  join(etc, 'getent'),
  `#!/bin/sh\ncase "$1 $3" in
  'passwd Bug@Corp.Example' | 'passwd 4294967294') echo 'bug@corp.example:*:4294967294:4294967294::/:/bin/false' ;;
  'group domain users' | 'group 70000') echo 'CORP\\domain users:*:70000:' ;;
  *) exit 2 ;;
esac\n`,
  { mode: 0o755 },
);
const fakeGetent = `mount --bind ${etc}/getent $(readlink -f /usr/bin/getent) && exec "$@"`;
const withGetent = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', fakeGetent, 'sh'];

const lookUp = await buildProgram('look-up-accounts', {
  text: `import { resolveGroup, resolveUser, webGroup, webUser } from './src/jail/user.ts';
    const [what = '', name = ''] = process.argv.slice(2);
    const ways = { user: resolveUser, group: resolveGroup, webUser, webGroup };
    ways[what](name).then((found) => console.log(JSON.stringify(found)), (error) => console.log(String(error)));`,
});

function found(before: readonly string[], what: string, name: string): string {
  const [command = '', ...args] = [...before, process.execPath, lookUp, what, name];
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim();
}

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});
afterAll(() => rmSync(etc, { recursive: true }));

test.each(lines)('%s is found by name and by number', (name, id) => {
  const user = JSON.stringify({ name, uid: id, gid: id });
  expect(found(within, 'user', name)).toBe(user);
  expect(found(within, 'user', String(id))).toBe(user);
  expect(found(within, 'group', name)).toBe(String(id));
  expect(found(within, 'webUser', name)).toBe(user);
  expect(found(within, 'webGroup', name)).toBe(String(id));
});

test('what getent answers counts, however it spells the name', () => {
  const user = '{"name":"bug@corp.example","uid":4294967294,"gid":4294967294}';
  expect(found(withGetent, 'user', 'Bug@Corp.Example')).toBe(user);
  expect(found(withGetent, 'webUser', 'Bug@Corp.Example')).toBe(user);
  expect(found(withGetent, 'group', 'domain users')).toBe('70000');
  expect(found(withGetent, 'user', 'bug@other.example')).toBe(
    'UmlmonError: user bug@other.example: the user does not exist on the host (hint: list the users of the host: getent passwd)',
  );
});

test('a number that the user namespace does not have', () => {
  const alone = ['unshare', '--user', '--map-root-user'];
  expect(found(alone, 'user', 'irc')).toBe(
    'UmlmonError: user irc: the user namespace of this process does not map uid 39; it maps 0 (hint: choose a user with numbers in that range; subuid(5) and subgid(5) set it for rootless containers)',
  );
  expect(found(alone, 'group', 'irc')).toMatch(/does not map gid 39; it maps 0 /);
});

test.each([
  ['bug@corp.example', 'bug@corp.example'],
  ['Bo Blank', 'Bo Blank'],
  ['3000000000', 'CORP\\bug'],
  ["'CORP\\bug'", 'CORP\\bug'],
])('a VM runs as %s', async (written, name) => {
  world = new World(within);
  const id = users[name as keyof typeof users];
  world.configure(
    { vm1: `vmuser = ${written}\nubd0 = /disks/root.dsk` },
    `group = 65535\ngroup_roles = view:"Bo Blank" console:65535`,
  );
  world.addImage('vm1', 'root.dsk', id);
  expect(world.run('umladmin', ['config', 'check'])).toMatchObject({ status: 0, stderr: '' });
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start', '-wait', 'ready', '-timeout', '30s'])).toMatchObject({
    status: 0,
  });
  expect(JSON.parse(world.run('umlwatch', ['vm1', '-json', '-info']).stdout)).toMatchObject({ user: name });
  expect(statSync(join(world.varDir, 'vm1/jail')).gid).toBe(id);
  expect(world.run('umlwatch', ['vm1', '-stop']).status).toBe(0);
});

test.each([
  ['user-namespace', ''],
  ['root', 'userns = off'],
])('umlrun as a user with the largest number (%s launcher)', (_, global) => {
  world = new World(within);
  world.configure({}, global);
  const image = world.addSharedImage(users['bug@corp.example']);
  const [command = '', ...args] = [...within, program('umlrun')];
  const run = [
    ...args,
    '-config',
    world.configPath,
    '-user',
    'bug@corp.example',
    '-image',
    image,
    '--',
    'echo',
    'hi',
  ];
  const { status, stdout, stderr } = spawnSync(command, run, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'hi\n', stderr: '' });
});

test('an ordinary user with a large number, without an account', () => {
  world = new World();
  const home = join(world.home, 'user');
  mkdirSync(home, { mode: 0o777 });
  chmodSync(home, 0o777);
  const image = world.addSharedImage(3_000_000_000);
  const ids = ['--reuid', '3000000000', '--regid', '3000000000', '--clear-groups'];
  const config = join(home, 'umlmon.ini');
  writeFileSync(config, `[GLOBAL]\nvardir = ${home}/var\nrundir = ${home}/run\n`, { mode: 0o644 });
  const kernel = join(world.varDir, 'shared/kernels/linux');
  const run = ['-config', config, '-kernel', kernel, '-image', image, '--', 'echo', 'hi'];
  const { status, stdout, stderr } = spawnSync('setpriv', [...ids, program('umlrun'), ...run], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: home },
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'hi\n', stderr: '' });
});
