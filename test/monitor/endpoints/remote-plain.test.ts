/** What strangers can do at the TCP port of a monitor, without TLS: the bytes are ours to make. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authenticate } from '../../../src/rpc/auth/log-in.ts';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import { saltPassword } from '../../../src/rpc/auth/scram.ts';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { remoteLimits, remoteShares } from '../../../src/system/limits/limits.ts';
import { buildCClient } from '../../helpers/programs/c-client.ts';
import { program, World } from '../../helpers/programs/world.ts';

const world = new World();
const password = 'correct horse battery';
const passwordFile = join(world.home, 'password');
let local: MonitorClient;
let port: number;
let cClient: string;

beforeAll(async () => {
  world.configure(
    { vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty' },
    'tcp = plain\ntcp_address = 0.0.0.0',
  );
  world.addImage('vm1');
  await world.startMonitor('vm1');
  await setPassword(world.varDir, { vm: 'vm1', role: 'admin' }, password);
  await setPassword(world.varDir, { vm: 'vm1', role: 'view' }, 'only looking');
  writeFileSync(passwordFile, `${password}\n`);
  local = await world.client('vm1');
  port = Number((await local.call('info', undefined)).tcp.split(':')[1]);
  cClient = buildCClient(world.home);
}, 60_000);
afterAll(() => world.close());

async function run(command: string, ...args: readonly string[]) {
  try {
    const { stdout } = await promisify(execFile)(command, [...args]);
    return { status: 0, stdout };
  } catch (error) {
    const { code: status, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status, stdout, stderr };
  }
}

async function open(from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from } satisfies NetConnectOpts);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** An own client from any address of this host; the connection, or the code of the error. */
async function tryPassword(text: string | null, from: string) {
  const client = RpcClient.over(await open(from), umlmonctrl, 'vm1', { name: 'vm1', timeoutMs: 20_000 });
  try {
    const role = await authenticate(client, {
      vm: 'vm1',
      binding: null,
      place: 'vm1',
      // A wrong one need not be derived.
      derive: (derivation) =>
        text === null ? Promise.resolve(randomBytes(32)) : saltPassword(text, derivation),
    });
    return `${role} ${(await client.call('info')).kind}`;
  } catch (error) {
    return toFailure(error).code;
  } finally {
    client.close();
  }
}

function python(text: string, ...command: readonly string[]) {
  const script = join(import.meta.dirname, '../../rpc/auth/scram-client.py');
  return run('python3', script, cClient, `tcp:127.0.0.1:${port}`, text, ...command);
}

describe('the client of rpcgen', () => {
  test('is refused without a password, whatever it calls, and the connection ends', async () => {
    for (const command of [['info'], ['null'], ['start'], ['kill'], ['log', 'con0', '0', '10'], ['images']]) {
      const { status, stderr = '' } = await run(cClient, `tcp:127.0.0.1:${port}`, ...command);
      expect([command, status]).toEqual([command, 4]);
      expect(stderr).toMatch(/Authentication error; why = Client credential too weak/);
    }
  });

  test('logs in with a password and a SCRAM-SHA-256 of another implementation', async () => {
    const { status, stdout } = await python(password, 'info');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^admin\nname=vm1\nstate=0\n/);
  });

  test('has the role of its password', async () => {
    expect(await python('only looking', 'info')).toMatchObject({ status: 0 });
    const { status, stdout } = await python('only looking', 'kill');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^view\nROLE_TOO_LOW\|kill\|.*operate/);
  });

  test('is refused with a wrong one', async () => {
    expect(await python('wrong horse', 'info')).toMatchObject({
      status: 1,
      stdout: 'PASSWORD_WRONG|vm1|the password is wrong|\n',
    });
  });
});

test('a recorded session is refused when it is replayed', async () => {
  const recorded: Buffer[] = [];
  const proxy = createServer((here) => {
    const there = connect(port, '127.0.0.1');
    here.on('data', (bytes) => recorded.push(bytes));
    here.pipe(there).pipe(here);
    for (const socket of [here, there]) socket.on('error', () => socket.destroy());
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const address = proxy.address();
  const place = `vm1@127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const args = ['-config', world.configPath, place, '-plain', '-password-file', passwordFile, '-info'];
  const { status, stdout } = await run(process.execPath, program('umlwatch'), ...args);
  proxy.close();
  expect(status).toBe(0);
  expect(stdout).toContain('monitor');

  const socket = await open();
  const answers: Buffer[] = [];
  socket.on('data', (bytes) => answers.push(bytes));
  socket.write(Buffer.concat(recorded));
  await once(socket, 'close');
  const text = Buffer.concat(answers).toString('latin1');
  expect(text).toContain('the final message belongs to another exchange');
  expect(text).not.toContain('/disks/root.dsk');
});

test('of a thousand wrong passwords few are checked and one event reports them; the right one still works', async () => {
  const before = (await local.call('info', undefined)).eventsNext;
  const seen = new Map<string, number>();
  for (let round = 0; round < 200; round++) {
    const codes = await Promise.all(Array.from({ length: 5 }, () => tryPassword(null, '127.0.0.66')));
    for (const code of codes) seen.set(code, (seen.get(code) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual(['AUTH_THROTTLED', 'PASSWORD_WRONG']);
  expect(seen.get('PASSWORD_WRONG')).toBeLessThan(60);
  // Others are not held up by them.
  expect(await tryPassword(password, '127.0.0.77')).toBe('admin ok');
  // Nor is the very address, after its wait.
  let outcome = '';
  const deadline = performance.now() + 2 * remoteLimits.backOffMost;
  while (outcome !== 'admin ok' && performance.now() < deadline) {
    outcome = await tryPassword(password, '127.0.0.66');
    if (outcome !== 'admin ok') await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(outcome).toBe('admin ok');
  const { events } = await local.call('events', { since: before, max: 512, waitMs: 0 });
  expect(events.filter(({ kind }) => kind === 'login-refused').length).toBeLessThan(3);
}, 60_000);

describe('a client that has not logged in', () => {
  test('cannot send more than a message', async () => {
    const socket = await open('127.0.0.30');
    const mark = Buffer.alloc(4);
    mark.writeUInt32BE(0x8000_0000 + remoteLimits.strangerCallBytes + 1);
    socket.write(mark);
    await once(socket, 'close');
  });

  test('a client that holds many connections loses the oldest, and others are accepted', async () => {
    const sockets: Socket[] = [];
    const closed: number[] = [];
    for (let number = 0; number <= remoteShares.strangers.perPeer; number++) {
      const socket = await open('127.0.0.31');
      socket.on('close', () => closed.push(number));
      sockets.push(socket);
    }
    const first = new Promise((resolve) => sockets[0]?.once('close', resolve));
    expect(await tryPassword(password, '127.0.0.32')).toBe('admin ok');
    await first;
    expect(closed[0]).toBe(0);
    for (const socket of sockets) socket.destroy();
  });

  test('cannot guess on while it is known already', async () => {
    const client = RpcClient.over(await open('127.0.0.33'), umlmonctrl, 'vm1', {
      name: 'vm1',
      timeoutMs: 20_000,
    });
    const derive = (derivation: Parameters<typeof saltPassword>[1]) =>
      saltPassword('only looking', derivation);
    expect(await authenticate(client, { vm: 'vm1', binding: null, place: 'vm1', derive })).toBe('view');
    await expect(
      authenticate(client, { vm: 'vm1', binding: null, place: 'vm1', derive }),
    ).rejects.toMatchObject({
      code: 'AUTH_FAILED',
    });
    await expect(client.call('info')).rejects.toMatchObject({ code: 'MONITOR_UNREACHABLE' });
  });

  test('may send anything: the monitor continues', async () => {
    for (let round = 0; round < 300; round++) {
      const socket = await open(`127.0.1.${(round % 200) + 1}`);
      socket.resume();
      const noise = randomBytes(1 + (round % 900));
      // Every other one is a record, and so gets further.
      if (round % 2 === 0 && noise.length >= 4) noise.writeUInt32BE(0x8000_0000 + noise.length - 4);
      socket.end(noise);
      await once(socket, 'close');
    }
    expect(await tryPassword(password, '127.0.0.34')).toBe('admin ok');
    const { warningCount: warnings, lastWarning } = await local.call('info', undefined);
    expect([warnings, lastWarning]).toEqual([0, '']);
  });
});

test('passwords are in no event and no answer', async () => {
  const { events } = await local.call('events', { since: 1, max: 512, waitMs: 0 });
  const text = JSON.stringify(events) + world.run('umlwatch', ['vm1', '-info']).stdout;
  expect(text).toContain('login');
  expect(text).not.toContain('horse');
});
