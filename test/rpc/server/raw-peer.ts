/** A server on a control socket, and peers that send arbitrary bytes. */
import '../../helpers/tiers/needs-host.ts';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, onTestFinished } from 'vitest';
import { readReply, writeCall } from '../../../src/rpc/codec/message.ts';
import type { Handlers } from '../../../src/rpc/codec/program.ts';
import { beginRecord, RecordSplitter, sealRecord } from '../../../src/rpc/codec/record.ts';
import { XdrReader, type XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { stubHandlers } from '../stub-handlers.ts';

export let directory: string;
export let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-rpc-'));
  path = join(directory, 'ctrl');
});

afterEach(() => rmSync(directory, { recursive: true }));

export async function serve(handlers: Partial<Handlers<typeof umlmonctrl>> = {}) {
  const faults: string[] = [];
  const server = new RpcServer(umlmonctrl, { ...stubHandlers, ...handlers }, (error, procedure) =>
    faults.push(`${procedure}: ${error instanceof Error ? error.message : error}`),
  );
  await server.listen({ path, mode: 0o660 });
  onTestFinished(() => server.close());
  return { server, faults };
}

/** A peer that sends what it likes. */
export async function connectRaw(to: NetConnectOpts = { path }) {
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

export function call(
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

export const readLog = (xid: number) =>
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
