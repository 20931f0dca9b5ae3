import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedirected, recordOf } from '../../src/rpc/client/redirect.ts';
import { announcementCodec, UMLREDIR_MAGIC } from '../../src/rpc/umldir.gen.ts';
import { directoryShares } from '../../src/system/limits/limits.ts';
import { freePort, listAt, registerAt, TestUmldir, until } from '../helpers/programs/umldir.ts';

const home = mkdtempSync(join(tmpdir(), 'umlmon-redirector-'));
const servers: Server[] = [];
const registered: { close(): void }[] = [];
let umldir: TestUmldir;
let port = 0;
let redirector = 0;
/** Resolves when the connection with a slow announcement is closed. */
let slow: Promise<void>;

/** A server instead of a monitor, registered as `name`. */
async function fakeMonitor(name: string, serve: (socket: Socket) => void): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const { port: own } = server.address() as AddressInfo;
  registered.push(await registerAt(home, { name, port: own, address: '127.0.0.1' }));
}

const reach = (vm: string) =>
  connectRedirected({ host: '127.0.0.1', port: redirector }, { vm, host: '' }, { allowHalfOpen: true });

/** Everything up to the end of this direction; the other one stays open. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

beforeAll(async () => {
  port = await freePort();
  redirector = await freePort();
  umldir = await TestUmldir.start({
    home,
    keys: { umldir_port: port, umlredir_port: redirector, tcp_redir: 'true', host_name: 'host1' },
  });
  await fakeMonitor('echo', (socket) => socket.pipe(socket));
  slow = announceSlowly();
});

/** Announces a VM a byte at a time; resolves when the connection is closed. */
async function announceSlowly(): Promise<void> {
  // From its own address, so that floods of other tests have no effect.
  const socket = connect({ host: '127.0.0.1', port: redirector, localAddress: '127.0.0.8' });
  socket.on('error', () => undefined);
  socket.write(Buffer.from('80000100', 'hex'));
  const drip = setInterval(() => socket.write(Buffer.alloc(1)), 500);
  await new Promise((resolve) => socket.resume().once('close', resolve));
  clearInterval(drip);
}

afterAll(async () => {
  for (const client of registered) client.close();
  await umldir.end();
  for (const server of servers) server.close();
  rmSync(home, { recursive: true });
});

test('10 MB pass unchanged in both directions, and so does the end of each direction', async () => {
  const sent = randomBytes(10_000_000);
  const socket = await reach('echo');
  socket.end(sent);
  expect(Buffer.compare(await readAll(socket), sent)).toBe(0);
});

test('a long-waiting client detects a dead peer', async () => {
  const socket = await reach('echo');
  const from = `sport = :${socket.localPort}`;
  // The keep-alive timer of tcp(7), which runs when all sent data is acknowledged.
  await until('the timer', () =>
    execFileSync('ss', ['-Htno', from], { encoding: 'utf8' }).includes('timer:(keepalive,'),
  );
  socket.destroy();
});

test('data after the announcement arrives, and the answer arrives after the client has ended its direction', async () => {
  await fakeMonitor('late', (socket) => {
    readAll(socket).then(
      (text) => socket.end(`${text.toString()} from ${socket.remoteAddress}`),
      () => undefined,
    );
  });
  const socket = await reach('late');
  socket.end('hello');
  expect((await readAll(socket)).toString()).toMatch(/^hello from 127\.(?!0\.)\d+\.\d+\.\d+$/);
});

test('the monitor sees each client under its own address', async () => {
  const seen: (string | undefined)[] = [];
  await fakeMonitor('looking', (socket) => {
    seen.push(socket.remoteAddress);
    socket.end();
  });
  for (const localAddress of ['127.0.0.1', '127.0.0.7', '127.0.0.7']) {
    const socket = connect({ host: '127.0.0.1', port: redirector, localAddress });
    socket.write(
      recordOf(announcementCodec, {
        magic: UMLREDIR_MAGIC,
        target: { vm: 'looking', host: '' },
        last: false,
      }),
    );
    await readAll(socket);
  }
  expect(seen[1]).toBe(seen[2]);
  expect(new Set(seen).size).toBe(2);
});

test('a side that does not read stops the writer of the other side', async () => {
  let monitor: Socket | undefined;
  await fakeMonitor('deaf', (socket) => {
    monitor = socket.pause();
  });
  const socket = await reach('deaf');
  const chunk = randomBytes(1 << 20);
  let written = 0;
  // Loopback sockets buffer some MiB each; the redirector must not buffer the rest.
  while (written < 64 && socket.writableLength < 2 * chunk.length) {
    socket.write(chunk);
    written += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(socket.writableLength).toBeGreaterThan(0);
  await until('the connection to the monitor', () => monitor !== undefined);
  const arrived = readAll(monitor as Socket);
  socket.end();
  expect((await arrived).length).toBe(written * chunk.length);
  monitor?.end();
  expect(await readAll(socket)).toHaveLength(0);
});

test('a connection that breaks on one side breaks on the other', async () => {
  await fakeMonitor('breaking', (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const socket = await reach('breaking');
  const broken = once(socket.resume(), 'error');
  socket.write('x');
  expect(await broken).toMatchObject([{ code: 'ECONNRESET' }]);
});

test.each([
  ['an unknown VM', 'nobody', 'DIRECTORY_NO_VM', /has no VM nobody/],
  ['a monitor without TCP', 'silent', 'DIRECTORY_NO_PORT', /does not listen on TCP/],
  ['a monitor that has just exited', 'gone', 'REDIRECTOR_MONITOR', /cannot connect to the monitor of gone/],
])('%s is reported', async (_what, vm, code, cause) => {
  registered.push(await registerAt(home, { name: 'silent' }));
  registered.push(await registerAt(home, { name: 'gone', port: await freePort() }));
  await expect(reach(vm)).rejects.toMatchObject({ code, reason: expect.stringMatching(cause) });
});

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a record that is too long', Buffer.from('80010000', 'hex')],
  ['another record', Buffer.from('8000000800000001deadbeef', 'hex')],
  ['nothing', Buffer.alloc(0)],
])('%s is a malformed announcement: the connection is closed without an answer', async (_what, bytes) => {
  const socket = connect({ host: '127.0.0.1', port: redirector });
  socket.end(bytes);
  expect(await readAll(socket)).toHaveLength(0);
});

test('without a redirector, the error names the stage that failed', async () => {
  const nowhere = await freePort();
  await expect(
    connectRedirected({ host: '127.0.0.1', port: nowhere }, { vm: 'echo', host: '' }),
  ).rejects.toMatchObject({ code: 'REDIRECTOR_UNREACHABLE', place: `redirector of 127.0.0.1:${nowhere}` });
});

/** Opens silent connections from another address; the returned function ends them. */
async function flood(count: number, to: number, say: string): Promise<() => void> {
  const open = () => {
    const socket = connect({ host: '127.0.0.1', port: to, localAddress: '127.0.0.9' });
    socket.on('error', () => undefined);
    if (say) socket.write(Buffer.from(say, 'hex'));
    return socket.resume();
  };
  const sockets: Socket[] = [];
  // At most as many at once as the queue of a listener holds: the host retries dropped ones only after seconds.
  while (sockets.length < count) {
    sockets.push(...Array.from({ length: 200 }, open));
    await until('every connection was made or refused', () => sockets.every(({ connecting }) => !connecting));
  }
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

const openFiles = () => readdirSync(`/proc/${umldir.child.pid}/fd`).length;

test.each([
  ['the redirector', () => redirector, '80000020', directoryShares.redirected.perPeer],
  ['the directory', () => port, '', directoryShares.connections.perPeer],
])('2,000 silent connections to %s are bounded, and others are served', async (_what, to, say, most) => {
  const before = openFiles();
  const end = await flood(2000, to(), say);
  await until('the bound', () => openFiles() <= before + most);
  await umldir.said('connections above the limit were closed');
  const socket = await reach('echo');
  socket.end('still here');
  expect((await readAll(socket)).toString()).toBe('still here');
  expect((await listAt(port)).entries.length).toBeGreaterThan(0);
  // From the same address too.
  const neighbour = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.9' });
  neighbour.write(
    Buffer.from(
      '8000002800000007000000000000000220756d64000000010000000000000000000000000000000000000000',
      'hex',
    ),
  );
  const [answer] = (await once(neighbour, 'data')) as [Buffer];
  expect(answer.readUInt32BE(4)).toBe(7);
  neighbour.destroy();
  end();
  await until('all is released', () => openFiles() <= before);
});

test('idle connections of fifty addresses do not lock out other clients of the directory server', async () => {
  const before = openFiles();
  const question = Buffer.from(
    '8000002800000007000000000000000220756d64000000010000000000000000000000000000000000000000',
    'hex',
  );
  const ask = async (from: string) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    socket.on('error', () => undefined);
    socket.write(question);
    // Undefined if it is closed instead.
    const answer = await new Promise<number | undefined>((resolve) => {
      socket.once('data', (bytes: Buffer) => resolve(bytes.readUInt32BE(4)));
      socket.once('close', () => resolve(undefined));
    });
    return { socket, answer };
  };
  const crowd: Socket[] = [];
  for (let round = 0; round < 8; round++)
    crowd.push(
      ...(await Promise.all(Array.from({ length: 50 }, (_, at) => ask(`127.0.5.${at + 1}`)))).map(
        ({ socket }) => socket,
      ),
    );
  await until('the bound', () => openFiles() <= before + directoryShares.connections.total);
  const newcomer = await ask('127.0.6.1');
  expect(newcomer.answer).toBe(7);
  for (const socket of [...crowd, newcomer.socket]) socket.destroy();
  await until('all is released', () => openFiles() <= before);
});

test('a client that does not announce a VM in time is disconnected', async () => {
  await slow;
});
