/** Which programs of the host are run, from where, and with which variables. */
import '../../helpers/tiers/needs-host.ts';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { daemonEnvironment, userEnvironment } from '../../../src/system/environment.ts';
import { locateProgram, programPath } from '../../../src/system/processes/find-program.ts';
import { systemPath } from '../../../src/system/processes/system-path.ts';

const root = join(import.meta.dirname, '../../..');
const starters = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];

/** Starts the programs of its callers, by an absolute path and with chosen variables. */
const layer = 'src/system/processes/host-command.ts';

/** All other files that start programs themselves, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'src/disk/content/filesystem-tool.ts': 'its confinement is proved by a test that reads this file',
  'src/jail/host/trial.ts': 'the chain of a jail has exact descriptors',
  'src/jail/pause.ts': 'a guard that outlives this process and listens to a pipe of it',
  'src/jail/spawn/spawn.ts': 'the chain of a kernel has exact descriptors, and outlives this process',
  'src/monitor/start/hooks.ts': 'an end of the hook is an end of its group, whatever holds its pipes',
  'src/system/processes/background.ts': 'a monitor outlives this process and reports on a pipe',
};

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: `src/${path}`, text: readFileSync(join(root, 'src', path), 'utf8') }));

/** From a parenthesis to the one that closes it. */
function enclosed(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')' && --depth === 0) return text.slice(from + 1, at);
  }
  throw new Error('unbalanced');
}

/** The mistakes in how a file starts programs. */
function mistakes({ path, text }: { path: string; text: string }): string[] {
  const imported = /import \{([^}]*)\} from '(?:node:)?child_process'/.exec(text)?.[1];
  if (imported === undefined)
    return /['"](?:node:)?child_process['"]/.test(text) ? [`${path}: imports it in another way`] : [];
  const names = imported
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
  return names.flatMap((name) => {
    if (!starters.includes(name)) return [`${path}: imports ${name}`];
    if (path === layer) return [];
    const calls = [...text.matchAll(new RegExp(`(?<![\\w.])${name}\\(`, 'g'))];
    const uses = [...text.matchAll(new RegExp(`(?<![\\w.'/])${name}\\b(?!')`, 'g'))];
    // One use is the import.
    if (uses.length !== calls.length + 1) return [`${path}: ${name} is used other than by a call`];
    return calls.flatMap(({ index, 0: call }) => {
      const args = enclosed(text, index + call.length - 1);
      const [, literal] = /^\s*['"`]([^'"`]*)/.exec(args) ?? [];
      const variables = /\benv\b/.test(args) || /, options\b/.test(args);
      return [
        ...(literal === undefined || literal.startsWith('/')
          ? []
          : [`${path}: ${literal} is looked up in PATH`]),
        ...(variables ? [] : [`${path}: ${name} passes on all variables`]),
        ...(/\bshell:/.test(args) ? [`${path}: ${name} uses a shell`] : []),
      ];
    });
  });
}

test('every program of the host is started by its path, and with variables that were chosen', () => {
  expect(sources.flatMap(mistakes)).toEqual([]);
});

test('programs are started by one layer, and by a few files with further needs', () => {
  const starting = sources.filter(({ text }) => /from '(?:node:)?child_process'/.test(text));
  expect(starting.map(({ path }) => path).sort()).toEqual([layer, ...Object.keys(exceptions)].sort());
  const onExeca = sources.filter(({ text }) => /['"]execa['"]/.test(text));
  expect(onExeca.map(({ path }) => path)).toEqual(['src/system/processes/foreground-command.ts']);
});

test('that test finds what it looks for', () => {
  const text = (call: string) =>
    `import { execFile, spawnSync } from 'node:child_process';\nexecFile('/x', { env });\n${call}`;
  const found = (call: string) => mistakes({ path: 'x', text: text(call) });
  expect(found("spawnSync('getent', [], { env: {} });")).toEqual(['x: getent is looked up in PATH']);
  expect(found("spawnSync(program, [(1)], { cwd: '/' });")).toEqual(['x: spawnSync passes on all variables']);
  expect(found('const run = promisify(spawnSync);')).toEqual(['x: spawnSync is used other than by a call']);
  expect(mistakes({ path: 'x', text: "import * as c from 'child_process';" })).toHaveLength(1);
});

test('no program gets all environment variables of umlmon', () => {
  // A copy of everything is no choice.
  const copies = sources.filter(({ text }) => /env: (?:process\.env\b|\{ \.\.\.process\.env\b)/.test(text));
  const configured = copies.filter(({ text }) => text.includes('child_process'));
  expect(configured.map(({ path }) => path)).toEqual([]);
});

test('root searches programs in fixed directories only, whatever PATH is', () => {
  const trusted =
    (...directories: string[]) =>
    (directory: string) =>
      directories.includes(directory);
  expect(programPath(0, '/tmp/evil', trusted())).toBe(systemPath);
  expect(programPath(0, '/tmp/evil', trusted('/usr/local/bin'))).toBe(`${systemPath}:/usr/local/bin`);
  expect(programPath(1000, '/home/me/bin', trusted())).toBe(`/home/me/bin:${systemPath}`);
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-programs-'));
  mkdirSync(join(directory, 'ip'));
  expect(locateProgram('ip', `relative:${directory}:${systemPath}`)).toBe('/usr/sbin/ip');
  rmSync(directory, { recursive: true });
});

test('programs of the caller are not run as root, by any program of umlmon', async () => {
  const evil = mkdtempSync(join(tmpdir(), 'umlmon-evil-'));
  const marker = join(evil, 'ran');
  const tools = [
    'bwrap',
    'prlimit',
    'setpriv',
    'setarch',
    'taskset',
    'getent',
    'ip',
    'bridge',
    'nft',
    'pasta',
    'nsenter',
    'openssl',
    'systemctl',
    'rm',
    'sh',
    'node',
    'e2fsck',
    'bash',
  ];
  for (const tool of tools) {
    writeFileSync(join(evil, tool), `#!/bin/sh\necho ${tool} >>${marker}\n`);
    chmodSync(join(evil, tool), 0o755);
  }
  try {
    const config = join(evil, 'umlmon.ini');
    writeFileSync(
      config,
      `[GLOBAL]\nvardir = ${evil}/var\nrundir = ${evil}/run\n[vm1]\nvmuser = nobody\neth0 = nat(name=lan, subnet=10.8.0.0/24)\n`,
    );
    const env = { ...process.env, PATH: `${evil}:${process.env.PATH}`, UMLMON_CONFIG: config };
    for (const [name = '', ...args] of [
      ['umlmon', '-check', 'vm1'],
      ['umlmon', '-plan', 'vm1'],
      ['umlmon', '-cleanup', 'vm1'],
      ['umladmin', 'doctor'],
      ['umladmin', 'list'],
      ['umlrun', '-mem', '64M', '--', 'true'],
    ])
      for (const form of [name, `${name}.cjs`]) {
        const { status, error } = spawnSync(join(root, 'dist', form), args, {
          env,
          encoding: 'utf8',
          timeout: 60_000,
        });
        expect([name, error, typeof status]).toEqual([name, undefined, 'number']);
      }
    expect(spawnSync('cat', [marker], { encoding: 'utf8' }).stdout).toBe('');
  } finally {
    rmSync(evil, { recursive: true });
  }
});

test('a daemon takes over an allow list of variables, a program of the user all but those of Node and the loader', () => {
  const env = {
    PATH: '/bin',
    LC_TIME: 'C',
    NODE_OPTIONS: 'x',
    LD_PRELOAD: 'y',
    SECRET: 'z',
    OPENSSL_CONF: 'c',
    NONE: undefined,
  };
  expect(daemonEnvironment(env)).toEqual({ PATH: '/bin', LC_TIME: 'C' });
  expect(userEnvironment(env)).toEqual({ PATH: '/bin', LC_TIME: 'C', SECRET: 'z' });
});

test('a bundle imports only modules of Node and the native additions', async () => {
  const bundles = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.cjs'));
  expect(bundles.length).toBeGreaterThanOrEqual(8);
  for (const name of bundles) {
    const text = readFileSync(join(root, 'dist', name), 'utf8');
    const asked = [...text.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, module = '']) => module);
    expect([name, asked.filter((module) => !builtinModules.includes(module.replace(/^node:/, '')))]).toEqual([
      name,
      [],
    ]);
  }
});

test('the first module of a bundle is the one that seals it', async () => {
  // The first module of each program, before any other has run.
  for (const name of readdirSync(join(root, 'src/bin')).filter((file) => file.endsWith('.ts')))
    expect(readFileSync(join(root, 'src/bin', name), 'utf8')).toMatch(
      /^import '\.\.\/system\/sealed\.ts';\n/,
    );
});
