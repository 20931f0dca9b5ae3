import '../helpers/tiers/needs-host.ts';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const scratch = mkdtempSync(join(tmpdir(), 'umlmon-setup-'));
chmodSync(scratch, 0o777);
afterAll(() => rmSync(scratch, { recursive: true }));

/** As an unprivileged user, so that nothing can be installed by mistake. */
function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const { status, stdout, stderr } = spawnSync('setpriv', [...user, 'sh', `src/setup/${script}`, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: scratch, ...env },
  });
  return { status, stdout, stderr };
}

describe('kernel.sh', () => {
  const configuration = join(scratch, 'apt.conf');
  const proxy = 'http://127.0.0.1:1';
  const offline = { APT_CONFIG: configuration, http_proxy: proxy, https_proxy: proxy };
  const cache = join(scratch, 'cache');
  const kernel = join(cache, 'kernel-1um1');
  beforeAll(() => {
    writeFileSync(configuration, `Acquire::http::Proxy "${proxy}"; Acquire::https::Proxy "${proxy}";`);
    mkdirSync(kernel, { recursive: true });
    chmodSync(cache, 0o777);
    writeFileSync(join(kernel, 'linux'), '', { mode: 0o755 });
    symlinkSync('kernel-1um1', join(cache, 'kernel'));
  });

  test('uses a cached kernel without network, silently', () => {
    expect(run('kernel.sh', [cache], offline)).toEqual({ status: 0, stdout: `${kernel}\n`, stderr: '' });
    const byVariable = run('kernel.sh', [], { ...offline, UMLMON_CACHE: cache });
    expect(byVariable.stdout).toBe(`${kernel}\n`);
  });

  test('keeps the cached one when the mirror cannot be reached', () => {
    const { status, stdout, stderr } = run('kernel.sh', ['--update', cache], offline);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${kernel}\n` });
    expect(stderr).toMatch(/the cached one stays in use/);
  });

  test('without cache and network it fails with the reason, and leaves no files', () => {
    const empty = join(scratch, 'empty');
    const { status, stdout, stderr } = run('kernel.sh', [empty], offline);
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toMatch(/^kernel: .*\(hint: .*\)$/m);
    expect(readdirSync(empty)).toEqual(['.lock']);
  });

  test('without the tools it names the missing one', () => {
    // A PATH with just what the script needs before it asks.
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    for (const name of ['sh', 'mkdir', 'readlink']) symlinkSync(`/bin/${name}`, join(bin, name));
    const { status, stderr } = spawnSync('/bin/sh', ['src/setup/kernel.sh', join(scratch, 'toolless')], {
      encoding: 'utf8',
      env: { PATH: bin },
    });
    expect(status).toBe(6);
    expect(stderr).toMatch(/apt-get is missing/);
  });

  test.each([[['a', 'b']], [['--nonsense']], [['']]])('%j is wrong usage', (args) => {
    expect(run('kernel.sh', args)).toMatchObject({ status: 2, stdout: '' });
  });

  test('the kernel of the tests has its layout', () => {
    const directory = process.env.UMLMON_TEST_KERNEL ?? '';
    expect(run('kernel.sh', [dirname(directory)], offline).stdout).toMatch(/\/kernel-[^/\n]+\n$/);
    expect(readdirSync(directory).sort()).toEqual(['VERSION', 'lib', 'linux', 'modules']);
    expect(readdirSync(join(directory, 'lib')).sort()).toEqual([
      'ld-linux-x86-64.so.2',
      'libc.so.6',
      'libgcc_s.so.1',
    ]);
  });
});

test('the demo runs where new files are closed to others', () => {
  const { status, stdout } = spawnSync('sh', ['-c', 'umask 077; exec sh src/setup/run-demo.sh'], {
    encoding: 'utf8',
    input: '',
  });
  expect(stdout).toContain('reboot: Power down');
  expect(status).toBe(0);
});

describe('packages.sh', () => {
  describe('while another apt runs', () => {
    const bin = join(scratch, 'apt');
    const calls = join(bin, 'calls');
    const locked =
      'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 12 (unattended-upgr)';
    /** A stand-in for apt-get whose lock is free after so many calls. */
    const runWith = (free: number, wait: string) => {
      mkdirSync(bin, { recursive: true });
      writeFileSync(calls, '');
      const script = `case "$*" in *--simulate*) exit 0;; esac
echo "$*" >>${calls}
[ "$(wc -l <${calls})" -gt ${free} ] && { echo installed; exit 0; }
echo '${locked}' >&2
exit 100`;
      writeFileSync(join(bin, 'apt-get'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const { status, stderr } = spawnSync('sh', ['src/setup/packages.sh', 'no-such-package'], {
        encoding: 'utf8',
        env: { PATH: `${bin}:${process.env.PATH}`, UMLMON_APT_WAIT: wait },
      });
      return { status, lines: stderr.trimEnd().split('\n') };
    };

    test('it waits, and names the other process once', () => {
      const { status, lines } = runWith(2, '60');
      expect(status).toBe(0);
      expect(lines.filter((line) => line !== locked)).toEqual([
        'packages: installing no-such-package',
        'packages: waits for apt, which is in use by 12 (unattended-upgr)',
        'installed',
      ]);
    });

    test('it does not wait without limit', () => {
      const { status, lines } = runWith(1000, '1');
      expect(status).toBe(100);
      expect(lines.at(-1)).toBe(
        'packages: apt is in use by 12 (unattended-upgr) for 1 s already (hint: see what it does; try again later)',
      );
    });
  });

  test('is silent when all packages are installed', () => {
    expect(run('packages.sh', ['run', 'build', 'test', 'dpkg'])).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('prints the command for root to another user', () => {
    // dpk: part of the name of an installed package.
    expect(run('packages.sh', ['run', 'no-such-b', 'dpkg', 'dpk', 'no-such-a'])).toEqual({
      status: 1,
      stdout: 'sudo apt-get install no-such-b dpk no-such-a\n',
      stderr: '',
    });
  });

  test('requires an argument', () => {
    expect(run('packages.sh', []).status).toBe(2);
  });

  test('knows packages that exist', () => {
    const listed = execFileSync('sh', ['-c', 'grep -E "^(run|build|test)=" src/setup/packages.sh'], {
      encoding: 'utf8',
    });
    const names = [...listed.matchAll(/[\w.+-]+(?=[ '])/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(12);
    expect(
      execFileSync('apt-cache', ['show', '--no-all-versions', ...names], { encoding: 'utf8' }),
    ).toContain('Package: ');
  });
});

test('another user than root finds the kernel in the cache of the home directory', () => {
  const home = mkdtempSync(join(tmpdir(), 'umlmon-home-'));
  try {
    const kernel = join(home, '.cache/umlmon/kernel-1');
    mkdirSync(kernel, { recursive: true });
    writeFileSync(join(kernel, 'linux'), '', { mode: 0o755 });
    symlinkSync('kernel-1', join(home, '.cache/umlmon/kernel'));
    execFileSync('chown', ['-R', '61018:61018', home]);
    const asUser = ['--reuid', '61018', '--regid', '61018', '--clear-groups', '--', 'env', '-i'];
    const run = [`PATH=${process.env.PATH}`, `HOME=${home}`, 'sh', 'src/setup/kernel.sh'];
    const found = execFileSync('setpriv', [...asUser, ...run], { encoding: 'utf8' });
    expect(found).toBe(`${kernel}\n`);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
