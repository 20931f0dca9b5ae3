import '../../helpers/tiers/needs-host.ts';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Caller } from '../../../src/rpc/codec/program.ts';
import { beginRecord, sealRecord } from '../../../src/rpc/codec/record.ts';
import type { XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { pattern, stubHandlers } from '../stub-handlers.ts';
import { call, connectRaw, directory, path, readLog, serve } from './raw-peer.ts';

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

test('calls are refused with the errors of RFC 5531', async () => {
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

test('AUTH_SYS is not trusted: another user is known by its own uid', async () => {
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

test('close() sends replies that were written, aborts handlers, and ends at once otherwise', async () => {
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

test('a listening server can be handed over; over TCP a caller has no uid', async () => {
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
