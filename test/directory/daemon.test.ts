/** umldir as a service: its starter, its signals and its user. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RpcClient } from '../../src/rpc/client/client.ts';
import { umldir as umldirProgram } from '../../src/rpc/umldir.gen.ts';
import { openDatagram, receiveDatagram } from '../../src/system/native/native.ts';
import { asWebUser, webUser } from '../helpers/host/as-user.ts';
import {
  freePort,
  listAt,
  registerAt,
  TestUmldir,
  until,
  untilListed,
  writeGlobal,
} from '../helpers/programs/umldir.ts';
import { program } from '../helpers/programs/world.ts';

/** Its uid and gid on Debian. */
const nobody = 65534;

let home = '';
let port = 0;
let umldir: TestUmldir | undefined;
const cleanUp: (() => void)[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'umlmon-umldir-'));
  // Other users need search permission.
  chmodSync(home, 0o755);
  port = await freePort();
});

afterEach(async () => {
  await umldir?.end();
  umldir = undefined;
  for (const work of cleanUp.splice(0)) work();
  rmSync(home, { recursive: true });
});

const start = async (keys: Record<string, string | number> = {}, env: Record<string, string> = {}) => {
  umldir = await TestUmldir.start({
    home,
    keys: { umldir_address: '127.0.0.1', umldir_port: port, host_name: 'host1', ...keys },
    env,
  });
  return umldir;
};

test('SIGHUP reloads the configuration, and an error in it changes nothing', async () => {
  const running = await start();
  const held = await registerAt(home, { name: 'vm1' });
  cleanUp.push(() => held.close());
  const [next, redirector] = [await freePort(), await freePort()];
  const reload = async (text: string) => {
    const from = running.log.length;
    running.child.kill('SIGHUP');
    await running.said(text, from);
  };
  writeFileSync(running.configPath, '[GLOBAL]\numldir_port = many\n');
  await reload('was not reloaded');
  expect((await listAt(port)).entries).toHaveLength(1);
  writeGlobal(home, {
    umldir_address: '127.0.0.1',
    umldir_port: next,
    tcp_redir: 'true',
    umlredir_port: redirector,
    host_name: 'host1',
  });
  await reload('was reloaded');
  expect((await listAt(next)).entries).toHaveLength(1);
  await expect(listAt(port)).rejects.toMatchObject({ code: 'DIRECTORY_UNREACHABLE' });
});

test('without RUNDIR, umldir recreates its directory, and a second umldir is refused', async () => {
  const running = await start();
  const held = await registerAt(home, { name: 'vm1' });
  cleanUp.push(() => held.close());
  for (const part of ['run', 'run/.umldir', 'run/.umldir/socket']) {
    const from = running.log.length;
    // umldir may recreate it while rm(1) runs.
    spawnSync('rm', ['-rf', join(home, part)]);
    await running.said('it is recreated', from);
    const other = await registerAt(home, { name: 'vm2' });
    await untilListed(port, ({ entries }) => entries.length === 2);
    other.close();
    await untilListed(port, ({ entries }) => entries.length === 1);
    const { status, stderr } = spawnSync(program('umldir'), ['-config', running.configPath], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([5, expect.stringContaining('another umldir serves this RUNDIR')]);
  }
  expect(await running.end()).toBe(0);
  expect(existsSync(join(home, 'run/.umldir/socket'))).toBe(false);
});

test('umldir that cannot recreate RUNDIR logs a warning and continues', async () => {
  const running = await start({ umldir_user: 'nobody' });
  // While its own directory exists, umldir recreates its socket in it.
  while (existsSync(join(home, 'run'))) spawnSync('rm', ['-rf', join(home, 'run')]);
  await running.said('monitors cannot register');
  expect(running.log.split('\n').find((line) => line.includes('monitors cannot register'))).toContain(
    '"level":40',
  );
  expect((await listAt(port)).entries).toEqual([]);
  expect(await running.end()).toBe(0);
});

test('started by root, umldir switches to its user, and monitors of root still register', async () => {
  // The umask of the service manager.
  const umask = process.umask(0o077);
  const running = await start({ umldir_user: 'nobody' }).finally(() => process.umask(umask));
  const status = readFileSync(`/proc/${running.child.pid}/status`, 'utf8');
  expect(status).toMatch(new RegExp(`^Uid:\\s${nobody}\\s${nobody}\\s${nobody}\\s${nobody}$`, 'm'));
  expect(status).toMatch(/^CapEff:\s0+$/m);
  expect(status).toMatch(/^Groups:\s(?:65534 ?)?$/m);
  const held = await registerAt(home, { name: 'vm1' });
  cleanUp.push(() => held.close());
  expect((await listAt(port)).entries).toHaveLength(1);
  await running.end('SIGKILL');
  await start({ umldir_user: 'nobody' });
  expect((await listAt(port)).entries).toHaveLength(0);
});

test('started as its own user, umldir serves monitors of root and records refusals', async () => {
  const directory = join(home, 'run/.umldir');
  for (const path of [dirname(directory), directory])
    mkdirSync(path, { mode: path === directory ? 0o700 : 0o755 });
  chownSync(directory, webUser.uid, webUser.gid);
  const keys = { umldir_address: '127.0.0.1', umldir_port: port, host_name: 'host1', umldir_user: 'nobody' };
  umldir = await TestUmldir.start({ home, keys, before: asWebUser });
  const status = readFileSync(`/proc/${umldir.child.pid}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\s33\s33\s33\s33$/m);
  const held = await registerAt(home, { name: 'vm1' });
  cleanUp.push(() => held.close());
  expect((await listAt(port)).entries).toHaveLength(1);

  const stranger = await RpcClient.connect({ host: '127.0.0.1', port }, umldirProgram, {
    name: 'umldir',
    timeoutMs: 5000,
  });
  cleanUp.push(() => stranger.close());
  const vm = { name: 'vm9', state: 'stopped', stateSince: 0, ready: false, address: '', port: 1 } as const;
  expect(await stranger.call('register', vm)).toMatchObject({ kind: 'failed' });
  const [line = ''] = readFileSync(join(directory, 'security.log'), 'utf8').split('\n');
  expect(JSON.parse(line)).toMatchObject({
    kind: 'registration',
    who: 'a client over TCP',
    what: expect.stringMatching(/^vm9: only monitors of root/) as string,
    result: 'DIRECTORY_LOCAL',
  });
});

test('umldir notifies its service manager: ready, number of monitors, stopping', async () => {
  const path = join(home, 'notify');
  const fd = openDatagram(path);
  cleanUp.push(() => closeSync(fd));
  let told = '';
  const hears = (text: string) =>
    until(text, () => {
      const buffer = Buffer.alloc(4096);
      for (let got = receiveDatagram(fd, buffer); got; got = receiveDatagram(fd, buffer))
        told += `${buffer.toString('utf8', 0, got.length)}\n`;
      return told.includes(text);
    });
  const running = await start({}, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' });
  await hears('READY=1');
  const held = await registerAt(home, { name: 'vm1' });
  await hears('STATUS=1 monitors');
  held.close();
  await hears('STATUS=0 monitors');
  await hears('WATCHDOG=1');
  await running.end();
  await hears('STOPPING=1');
});

test('umldir uses the sockets of the service manager', async () => {
  const redirector = await freePort();
  const configPath = writeGlobal(home, {
    umldir_port: await freePort(),
    tcp_redir: 'true',
    host_name: 'host1',
  });
  // systemd-socket-activate opens the sockets and starts the service at the first connection.
  const child: ChildProcess = spawn(
    'systemd-socket-activate',
    [
      ...['-l', `127.0.0.1:${port}`, '-l', `127.0.0.1:${redirector}`, '--fdname=umldir:umlredir'],
      ...[`--setenv=PATH=${process.env.PATH}`, process.execPath, program('umldir'), '-config', configPath],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let log = '';
  child.stderr?.on('data', (text: Buffer) => {
    log += text.toString();
  });
  try {
    await until('the tool listens', () => log.includes(`127.0.0.1:${redirector}`));
    const { here } = await untilListed(port, () => true);
    expect(here).toBe('host1');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});
