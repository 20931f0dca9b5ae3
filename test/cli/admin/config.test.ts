/** umladmin config: reading and changing the files of the administrator. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { attributesOf, readableByUser1, setAttribute } from '../../helpers/host/attributes.ts';
import { nobody, program, vmUid, World } from '../../helpers/programs/world.ts';

const world = new World();
const directory = dirname(world.configPath);
const config = (...args: string[]) => world.run('umladmin', ['config', ...args]);
const content = () => readFileSync(world.configPath, 'utf8');
const disk = 'ubd0 = /disks/root.dsk';

beforeEach(() => {
  world.configure({ vm1: `# memory\nmem   = 64M\n${disk}`, vm2: disk });
});
afterAll(() => world.close());

describe('get and list', () => {
  test('values in force, of all files and the table', () => {
    expect(config('get', 'vm1', 'mem')).toEqual({ status: 0, stdout: '64M\n', stderr: '' });
    expect(config('get', 'vm2', 'mem').stdout).toBe('128M\n');
    expect(config('get', 'GLOBAL', 'vardir').stdout).toBe(`${world.varDir}\n`);
    const [setting] = [JSON.parse(config('get', 'vm1', 'mem', '-json').stdout)];
    expect(setting).toEqual({
      section: 'vm1',
      key: 'mem',
      value: '64M',
      origin: expect.stringMatching(/umlmon\.ini:\d+$/),
    });
    expect(config('list', 'vm1').stdout).toMatch(/^\[vm1\]\nsettings of .*umlmon\.ini, by line\n/);
    const sections = config('-json', 'list').stdout.trimEnd().split('\n');
    expect(sections.map((line) => JSON.parse(line).section)).toEqual(['GLOBAL', 'vm1', 'vm2']);
  });

  test.each([
    [['get', 'vm1', 'ubd7'], '[vm1] ubd7: the key has no value', 1],
    [['get', 'vm1', 'mme'], '[vm1] mme: the key does not exist (hint: did you mean "mem"?)', 3],
    [
      ['set', 'vm3', 'mem', '64M'],
      'VM vm3: the configuration has no section of this name (hint: did you mean "vm1"?)',
      3,
    ],
    [['set', 'vm1', 'mem'], 'config set needs a VALUE (hint: use: config set SECTION KEY VALUE)', 2],
  ])('%j', (args, message, status) => {
    expect(config(...args)).toEqual({ status, stdout: '', stderr: `umladmin: ${message}\n` });
  });
});

describe('set and unset', () => {
  test('one line changes', () => {
    const before = content();
    expect(config('set', 'vm1', 'mem', '96M').stdout).toBe(
      'vm1: mem is 96M, was 64M; takes effect at the next start of the VM\n',
    );
    expect(content()).toBe(before.replace('mem   = 64M', 'mem   = 96M'));
    expect(config('set', 'GLOBAL', 'escape', '^A').status).toBe(0);
    expect(config('set', 'vm2', 'append', '-x "y;z" #').status).toBe(0);
    expect(config('get', 'vm2', 'append').stdout).toBe('-x "y;z" #\n');
    expect(config('set', 'vm1', 'mem', '96M').stdout).toBe('vm1: mem is 96M; nothing was changed\n');
    expect(config('unset', 'vm1', 'mem').stdout).toMatch(/^vm1: mem is 128M, was 96M/);
    expect(config('unset', 'vm1', 'mem').stdout).toBe('vm1: mem is 128M; nothing was changed\n');
    expect(content()).toContain('# memory\n');
    expect(config('check')).toMatchObject({ status: 0, stdout: `${world.configPath}: good (2 VMs)\n` });
  });

  test.each([
    ['vm1', 'mem', 'much', /\[vm1\] mem: "much" is not a size/],
    ['vm1', 'mme', '64M', /\[vm1\] mme: the key does not exist/],
    ['vm1', 'root', 'ubdb', /\[vm1\] root: the root device ubdb is ubd1, which is not configured/],
    ['GLOBAL', 'rundir', 'here', /\[GLOBAL\] rundir: /],
    ['vm1', 'append', 'a\nmem = 1G', /\[vm1\] append: .* cannot be written in a configuration/],
  ])('an invalid value is not written: %s %s %j', (section, key, value, message) => {
    const before = content();
    const { status, stderr } = config('set', section, key, value);
    expect(stderr).toMatch(message);
    expect(status).toBe(3);
    expect(content()).toBe(before);
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  test('mistakes in other sections do not block a change, and those of one section are fixed one by one', () => {
    world.configure({ vm1: disk, bad: 'mem = much\nvmuser = irc\ncpu = fast' });
    expect(config('set', 'vm1', 'mem', '96M').status).toBe(0);
    expect(config('check').status).toBe(3);
    expect(config('set', 'bad', 'mem', 'more').status).toBe(3);
    for (const [key, value] of [
      ['mem', '64M'],
      ['cpu', 'auto'],
      ['ubd0', '/disks/root.dsk'],
    ])
      expect(config('set', 'bad', key ?? '', value ?? '')).toMatchObject({ status: 0 });
    expect(config('check').status).toBe(0);
    world.configure({ vm1: disk }, 'escape = nothing');
    expect(config('set', 'GLOBAL', 'escape', '^B')).toMatchObject({ status: 0, stderr: '' });
  });

  test('a valid change that leaves a VM unable to start is written, with a warning that names file and line', () => {
    world.configure(
      { vm1: `mem = 64M\n${disk}\nstart = boot`, bad: 'mem = much\nvmuser = irc' },
      'escape = nothing',
    );
    const first = config('set', 'vm1', 'mem', '96M');
    expect(first.stdout).toBe(
      'vm1: mem is 96M, was not set; takes effect when the other mistakes are fixed\n',
    );
    expect(first.stderr).toMatch(/^vm1 cannot be started:\n\S+umlmon\.ini:4: \[GLOBAL\] escape: /);
    expect(first.stderr).not.toContain('[bad]');
    expect(content()).toContain('mem = 96M');
    expect(JSON.parse(config('-json', 'set', 'vm1', 'mem', '80M').stdout).problems).toMatchObject([
      { section: 'GLOBAL', key: 'escape', line: 4 },
    ]);
    const mended = config('set', 'GLOBAL', 'escape', '^B');
    expect(mended).toMatchObject({ status: 0, stderr: '' });
    // All commands report the remaining problem with the same text.
    const again = config('set', 'vm1', 'mem', '96M');
    expect(again.stderr).toMatch(
      /^vm1 cannot be started on this host:\n\S+:\d+: \[vm1\] ubd0: the image does not exist/,
    );
    const line = again.stderr.split('\n')[1] ?? '';
    for (const [program, args] of [
      ['umlmon', ['-check', 'vm1']],
      ['umlmon', ['-plan', 'vm1']],
      ['umladmin', ['config', 'check']],
      ['umladmin', ['start', 'vm1']],
    ] as const)
      expect(world.run(program, args).stderr, `${program} ${args.join(' ')}`).toContain(line);
    const [problem = '', hint = ''] = line.split(' (hint: ');
    expect(world.run('umladmin', ['doctor']).stdout).toContain(problem);
    expect(hint).not.toBe('');
    world.run('umladmin', ['stop']);
  });

  test('mode and owner stay; a link stays a link', () => {
    const real = join(directory, 'real.ini');
    renameSync(world.configPath, real);
    symlinkSync('real.ini', world.configPath);
    chmodSync(real, 0o664);
    chownSync(real, vmUid, vmUid);
    expect(config('set', 'vm1', 'mem', '96M').status).toBe(0);
    expect(statSync(real)).toMatchObject({ mode: 0o100664, uid: vmUid, gid: vmUid });
    expect(readdirSync(directory)).toContain('real.ini');
    expect(config('get', 'vm1', 'mem').stdout).toBe('96M\n');
    renameSync(real, world.configPath);
    chownSync(world.configPath, 0, 0);
  });

  test('an access control list stays; a file that is mounted alone is written in place, as in a container', () => {
    setAttribute(world.configPath, 'system.posix_acl_access', readableByUser1);
    expect(config('set', 'vm1', 'mem', '96M').status).toBe(0);
    expect(attributesOf(world.configPath).get('system.posix_acl_access')).toEqual(readableByUser1);
    const { ino } = statSync(world.configPath);
    const mounted = `mount --bind ${world.configPath} ${world.configPath} && exec "$@"`;
    const args = ['-config', world.configPath, 'config', 'set', 'vm1', 'mem', '80M'];
    const { status, stderr } = spawnSync('unshare', [
      '-m',
      'sh',
      '-c',
      mounted,
      'sh',
      program('umladmin'),
      ...args,
    ]);
    expect([status, String(stderr)]).toEqual([0, expect.not.stringContaining('HOST_FILE')]);
    expect(statSync(world.configPath).ino).toBe(ino);
    expect(config('get', 'vm1', 'mem').stdout).toBe('80M\n');
    expect(readdirSync(directory).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('a full disk: the file stays, and the error names it', () => {
    const text = content();
    const full = `mount -t tmpfs -o size=32k,mode=755 tmpfs ${directory} && cat >${world.configPath} &&
      dd if=/dev/zero of=${directory}/fill bs=4k count=16 2>/dev/null; "$@"; echo "status $?"; cat ${world.configPath}`;
    const args = ['-config', world.configPath, 'config', 'set', 'vm1', 'mem', '80M'];
    const { stdout } = spawnSync(
      'unshare',
      ['-m', 'sh', '-c', `exec 2>&1; ${full}`, 'sh', program('umladmin'), ...args],
      {
        input: text,
        encoding: 'utf8',
      },
    );
    const said = `umladmin: ${world.configPath}: ENOSPC: no space left on device, write (hint: make room on its file system: df ${directory})`;
    expect(stdout).toBe(`${said}\nstatus 6\n${text}`);
  });

  test('in a VM with its own file, the value set by its user wins, and a message reports this', () => {
    const file = join(directory, 'vms/own.ini');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `[own]\nvmuser = irc\n${disk}\n`);
    const before = content();
    expect(config('set', 'own', 'mem', '96M').status).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(`[own]\nvmuser = irc\n${disk}\nmem = 96M\n`);
    expect(content()).toBe(before);
    mkdirSync(join(world.varDir, 'own'), { recursive: true });
    writeFileSync(join(world.varDir, 'own/config'), '[own]\nstop_timeout = 7s\n');
    const { stdout, stderr } = config('set', 'own', 'stop_timeout', '9s');
    expect(stdout).toMatch(/^own: stop_timeout is 7s/);
    expect(stderr).toContain('a setting of the user of the VM takes precedence');
  });

  test('of many changes at the same time, none is lost', async () => {
    const keys = Array.from({ length: 8 }, (_, unit) => `ssl${unit}`);
    const statuses = await Promise.all(
      keys.map(
        (key) =>
          new Promise((resolve) => {
            const args = ['-config', world.configPath, 'config', 'set', 'vm1', key, 'pty'];
            spawn(program('umladmin'), args, { stdio: 'ignore' }).once('exit', resolve);
          }),
      ),
    );
    expect(statuses).toEqual(keys.map(() => 0));
    for (const key of keys) expect(content()).toMatch(new RegExp(`^${key} = pty$`, 'm'));
  });
});

test('root edits no file in a directory of another user', () => {
  const before = content();
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'of root');
  // The name under which the new file would be made.
  linkSync(victim, `${world.configPath}.new`);
  chownSync(directory, nobody, nobody);
  const refused = config('set', 'vm1', 'mem', '96M');
  expect(refused).toMatchObject({ status: 3, stdout: '' });
  expect(refused.stderr).toContain(
    `${directory} belongs to user ${nobody} (hint: edit it as its owner, or fix the directory with chown and chmod)`,
  );
  expect(content()).toBe(before);
  expect(readFileSync(victim, 'utf8')).toBe('of root');
  chownSync(directory, 0, 0);
  rmSync(`${world.configPath}.new`);
  expect(config('set', 'vm1', 'mem', '96M').status).toBe(0);
});
