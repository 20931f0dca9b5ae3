import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import { type ReplyStatus, writeReply } from '../../../src/rpc/codec/message.ts';
import type { Handlers } from '../../../src/rpc/codec/program.ts';
import { beginRecord, RecordSplitter, sealRecord } from '../../../src/rpc/codec/record.ts';
import type { XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { type InfoAnswer, umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { rpcLimits } from '../../../src/system/limits/limits.ts';
import { info, pattern, stubHandlers } from '../stub-handlers.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-rpc-'));
  path = join(directory, 'ctrl');
});

afterEach(() => rmSync(directory, { recursive: true }));

async function serve(
  handlers: Partial<Handlers<typeof umlmonctrl>> = {},
): Promise<RpcServer<typeof umlmonctrl>> {
  const server = new RpcServer(umlmonctrl, { ...stubHandlers, ...handlers }, () => undefined);
  await server.listen({ path, mode: 0o600 });
  onTestFinished(() => server.close());
  return server;
}

async function client(timeoutMs = 10_000) {
  const connected = await RpcClient.connect(path, umlmonctrl, { name: 'vm1', timeoutMs });
  onTestFinished(() => connected.close());
  return connected;
}

/** A server that answers each call with the result of `answer` for its xid. */
async function serveBytes(answer: (xid: number, socket: Socket) => Uint8Array | null): Promise<Server> {
  const server = createServer((socket) => {
    const splitter = new RecordSplitter(2 ** 20);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
      for (let record = splitter.next(); record; record = splitter.next()) {
        const bytes = answer(record.readUInt32BE(0), socket);
        if (bytes) socket.write(bytes);
      }
    });
  }).listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return server;
}

function reply(xid: number, status: ReplyStatus, fill: (w: XdrWriter) => void = () => undefined): Buffer {
  const w = beginRecord();
  writeReply(w, xid, status);
  fill(w);
  return sealRecord(w);
}

test('nested data, opaque data and failures arrive as they were sent', async () => {
  await serve();
  const vm = await client();
  expect(await vm.call('info')).toStrictEqual({ kind: 'ok', info });
  expect(await vm.call('null')).toBeUndefined();
  expect(await vm.call('start')).toMatchObject({ kind: 'failed', why: { code: 'STATE_WRONG' } });
  expect(await vm.call('stop', { timeoutMs: 77 })).toMatchObject({
    report: { elapsedMs: 77, state: 'stopped' },
  });
  expect(await vm.call('consoleDetach', 5)).toStrictEqual({ kind: 'ok' });
  const log = await vm.call('logRead', { channel: 'con0', offset: 9, max: 65536, waitMs: 0 });
  if (log.kind !== 'ok') throw new Error(log.why.cause);
  expect(Buffer.compare(log.bytes.data, pattern(65536))).toBe(0);
  expect(await vm.call('consoleWrite', { id: 1, data: pattern(65536) })).toStrictEqual({
    kind: 'ok',
    accepted: 65536,
  });
});

test('the types of procedures come from the program', async () => {
  await serve();
  const vm = await client();
  expectTypeOf(vm.call<'info'>).returns.resolves.toEqualTypeOf<InfoAnswer>();
  // @ts-expect-error: a procedure that is not in the program
  await expect(vm.call('reboot')).rejects.toThrow('no procedure');
  // @ts-expect-error: arguments are missing
  const wrong = () => vm.call('stop');
  expect(wrong).toBeTypeOf('function');
  const { null: _, ...incomplete } = stubHandlers;
  // @ts-expect-error: a handler is missing
  expect(() => new RpcServer(umlmonctrl, incomplete, () => undefined)).not.toThrow();
});

test('many calls at once, answered in another order', async () => {
  const release: (() => void)[] = [];
  await serve({
    stop: ({ timeoutMs }) =>
      new Promise((resolve) => {
        const report = { id: 1, joined: false, state: 'stopped', elapsedMs: timeoutMs, summary: '' } as const;
        release.push(() => resolve({ kind: 'ok', report }));
      }),
  });
  const vm = await client();
  const settled: number[] = [];
  const calls = [0, 1, 2, 3, 4].map(async (timeoutMs) => {
    const answer = await vm.call('stop', { timeoutMs });
    settled.push(timeoutMs);
    return answer.kind === 'ok' && answer.report.elapsedMs;
  });
  await vi.waitFor(() => expect(release.length).toBe(5));
  for (const i of [3, 0, 4, 2, 1]) {
    release[i]?.();
    await vi.waitFor(() => expect(settled.at(-1)).toBe(i));
  }
  expect(await Promise.all(calls)).toStrictEqual([0, 1, 2, 3, 4]);
});

test('200 calls of many sizes keep their answers', async () => {
  await serve();
  const vm = await client();
  const sizes = Array.from({ length: 200 }, (_, i) => (i * 7919) % 65537);
  const answers = await Promise.all(
    sizes.map((max) => vm.call('logRead', { channel: 'c', offset: max, max, waitMs: 0 })),
  );
  for (const [i, answer] of answers.entries())
    expect(answer.kind === 'ok' && [answer.bytes.offset, answer.bytes.data.length]).toStrictEqual([
      sizes[i],
      sizes[i],
    ]);
});

test('a server that cannot be reached, and the reason', async () => {
  await expect(client()).rejects.toMatchObject({
    code: 'MONITOR_UNREACHABLE',
    place: path,
    reason: 'no monitor is running for vm1',
  });
  const stale = createServer().listen(path);
  await once(stale, 'listening');
  // Closing by libuv would remove the file: a monitor that was killed leaves it.
  renameSync(path, `${path}.kept`);
  stale.close();
  await once(stale, 'close');
  renameSync(`${path}.kept`, path);
  await expect(client()).rejects.toMatchObject({
    code: 'MONITOR_UNREACHABLE',
    reason: expect.stringMatching(/killed/),
  });
  const long = join(directory, 'x'.repeat(100));
  const options = { name: 'vm1', timeoutMs: 1000 };
  await expect(RpcClient.connect(long, umlmonctrl, options)).rejects.toMatchObject({
    code: 'RPC_SOCKET_PATH',
  });
});

test('when the server exits, pending and later calls are rejected', async () => {
  const server = await serve({ kill: () => new Promise(() => undefined) });
  const vm = await client();
  const calls = [vm.call('kill'), vm.call('kill')].map((call) =>
    expect(call).rejects.toMatchObject({ code: 'MONITOR_UNREACHABLE', place: path }),
  );
  await vm.call('null');
  await server.close();
  await Promise.all(calls);
  await expect(vm.call('null')).rejects.toMatchObject({ code: 'MONITOR_UNREACHABLE' });
});

test('close() rejects pending calls', async () => {
  await serve({ kill: () => new Promise(() => undefined) });
  const vm = await client();
  const call = expect(vm.call('kill')).rejects.toMatchObject({
    reason: 'this program has closed the connection',
  });
  vm.close();
  await call;
});

test('a call ends at its time limit or on a signal, and its late answer does no harm', async () => {
  const xids: number[] = [];
  const sockets: Socket[] = [];
  await serveBytes((xid, socket) => {
    xids.push(xid);
    sockets.push(socket);
    return null;
  });
  const vm = await client();
  await expect(vm.call('null', undefined, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'RPC_TIMEOUT' });
  const controller = new AbortController();
  const cancelled = vm.call('null', undefined, { signal: controller.signal });
  controller.abort(new Error('not wanted any more'));
  await expect(cancelled).rejects.toThrow('not wanted any more');
  await expect(vm.call('null', undefined, { signal: controller.signal })).rejects.toThrow(
    'not wanted any more',
  );
  const good = vm.call('null', undefined, { timeoutMs: 0 });
  await vi.waitFor(() => expect(xids.length).toBe(3));
  for (const xid of xids) sockets[0]?.write(reply(xid, { status: 'success' }));
  expect(await good).toBeUndefined();
});

test('a call over TCP to a silent peer ends in time', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  const { port } = listener.address() as AddressInfo;
  const silent = await RpcClient.connect({ host: '127.0.0.1', port }, umlmonctrl, {
    name: 'vm1',
    timeoutMs: 20,
  });
  await expect(silent.call('null')).rejects.toMatchObject({
    code: 'RPC_TIMEOUT',
    place: `127.0.0.1:${port}`,
  });
  silent.close();
});

test('connecting to a peer that does not accept ends in time', async () => {
  // Listens with a backlog of one, prints its port, and accepts no connection.
  const script = `const s = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(s.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
  const peer = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void peer.kill('SIGKILL'));
  const [port] = (await once(peer.stdout, 'data')) as [Buffer];
  const target = { host: '127.0.0.1', port: Number(port) };
  const connectAll = async () => {
    for (let i = 0; i < 9; i++) {
      const one = await RpcClient.connect(target, umlmonctrl, { name: 'vm1', timeoutMs: 200 });
      onTestFinished(() => one.close());
    }
  };
  await expect(connectAll()).rejects.toMatchObject({
    code: 'MONITOR_UNREACHABLE',
    reason: expect.stringMatching('no answer within 200 ms'),
  });
});

test.each<[ReplyStatus, object]>([
  [{ status: 'prog-unavail' }, { code: 'RPC_PROTOCOL' }],
  [
    { status: 'prog-mismatch', low: 2, high: 3 },
    { code: 'RPC_PROTOCOL', reason: expect.stringMatching('2 to 3') },
  ],
  [{ status: 'proc-unavail' }, { code: 'RPC_PROTOCOL' }],
  [{ status: 'garbage-args' }, { code: 'RPC_PROTOCOL' }],
  [{ status: 'system-err' }, { code: 'INTERNAL', place: expect.stringMatching('ctrl') }],
  [{ status: 'rpc-mismatch', low: 3, high: 3 }, { code: 'RPC_PROTOCOL' }],
  [
    { status: 'auth-error', problem: 1 },
    { code: 'RPC_PROTOCOL', reason: expect.stringMatching('badCredential') },
  ],
])('a refusal is reported as text, and the connection stays open: %j', async (status, expected) => {
  let first = true;
  await serveBytes((xid) => {
    const answer = reply(xid, first ? status : { status: 'success' });
    first = false;
    return answer;
  });
  const vm = await client();
  await expect(vm.call('null')).rejects.toMatchObject(expected);
  expect(await vm.call('null')).toBeUndefined();
});

test.each<[string, (xid: number) => Uint8Array]>([
  ['a result that is cut short', (xid) => reply(xid, { status: 'success' }, (w) => w.int(0))],
  [
    'bytes after the result',
    (xid) =>
      reply(xid, { status: 'success' }, (w) => {
        w.int(1);
        for (let i = 0; i < 5; i++) w.string('', 0);
      }),
  ],
  ['an enum value that there is not', (xid) => reply(xid, { status: 'success' }, (w) => w.int(2))],
  ['a record beyond the bound', () => Buffer.from('80100001', 'hex')],
  ['a call instead of a reply', (xid) => Buffer.from([0x80, 0, 0, 8, 0, 0, 0, xid, 0, 0, 0, 0])],
])('%s ends the connection', async (_, answer) => {
  await serveBytes(answer);
  const vm = await client();
  const both = [vm.call('info'), vm.call('info')];
  for (const call of both) await expect(call).rejects.toMatchObject({ code: 'RPC_PROTOCOL', place: path });
  await expect(vm.call('info')).rejects.toMatchObject({ code: 'RPC_PROTOCOL' });
});

test('calls under way are bounded', async () => {
  await serveBytes(() => null);
  const vm = await client();
  const calls = Array.from({ length: rpcLimits.clientCalls }, () => vm.call('null').catch(() => 'ended'));
  await expect(vm.call('null')).rejects.toMatchObject({ code: 'INTERNAL' });
  vm.close();
  expect(new Set(await Promise.all(calls))).toStrictEqual(new Set(['ended']));
});

test('arguments beyond their bound are not sent, and leave the connection as it was', async () => {
  const server = await serve();
  const vm = await client();
  await expect(vm.call('consoleWrite', { id: 1, data: new Uint8Array(65537) })).rejects.toThrow(
    'at most 65536',
  );
  expect(await vm.call('null')).toBeUndefined();
  expect(server.counters.calls).toBe(1);
});
