/** What a program gets from the process that starts it: descriptors, working directory, HOME, account. */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';
import { program, testImage, World } from '../helpers/programs/world.ts';

/** No account has it. */
const uid = 61_234;
const as = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];

describe('a daemon', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
    world.configure({ vm1: 'mem = 64M\nubd0 = /disks/root.dsk' });
    world.addImage('vm1');
  });

  afterEach(async () => {
    world.run('umladmin', ['stop', 'vm1']);
    await world.close();
  });

  const isLocked = (path: string) => spawnSync('flock', ['-n', path, 'true']).status !== 0;

  test.each([
    ['umlmon', '"$0/umlmon" -config "$1" vm1'],
    ['umladmin start', '"$0/umladmin" -config "$1" start vm1'],
    ['umlmon without the launcher', `${process.execPath} "$0/umlmon.cjs" -config "$1" vm1`],
  ])('of %s keeps no lock of its starter', (_, command) => {
    const lockFile = join(world.home, 'lock');
    const script = `exec 8>"$2"; flock -n 8; exec 200>"$2.200"; flock -n 200; ${command}`;
    const home = join(program('umlmon'), '..');
    expect(spawnSync('bash', ['-c', script, home, world.configPath, lockFile])).toMatchObject({ status: 0 });
    for (const path of [lockFile, `${lockFile}.200`]) expect(isLocked(path)).toBe(false);
    expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
    const monitor = Number(readFileSync(join(world.runDir, 'vm1.pid'), 'utf8'));
    expect(inherited(monitor)).toEqual([]);
  });

  test.each([
    ['umlmon', ['-fg', 'vm1'], 'monitor-started', '.cjs'],
    ['umldir', [], 'serves', '.cjs'],
    ['umlweb', [], 'serves', '.cjs'],
    ['umlmon', ['-fg', 'vm1'], 'monitor-started', ''],
    ['umldir', [], 'serves', ''],
    ['umlweb', [], 'serves', ''],
  ] as const)('%s in the foreground closes what it was not given', async (name, args, ready, bundle) => {
    const path = program(name).replace(/\.cjs$/, bundle);
    world.configure(
      { vm1: 'mem = 64M\nubd0 = /disks/root.dsk' },
      'umldir_port = 0\nweb_listen = 127.0.0.1:0',
    );
    const lockFile = join(world.home, 'lock');
    const script = 'exec 8>"$0"; flock -n 8; exec "$@"';
    const child = spawn('sh', ['-c', script, lockFile, path, '-config', world.configPath, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: world.home,
    });
    try {
      let log = '';
      for await (const text of child.stderr) {
        log += text;
        if (log.includes(ready)) break;
      }
      expect(log).toContain(ready);
      expect(isLocked(lockFile)).toBe(false);
      expect(inherited(child.pid ?? 0)).toEqual([]);
      // Nor does it keep a file system of the starter from being unmounted.
      const cwd = spawnSync('readlink', [`/proc/${child.pid}/cwd`], { encoding: 'utf8' }).stdout.trim();
      expect(cwd).not.toBe(world.home);
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  test('whose working directory was removed works, and so do all clients', () => {
    const script = 'mkdir "$0"; cd "$0"; rmdir "$0"; exec "$@"';
    const here = (name: Parameters<typeof program>[0], ...args: string[]) => {
      const words = ['-c', script, join(world.home, 'gone'), program(name), '-config', world.configPath];
      return spawnSync('sh', [...words, ...args], { encoding: 'utf8', timeout: 60_000 });
    };
    world.addSharedImage();
    expect(here('umlmon', '-check')).toMatchObject({ status: 0 });
    expect(here('umlmon', 'vm1')).toMatchObject({ status: 0 });
    expect(here('umlwatch', 'vm1', '-start')).toMatchObject({ status: 0 });
    expect(here('umladmin', 'list')).toMatchObject({ status: 0 });
    expect(here('umlrun', '--', 'pwd')).toMatchObject({ status: 0, stdout: '/\n' });
    const relative = here('umlrun', '-share', 'x', '--', 'true');
    expect(relative.stderr).toContain(
      '-share x: the path is relative, and the working directory was removed',
    );
    expect(here('umlmon', '-config', 'x.ini', '-check')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('cd to an existing directory, or use an absolute path'),
    });
  });
});

/** Descriptors above the standard ones that its children would inherit. */
function inherited(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fdinfo`).filter((fd) => {
    const flags = /^flags:\s*(\d+)$/m.exec(infoOf(pid, fd))?.[1] ?? '2000000';
    return Number(fd) > 2 && (Number.parseInt(flags, 8) & 0o2000000) === 0;
  });
}

/** Empty of a descriptor that the daemon has closed since it was listed. */
function infoOf(pid: number, fd: string): string {
  try {
    return readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

describe('a user', () => {
  let above: string;

  beforeEach(() => {
    above = mkdtempSync(join(tmpdir(), 'umlmon-home-'));
    spawnSync('chmod', ['755', above]);
  });

  afterEach(() => rmSync(above, { recursive: true, force: true }));

  /** @param env all that it has */
  function run(
    env: Readonly<Record<string, string>>,
    name: Parameters<typeof program>[0],
    ...args: string[]
  ): SpawnSyncReturns<string> {
    const variables = Object.entries({ PATH: process.env.PATH ?? '', ...env }).map(
      ([key, value]) => `${key}=${value}`,
    );
    const [command = '', ...words] = ['env', '-i', ...variables, ...as, program(name), ...args];
    return spawnSync(command, words, { encoding: 'utf8', timeout: 60_000, cwd: '/', input: '' });
  }

  /** A home with a configuration and a VM at the usual places. */
  function makeHome(name: string): string {
    const home = join(above, name);
    const [config, var_] = [join(home, '.config/umlmon'), join(home, '.local/state/umlmon')];
    const [kernels, disks] = [join(var_, 'shared/kernels/linux'), join(var_, 'shared/disks')];
    for (const directory of [config, kernels, disks]) mkdirSync(directory, { recursive: true });
    for (const part of ['linux', 'lib'])
      cpSync(join(testKernelDirectory(), part), join(kernels, part), { recursive: true, dereference: true });
    spawnSync('cp', ['--sparse=always', testImage(), join(disks, 'root.dsk')]);
    writeFileSync(join(config, 'umlmon.ini'), '[GLOBAL]\n[vm1]\nmem = 64M\nubd0 = /shared/disks/root.dsk\n');
    spawnSync('chown', ['-R', `${uid}:${uid}`, home]);
    return home;
  }

  test.each(['a b', ' two  blanks ', `"$HOME" \`id\` \\`, "it's;y#z%h&*?[1]", 'Müller 本'])(
    'with the home %j runs a VM, umlrun, checks and doctor',
    (name) => {
      const HOME = makeHome(name);
      const XDG_RUNTIME_DIR = join(HOME, 'run');
      mkdirSync(XDG_RUNTIME_DIR);
      spawnSync('chown', [`${uid}:${uid}`, XDG_RUNTIME_DIR]);
      const env = { HOME, XDG_RUNTIME_DIR };
      expect(run(env, 'umlmon', '-check')).toMatchObject({ status: 0, stderr: '' });
      expect(run(env, 'umlmon', '-plan', 'vm1')).toMatchObject({ status: 0 });
      expect(run(env, 'umlmon', 'vm1')).toMatchObject({ status: 0 });
      try {
        expect(run(env, 'umlwatch', 'vm1', '-start')).toMatchObject({ status: 0 });
        expect(run(env, 'umlwatch', 'vm1', '-run', 'echo yes')).toMatchObject({ status: 0, stdout: 'yes\n' });
        expect(run(env, 'umladmin', 'doctor').stdout).toContain('good     configuration');
        expect(run(env, 'umladmin', 'list').stdout).toContain('vm1  running');
      } finally {
        expect(run(env, 'umladmin', 'stop', 'vm1')).toMatchObject({ status: 0 });
      }
      expect(run(env, 'umlrun', '--', 'echo', 'hi')).toMatchObject({ status: 0, stdout: 'hi\n' });
    },
  );

  test('with a home that cannot be a path of umlmon: the error names the key to set, and the key works', () => {
    const HOME = makeHome('a\nb');
    const checked = run({ HOME, UMLMON_CONFIG: join(HOME, '.config/umlmon/umlmon.ini') }, 'umlmon', '-check');
    expect(checked.status).toBe(3);
    expect(checked.stderr).toContain('set vardir in [GLOBAL] of the configuration');
    const config = join(above, 'set.ini');
    writeFileSync(config, `[GLOBAL]\nvardir = ${above}/v\nrundir = ${above}/r\n`);
    expect(run({ HOME, UMLMON_CONFIG: config }, 'umlmon', '-check')).toMatchObject({ status: 0 });
  });

  test('without home and account: the error comes where a home is needed, and only there', () => {
    const config = join(above, 'set.ini');
    writeFileSync(config, `[GLOBAL]\nvardir = ${above}/v\nrundir = ${above}/r\n`);
    for (const [name, ...args] of [
      ['umlmon', '-check'],
      ['umladmin', 'list'],
      ['umlwatch', '-version'],
    ] as const)
      expect(run({ UMLMON_CONFIG: config }, name, ...args)).toMatchObject({ status: 0, stderr: '' });
    writeFileSync(config, '[GLOBAL]\n');
    for (const env of [{ UMLMON_CONFIG: config }, { UMLMON_CONFIG: config, HOME: 'relative' }])
      expect(run(env, 'umlmon', '-check')).toMatchObject({
        status: 3,
        stderr: expect.stringMatching(
          /vardir: there is no default, because this user has no home.*set HOME, or set/,
        ),
      });
    expect(run({}, 'umlrun', '--', 'true')).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('vardir: there is no default'),
    });
    expect(run({}, 'umlmon', '-check').stderr).toContain('no configuration file found; tried /etc/umlmon');
  });
});

test('every daemon closes what it has inherited, before it opens anything', () => {
  const source = join(import.meta.dirname, '../../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.ts$/.test(file),
  );
  const textOf = (file: string) => readFileSync(join(source, file), 'utf8');
  // Each program that reports to a service manager is one.
  const daemons = files.filter((file) => textOf(file).includes('ServiceManager.open('));
  expect(daemons.sort()).toEqual(['directory/daemon.ts', 'monitor/program/daemon.ts', 'web/main.ts']);
  for (const name of ['umldir', 'umlmon', 'umlweb'])
    expect(textOf(`bin/${name}.ts`)).toMatch(
      /^import '..\/system\/sealed.ts';\nimport '..\/system\/processes\/closed-descriptors.ts';/,
    );
});
