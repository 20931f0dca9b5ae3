/** Bounds of the RPC server: malformed records, connections, calls and unread replies. */
import '../../helpers/tiers/needs-host.ts';
import { expect, test, vi } from 'vitest';
import { RecordSplitter } from '../../../src/rpc/codec/record.ts';
import type { XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { rpcLimits } from '../../../src/system/limits/limits.ts';
import { pattern } from '../stub-handlers.ts';
import { call, connectRaw, readLog, serve } from './raw-peer.ts';

test.each([
  ['a mark beyond the largest call', Buffer.from('ffffffff', 'hex')],
  ['one byte too many announced', markOf(rpcLimits.callHeaderBytes + umlmonctrl.argsBytesMax + 1)],
  ['a reply instead of a call', Buffer.from('80000008' + '00000001' + '00000001', 'hex')],
  ['an empty record', Buffer.from('80000000', 'hex')],
  ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
])('%s ends the connection, others continue', async (_, bytes) => {
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

test('the calls in progress of a connection are bounded; the others wait', async () => {
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
