/** What the reason `own` of test/paths.test.ts says: which directories of a VM somebody else than root may write to. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { vmUid, vmUser, World } from '../../helpers/programs/world.ts';

let world: World;
beforeEach(() => {
  world = new World();
  world.addImage('vm1');
});
afterEach(() => world.close());

/** Directories below `path`, with those that are not root's alone as `OWNER MODE`. */
function others(path: string): string[] {
  const { uid, mode } = lstatSync(path);
  const isOwn = uid === 0 && (mode & 0o022) === 0;
  const here = isOwn ? [] : [`${path} ${uid} ${(mode & 0o7777).toString(8)}`];
  const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...here, ...below.flatMap(({ name }) => others(join(path, name)))];
}

test('of all directories of a VM that runs, crashes and is backed up, its user owns the run directory of the kernel, no other', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty log\nhook = /bin/true\nmetrics = socket' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  await waitForEvent(client, 'guest-message');
  await client.call('backup', { name: 'b' });
  const shell = await GuestShell.open(client);
  await shell.type('echo c >/proc/sysrq-trigger\r');
  await waitForEvent(client, 'crash-bundle');
  await expect.poll(async () => (await client.call('info', undefined)).state).toBe('stopped');
  await client.call('start', undefined);
  // What the first kernel has left is on its way out, in a directory that only root can enter.
  await expect.poll(() => existsSync(join(world.varDir, 'vm1/trash'))).toBe(false);
  const kernelOwn = join(world.varDir, 'vm1/run/uml');
  expect([...others(world.varDir), ...others(world.runDir)]).toEqual([
    `${kernelOwn} ${vmUid} 700`,
    expect.stringMatching(`^${kernelOwn}/vm1 ${vmUid} `),
  ]);
}, 60_000);

test.each([
  ['vardir', 'GLOBAL', 1],
  ['rundir', 'GLOBAL', 1],
  ['shared', 'GLOBAL', 1],
  ['backup_dir', 'vm1', 3],
])(
  '%s below a directory of another user is refused, and nothing is created there',
  (key, section, failed) => {
    const theirs = join(world.home, 'theirs');
    const linked = join(world.home, 'linked');
    mkdirSync(theirs);
    chownSync(theirs, vmUid, vmUid);
    symlinkSync(theirs, linked);
    for (const path of [theirs, linked]) {
      const global = new Map([
        ['vardir', world.varDir],
        ['rundir', world.runDir],
      ]);
      const vm = new Map([
        ['vmuser', vmUser],
        ['ubd0', '/disks/root.dsk'],
      ]);
      (section === 'GLOBAL' ? global : vm).set(key, `${path}/here`);
      const lines = (map: typeof vm) => [...map].map(([name, value]) => `${name} = ${value}\n`).join('');
      writeFileSync(world.configPath, `[GLOBAL]\n${lines(global)}[vm1]\n${lines(vm)}`);
      for (const [args, expected] of [
        [['-fg', 'vm1'], failed],
        [['-cleanup', 'vm1'], failed],
        [['-check', 'vm1'], 3],
      ] as const) {
        const { status, stderr } = world.run('umlmon', args);
        expect(stderr).toContain(`[${section}] ${key}: users other than root can change the directory: `);
        expect(stderr).toContain(`${theirs} belongs to user ${vmUid} (hint: fix it with chown and chmod`);
        expect(status).toBe(expected);
      }
      expect(readdirSync(theirs)).toEqual([]);
    }
  },
);

test('a hook that others could change is a mistake of the configuration, and no start calls it', async () => {
  const hook = join(world.home, 'theirs/hook');
  mkdirSync(join(world.home, 'theirs'));
  writeFileSync(hook, `#!/bin/sh\ntouch ${world.home}/ran\n`, { mode: 0o755 });
  chownSync(join(world.home, 'theirs'), vmUid, vmUid);
  world.configure({ vm1: `ubd0 = /disks/root.dsk\nhook = ${hook}` });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await expect(client.call('start', undefined)).rejects.toMatchObject({
    code: 'HOOK_UNTRUSTED',
    reason: expect.stringContaining(`theirs belongs to user ${vmUid}`),
  });
  expect(readdirSync(world.home)).not.toContain('ran');
  chownSync(join(world.home, 'theirs'), 0, 0);
  await client.call('start', undefined);
  expect(readdirSync(world.home)).toContain('ran');
});

test('a monitor refuses to continue in a directory that others can write since its start', async () => {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
  await world.startMonitor('vm1');
  const client = await world.client('vm1');
  await client.call('start', undefined);
  await client.call('backup', { name: 'b' });
  chmodSync(join(world.varDir, 'vm1/backups'), 0o777);
  for (const call of [client.call('backup', { name: 'c' }), client.call('backupList', undefined)])
    await expect(call).rejects.toMatchObject({
      code: 'BACKUP_DIRECTORY',
      reason: expect.stringContaining('backups is writable by users other than its owner'),
    });
  expect(readdirSync(join(world.varDir, 'vm1/backups'))).toEqual(['b']);
  chmodSync(join(world.varDir, 'vm1/backups'), 0o700);
  rmSync(join(world.varDir, 'vm1/backups/b'), { recursive: true });
});
