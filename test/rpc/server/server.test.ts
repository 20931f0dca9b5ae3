import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { readReply, writeCall } from '../../../src/rpc/codec/message.ts';
import type { Caller, Handlers } from '../../../src/rpc/codec/program.ts';
import { beginRecord, RecordSplitter, sealRecord } from '../../../src/rpc/codec/record.ts';
import { XdrReader, type XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { rpcLimits } from '../../../src/system/limits/limits.ts';
import { pattern, stubHandlers } from '../stub-handlers.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-rpc-'));
  path = join(directory, 'ctrl');
});

afterEach(() => rmSync(directory, { recursive: true }));

async function serve(handlers: Partial<Handlers<typeof umlmonctrl>> = {}) {
  const faults: string[] = [];
  const server = new RpcServer(umlmonctrl, { ...stubHandlers, ...handlers }, (error, procedure) =>
    faults.push(`${procedure}: ${error instanceof Error ? error.message : error}`),
  );
  await server.listen({ path, mode: 0o660 });
  onTestFinished(() => server.close());
  return { server, faults };
}

/** A peer that sends what it likes. */
async function connectRaw(to: NetConnectOpts = { path }) {
  const socket = connect(to);
  onTestFinished(() => void socket.destroy());
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, closed, next: reader(socket) };
}

/** Reads replies one by one. */
function reader(socket: Socket) {
  const splitter = new RecordSplitter(2 ** 20);
  return async () => {
    for (let record = splitter.next(); ; record = splitter.next()) {
      if (record) {
        const rest = new XdrReader(record);
        return { ...readReply(rest), rest };
      }
      const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
      socket.pause();
      splitter.push(chunk);
      queueMicrotask(() => socket.resume());
    }
  };
}

function call(
  procedure: number,
  fill: (w: XdrWriter) => void = () => undefined,
  xid = 1,
  version = 1,
): Buffer {
  const writer = beginRecord();
  writeCall(writer, { xid, program: umlmonctrl.program, version, procedure });
  fill(writer);
  return sealRecord(writer);
}

test('the socket file is for its owner and its group only, whatever the umask', async () => {
  const umask = process.umask(0);
  onTestFinished(() => void process.umask(umask));
  const server = new RpcServer(umlmonctrl, stubHandlers, () => undefined);
  const listening = server.listen({ path, mode: 0o660, gid: 12345 });
  // Before it has its mode it has another name.
  expect(existsSync(path)).toBe(false);
  expect(statSync(join(directory, '.new')).mode & 0o777).toBe(0o600);
  await listening;
  onTestFinished(() => server.close());
  expect(process.umask(0)).toBe(0);
  const { mode, uid, gid } = statSync(path);
  expect([mode & 0o777, uid, gid]).toStrictEqual([0o660, process.getuid?.(), 12345]);
});

test('listening fails with the place, and close() removes the socket file', async () => {
  const { server } = await serve();
  const second = new RpcServer(umlmonctrl, stubHandlers, () => undefined);
  await expect(second.listen({ path, mode: 0o600 })).rejects.toMatchObject({
    code: 'HOST_SYSTEM_CALL',
    place: path,
  });
  const long = join(directory, 'x'.repeat(100));
  await expect(second.listen({ path: long, mode: 0o600 })).rejects.toMatchObject({ code: 'RPC_SOCKET_PATH' });
  await server.close();
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test('close() leaves the socket of another server that has taken the name', async () => {
  const { server } = await serve();
  expect(server.isReachable).toBe(true);
  rmSync(path);
  expect(server.isReachable).toBe(false);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(path, resolve));
  onTestFinished(() => void other.close());
  await server.close();
  expect(statSync(path).isSocket()).toBe(true);
});

test('calls are refused with the words of RFC 5531', async () => {
  const { server } = await serve();
  const { socket, next } = await connectRaw();
  const expectReply = async (bytes: Buffer, reply: object) => {
    socket.write(bytes);
    expect((await next()).reply).toStrictEqual(reply);
  };
  await expectReply(call(0), { status: 'success' });
  await expectReply(call(13), { status: 'proc-unavail' });
  await expectReply(call(0, undefined, 1, 2), { status: 'prog-mismatch', low: 1, high: 1 });
  const other = call(0);
  other.writeUInt32BE(100_000, 4 + 12);
  await expectReply(other, { status: 'prog-unavail' });
  await expectReply(
    call(0, (w) => w.uint(0)),
    { status: 'garbage-args' },
  );
  await expectReply(call(3), { status: 'garbage-args' });
  await expectReply(
    call(3, (w) => w.uint(5)),
    { status: 'success' },
  );
  expect(server.counters).toMatchObject({ connections: 1, calls: 7, garbage: 5, faults: 0 });
});

test('a handler that throws, or answers what no reply can carry, is a fault of the server', async () => {
  const { server, faults } = await serve({
    kill: () => Promise.reject(new Error('boom')),
    start: () => {
      throw new Error('bang');
    },
    logRead: () => ({ kind: 'ok', bytes: { offset: 0, data: pattern(65537), oldest: 0, end: 0 } }),
    events: () => ({
      kind: 'ok',
      list: {
        events: Array.from({ length: 300 }, () => ({
          sequence: 1,
          time: 1,
          kind: 'x',
          text: 'x'.repeat(4096),
          attributes: [],
        })),
        next: 1,
      },
    }),
  });
  const { socket, next } = await connectRaw();
  const log = (w: XdrWriter) => {
    w.string('con0', 64);
    w.uhyper(0);
    w.uint(1);
    w.uint(0);
  };
  const events = (w: XdrWriter) => {
    w.uhyper(0);
    w.uint(1);
    w.uint(0);
  };
  for (const bytes of [call(4), call(2), call(11, log), call(12, events)]) {
    socket.write(bytes);
    expect((await next()).reply).toStrictEqual({ status: 'system-err' });
  }
  expect(faults).toStrictEqual([
    'kill: boom',
    'start: bang',
    'logRead: opaque of length 65537, at most 65536 allowed',
    expect.stringMatching(/^events: reply of \d+ bytes, at most 1048576$/),
  ]);
  expect(server.counters.faults).toBe(4);
});

test.each([
  ['a mark beyond the largest call', Buffer.from('ffffffff', 'hex')],
  ['one byte too many announced', markOf(rpcLimits.callHeaderBytes + umlmonctrl.argsBytesMax + 1)],
  ['a reply instead of a call', Buffer.from('80000008' + '00000001' + '00000001', 'hex')],
  ['an empty record', Buffer.from('80000000', 'hex')],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
])('%s ends the connection, others go on', async (_, bytes) => {
  const { server, faults } = await serve();
  const good = await connectRaw();
  const bad = await connectRaw();
  bad.socket.write(bytes);
  await bad.closed;
  good.socket.write(call(0));
  expect((await good.next()).reply).toStrictEqual({ status: 'success' });
  expect(server.counters.garbage).toBe(1);
  expect(faults).toStrictEqual([]);
});

function markOf(length: number): Buffer {
  const mark = Buffer.alloc(4);
  mark.writeUInt32BE(0x80000000 + length);
  return mark;
}

test('the largest call is taken, byte by byte as well', async () => {
  await serve();
  const { socket, next } = await connectRaw();
  const bytes = call(8, (w) => {
    w.uint(1);
    w.opaque(pattern(65536), 65536);
  });
  for (const byte of bytes.subarray(0, 64)) socket.write(Buffer.from([byte]));
  socket.write(bytes.subarray(64));
  const { reply, rest } = await next();
  expect(reply).toStrictEqual({ status: 'success' });
  expect([rest.uint(), rest.uint()]).toStrictEqual([0, 65536]);
});

test('a connection more than allowed is closed, and counted', async () => {
  const { server } = await serve();
  const peers = [];
  for (let i = 0; i < rpcLimits.connections; i++) peers.push(await connectRaw());
  const extra = await connectRaw();
  await extra.closed;
  expect(server.counters).toMatchObject({ connections: rpcLimits.connections, refused: 1 });
  const last = peers.at(-1);
  last?.socket.write(call(0));
  expect((await last?.next())?.reply).toStrictEqual({ status: 'success' });
  peers[0]?.socket.destroy();
  await vi.waitFor(async () => {
    const again = await connectRaw();
    again.socket.write(call(0));
    await Promise.race([again.next(), again.closed.then(() => Promise.reject(new Error('refused')))]);
  });
});

test('no more calls of a connection are begun than allowed; the rest waits its turn', async () => {
  const waiting: (() => void)[] = [];
  const { server } = await serve({
    null: () => new Promise<void>((resolve) => waiting.push(resolve)),
  });
  const { socket, next } = await connectRaw();
  const count = 3 * rpcLimits.callsOutstanding;
  socket.write(Buffer.concat(Array.from({ length: count }, (_, i) => call(0, undefined, i))));
  await vi.waitFor(() => expect(waiting.length).toBe(rpcLimits.callsOutstanding));
  const other = await connectRaw();
  other.socket.write(call(1));
  await other.next();
  expect(waiting.length).toBe(rpcLimits.callsOutstanding);
  for (let i = 0; i < count; i++) {
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0));
    waiting.shift()?.();
    expect((await next()).xid).toBe(i);
    expect(waiting.length).toBeLessThanOrEqual(rpcLimits.callsOutstanding);
  }
  expect(server.counters.calls).toBe(count + 1);
});

const readLog = (xid: number) =>
  call(
    11,
    (w) => {
      w.string('con0', 64);
      w.uhyper(0);
      w.uint(65536);
      w.uint(0);
    },
    xid,
  );

test('the calls of a peer that does not read are left in its socket, and are served when it reads', async () => {
  const { server } = await serve();
  const { socket } = await connectRaw();
  socket.pause();
  const count = 500;
  for (let i = 0; i < count; i++) socket.write(readLog(i));
  let before = -1;
  await vi.waitFor(() => {
    const { calls } = server.counters;
    const settled = calls > 0 && calls === before;
    before = calls;
    expect(settled).toBe(true);
  });
  expect(server.counters.calls).toBeLessThan(count / 5);
  expect(server.counters.dropped).toBe(0);
  const splitter = new RecordSplitter(2 ** 20);
  const seen: number[] = [];
  socket.on('data', (chunk: Buffer) => {
    splitter.push(chunk);
    for (let record = splitter.next(); record; record = splitter.next()) seen.push(record.readUInt32BE(0));
  });
  socket.resume();
  await vi.waitFor(() => expect(seen.length).toBe(count), { timeout: 20_000 });
  expect(seen).toStrictEqual(Array.from({ length: count }, (_, i) => i));
});

test('a peer that asks for more than the bound and does not read is dropped', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const text = 'x'.repeat(4096);
  const list = Array.from({ length: 200 }, () => ({ sequence: 1, time: 1, kind: 'x', text, attributes: [] }));
  const { server } = await serve({
    events: async () => {
      await released;
      return { kind: 'ok', list: { events: list, next: 1 } };
    },
  });
  expect(200 * 4096 * rpcLimits.callsOutstanding).toBeGreaterThan(rpcLimits.unsentDropBytes);
  const { socket, closed } = await connectRaw();
  socket.pause();
  const events = (w: XdrWriter) => {
    w.uhyper(0);
    w.uint(1);
    w.uint(0);
  };
  for (let i = 0; i < rpcLimits.callsOutstanding; i++) socket.write(call(12, events, i));
  await vi.waitFor(() => expect(server.counters.calls).toBe(rpcLimits.callsOutstanding));
  release();
  await vi.waitFor(() => expect(server.counters.dropped).toBe(1));
  socket.resume();
  await closed;
});

test('handlers learn who calls, and when the connection has ended', async () => {
  const callers: Caller[] = [];
  await serve({ null: (_, caller) => void callers.push(caller) });
  for (let i = 0; i < 2; i++) {
    const { socket, next } = await connectRaw();
    socket.write(call(0));
    await next();
    socket.destroy();
  }
  const [first, second] = callers;
  expect(first).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.(), pid: process.pid });
  expect(second?.id).not.toBe(first?.id);
  await vi.waitFor(() => expect(callers.map(({ signal }) => signal.aborted)).toStrictEqual([true, true]));
});

test('what AUTH_SYS claims is not believed: another user is known by its own uid', async () => {
  expect(process.getuid?.(), 'this test needs root').toBe(0);
  const callers: Caller[] = [];
  const server = new RpcServer(
    umlmonctrl,
    { ...stubHandlers, null: (_, caller) => void callers.push(caller) },
    () => undefined,
  );
  execFileSync('chmod', ['755', directory]);
  await server.listen({ path, mode: 0o660, gid: 4321 });
  onTestFinished(() => server.close());
  const talk = (gid: number) =>
    spawn('setpriv', ['--reuid=1234', `--regid=${gid}`, '--clear-groups', process.execPath, '-e', script], {
      env: { ...process.env, SOCKET: path, CALL: callAsRoot().toString('hex') },
    });
  const script = `const s = require('node:net').connect(process.env.SOCKET, () => s.write(process.env.CALL, 'hex'));
    s.on('data', () => s.end()).on('error', (e) => { console.log(e.code); });`;
  const inGroup = talk(4321);
  await once(inGroup, 'close');
  expect(callers).toMatchObject([{ uid: 1234, gid: 4321, pid: inGroup.pid }]);
  const outside = talk(1235);
  const [words] = (await once(outside.stdout, 'data')) as [Buffer];
  expect(words.toString().trim()).toBe('EACCES');
  await once(outside, 'close');
  expect(callers.length).toBe(1);
});

/** NULL with an AUTH_SYS credential of uid 0. */
function callAsRoot(): Buffer {
  const w = beginRecord();
  for (const word of [1, 0, 2, umlmonctrl.program, 1, 0, 1, 20, 0, 0, 0, 0, 0, 0, 0]) w.uint(word);
  return sealRecord(w);
}

test('close() lets replies leave that were written, tells handlers, and ends at once otherwise', async () => {
  const aborted: boolean[] = [];
  const { server } = await serve({
    kill: (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted.push(true);
          resolve({ kind: 'failed', why: { code: '', place: '', cause: '', hint: '' } });
        });
      }),
  });
  const { socket, closed, next } = await connectRaw();
  socket.write(call(4));
  socket.write(call(0));
  expect((await next()).xid).toBe(1);
  await server.close();
  await closed;
  expect(aborted).toStrictEqual([true]);
});

test('close() does not wait for a peer that never reads', async () => {
  const { server } = await serve();
  const { socket } = await connectRaw();
  socket.pause();
  for (let i = 0; i < 20; i++) socket.write(readLog(i));
  await vi.waitFor(() => expect(server.counters.calls).toBeGreaterThan(4));
  await server.close();
});

test('a server that listens elsewhere can be handed over; over TCP nobody is anybody', async () => {
  const callers: Caller[] = [];
  const handlers = { ...stubHandlers, null: (_: unknown, caller: Caller) => void callers.push(caller) };
  const server = new RpcServer(umlmonctrl, handlers, () => undefined);
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  server.serve(listener);
  onTestFinished(() => server.close());
  const { port } = listener.address() as AddressInfo;
  const { socket, next } = await connectRaw({ host: '127.0.0.1', port });
  socket.write(call(0));
  expect((await next()).reply).toStrictEqual({ status: 'success' });
  expect(callers).toMatchObject([{ uid: 2 ** 32 - 1, gid: 2 ** 32 - 1, pid: 0 }]);
});
