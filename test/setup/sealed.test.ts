/** Nothing of Node's own can be opened in a program: by a signal, by a variable, or by a file. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childrenOf, programNameOf } from '../../src/system/native/process.ts';
import { version } from '../../src/system/version.ts';
import { listening } from '../helpers/host/listening.ts';
import { freePort, TestUmldir } from '../helpers/programs/umldir.ts';
import { program, World } from '../helpers/programs/world.ts';
import { Web } from '../helpers/web/web.ts';

const root = join(import.meta.dirname, '../..');
const names = ['umlmon', 'umldir', 'umlweb', 'umlwatch', 'umladmin', 'umlrun'] as const;
/** As they are installed, and as bundles that somebody runs by themselves. */
const forms = names.flatMap((name) => [join(root, 'dist', name), program(name)]);

let home: string;
let trap: string;
let marker: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-sealed-'));
  marker = join(home, 'loaded');
  trap = join(home, 'trap.cjs');
  writeFileSync(trap, `require('node:fs').appendFileSync(${JSON.stringify(marker)}, process.argv.join(' '))`);
});

afterAll(() => rmSync(home, { recursive: true }));

const loaded = () => {
  try {
    return readFileSync(marker, 'utf8');
  } catch {
    return '';
  }
};

function run(file: string, env: Readonly<Record<string, string>>, args: readonly string[] = ['-version']) {
  const { status, stdout, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

const well = { status: 0, stdout: `${version}\n`, stderr: '' };

describe.each(forms)('%s', (file) => {
  test('does not see NODE_OPTIONS', () => {
    for (const options of [
      '--inspect=127.0.0.1:0',
      '--inspect',
      `--require=${trap}`,
      '--inspect-brk',
      '--report-on-signal',
    ])
      expect(run(file, { NODE_OPTIONS: options })).toEqual(well);
    expect(loaded()).toBe('');
  });

  test('loads nothing from the home of the caller, nor from NODE_PATH', () => {
    const modules = join(home, '.node_modules');
    for (const name of ['bufferutil', 'utf-8-validate', 'koffi']) {
      mkdirSync(join(modules, name), { recursive: true });
      writeFileSync(join(modules, name, 'index.js'), `require(${JSON.stringify(trap)})`);
    }
    expect(run(file, { HOME: home, NODE_PATH: modules })).toEqual(well);
    expect(loaded()).toBe('');
  });

  test('does not take a configuration of OpenSSL, compiled code or a place for traces from the caller', () => {
    const config = join(home, 'openssl.cnf');
    writeFileSync(config, 'nodejs_conf = none such\n[');
    const traces = join(home, 'traces');
    const env = { OPENSSL_CONF: config, NODE_COMPILE_CACHE: traces, NODE_V8_COVERAGE: traces };
    expect(run(file, env)).toEqual(well);
    expect(spawnSync('ls', [traces]).status).toBe(2);
  });

  test('is Node from a fixed place, independent of PATH', () => {
    const node = join(home, 'node');
    writeFileSync(node, `#!/bin/sh\necho "$@" >>${marker}\n`);
    chmodSync(node, 0o755);
    expect(run(file, { PATH: `${home}:${process.env.PATH}` })).toEqual(well);
    expect(loaded()).toBe('');
  });

  test('opens no debugger at a SIGUSR1 that comes while Node starts', () => {
    const early = ['--block-signal=USR1', 'sh', '-c', 'kill -USR1 $$; exec "$0" -version', file];
    const { status, stdout, stderr } = spawnSync('env', early, { encoding: 'utf8', timeout: 30_000 });
    expect({ status, stdout }).toEqual({ status: 0, stdout: well.stdout });
    expect(stderr).not.toContain('Debugger listening');
  });
});

test('the launcher leaves daemons only what they need, and clients all but what acts on Node and the loader', () => {
  const shown = (name: string) => {
    const copy = join(home, 'programs');
    mkdirSync(copy, { recursive: true });
    execFileSync('cp', [join(root, 'dist/launcher'), copy]);
    execFileSync('ln', ['-sf', 'launcher', join(copy, name)]);
    writeFileSync(join(copy, `${name}.cjs`), 'console.log(JSON.stringify(process.env))');
    const env = {
      ...{ HOME: home, LC_ALL: 'C', UMLMON_CONFIG: '/x', NOTIFY_SOCKET: '/y', LISTEN_FDS: '1' },
      ...{
        LD_PRELOAD: '/nowhere/evil.so',
        NODE_DEBUG: 'net',
        NODE_CHANNEL_FD: '0',
        GCONV_PATH: '/tmp',
        SECRET: 'x',
      },
      ...{ NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem', NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    };
    return JSON.parse(
      execFileSync(join(copy, name), { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  };
  const wanted = { HOME: home, LC_ALL: 'C', UMLMON_CONFIG: '/x', NOTIFY_SOCKET: '/y', LISTEN_FDS: '1' };
  for (const name of ['umlmon', 'umlweb']) expect(shown(name)).toEqual(wanted);
  expect(shown('umldir')).toEqual({ ...wanted, NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' });
  for (const name of ['umlwatch', 'umladmin']) expect(shown(name)).toEqual({ ...wanted, SECRET: 'x' });
  // umlrun -env may name any of them.
  expect(shown('umlrun')).toMatchObject({
    ...wanted,
    SECRET: 'x',
    UMLMON_KEPT_LD_PRELOAD: '/nowhere/evil.so',
  });
  expect(Object.keys(shown('umlrun')).filter((name) => /^(NODE|LD|GCONV)_/.test(name))).toEqual([]);
});

test('who calls node itself, with variables that Node has acted on or with its debugger, is refused', () => {
  for (const [args, env] of [
    [[], { NODE_OPTIONS: '--inspect=127.0.0.1:0' }],
    [['--inspect=127.0.0.1:0'], {}],
  ] as const) {
    const child = { env: { ...process.env, ...env }, encoding: 'utf8', timeout: 30_000 } as const;
    const { status, stderr } = spawnSync(
      process.execPath,
      [...args, program('umlwatch'), 'vm1', '-info'],
      child,
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(/umlwatch: .*(?:NODE_OPTIONS is set|--inspect=127.0.0.1:0).*\(hint: /);
  }
});

describe('a program that runs', () => {
  let world: World;

  beforeAll(() => {
    world = new World();
    world.addImage('vm1');
    world.configure({ vm1: 'ubd0 = /disks/root.dsk' }, 'web_listen = 127.0.0.1:0');
    world.addSharedImage();
  });

  afterAll(() => world.close(), 60_000);

  /** Debuggers come up within milliseconds, in a thread of their own: what answers a question later comes after it. */
  async function signalled(pid: number, answers: () => unknown): Promise<string[]> {
    const before = listening(pid);
    for (let count = 0; count < 20; count++) {
      process.kill(pid, 'SIGUSR1');
      await answers();
    }
    await delay(100);
    return listening(pid).filter((address) => !before.includes(address));
  }

  const descendants = (pid: number): number[] =>
    childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);

  test('umlmon: a signal opens nothing', async () => {
    await world.startMonitor('vm1');
    const { length } = listening(world.monitorPid('vm1'));
    expect(length).toBe(0);
    const asked = () => expect(world.run('umlwatch', ['vm1', '-info']).status).toBe(0);
    expect(await signalled(world.monitorPid('vm1'), asked)).toEqual([]);
  });

  test('umldir: a signal opens nothing', async () => {
    const keys = { umldir_port: await freePort(), host_name: 'host1' };
    const umldir = await TestUmldir.start({ home, keys });
    let seen = umldir.log.length;
    const answers = async () => {
      await umldir.said('opened again', seen);
      seen = umldir.log.length;
    };
    expect(await signalled(umldir.child.pid ?? 0, answers)).toEqual([]);
    await umldir.end();
  });

  test('umlweb: a signal opens nothing', async () => {
    const web = await Web.start(world);
    expect(await signalled(web.pid, async () => expect((await fetch(web.url)).status).toBe(200))).toEqual([]);
    await web.close();
  });

  async function untilSaid(child: ChildProcess, text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      let all = '';
      const take = (piece: Buffer) => {
        all += piece.toString();
        if (!all.includes(text)) return;
        child.stdout?.off('data', take);
        resolve();
      };
      child.stdout?.on('data', take);
      child.once('exit', () => reject(new Error(`not said: ${all}`)));
    });
  }

  test('umlwatch: a signal opens nothing, and does not end it', async () => {
    const child = spawn(
      program('umlwatch'),
      ['-config', world.configPath, 'vm1', '-json', '-events', '-since', '1'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const watched = once(child, 'exit');
    await untilSaid(child, 'monitor-started');
    expect(await signalled(child.pid ?? 0, () => delay(5))).toEqual([]);
    expect(child.exitCode).toBe(null);
    child.kill();
    expect((await watched)[1]).toBe('SIGTERM');
  });

  test('umladmin: a signal opens nothing, and does not end it', async () => {
    // It asks a question, and waits.
    const child = spawn(
      'script',
      ['-qec', `${program('umladmin')} -config ${world.configPath} password vm1`, '/dev/null'],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    await untilSaid(child, 'assword');
    const pid = descendants(child.pid ?? 0).find((one) => programNameOf(one)?.startsWith('node')) ?? 0;
    expect(await signalled(pid, () => delay(5))).toEqual([]);
    expect(child.exitCode).toBe(null);
    const ended = once(child, 'exit');
    child.stdin?.end('\x03');
    child.kill();
    await ended;
  });

  test('umlrun: a signal opens nothing, and goes to the command', async () => {
    const command = ['sh', '-c', 'trap "echo got it" USR1; echo up; while :; do sleep 0.1; done'];
    const child = spawn(program('umlrun'), ['-config', world.configPath, '--', ...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await untilSaid(child, 'up');
    process.kill(child.pid ?? 0, 'SIGUSR1');
    await untilSaid(child, 'got it');
    expect(await signalled(child.pid ?? 0, () => delay(5))).toEqual([]);
    child.kill('SIGTERM');
    await ended;
  });
});
