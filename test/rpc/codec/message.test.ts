import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ReplyStatus,
  readCall,
  readReply,
  writeCall,
  writeReply,
} from '../../../src/rpc/codec/message.ts';
import { XdrError, XdrReader, XdrWriter } from '../../../src/rpc/codec/xdr.ts';

const header = { xid: 7, program: 0x20756d6c, version: 1, procedure: 3 };

function call(fill: { rpc?: number; cred?: [number, Uint8Array]; verf?: [number, Uint8Array] }): XdrReader {
  const w = new XdrWriter();
  for (const word of [7, 0, fill.rpc ?? 2, header.program, header.version, header.procedure]) w.uint(word);
  for (const [flavour, body] of [
    fill.cred ?? [0, new Uint8Array()],
    fill.verf ?? [0, new Uint8Array()],
  ] as const) {
    w.uint(flavour);
    w.opaque(body, 1000);
  }
  return new XdrReader(w.bytes());
}

function authSys(gids: number, machine = 'host'): Buffer {
  const w = new XdrWriter();
  w.uint(1);
  w.string(machine, 300);
  for (const word of [0, 0, gids]) w.uint(word);
  for (let i = 0; i < gids; i++) w.uint(i);
  return w.bytes();
}

test('a call that was written is read', () => {
  const w = new XdrWriter();
  writeCall(w, header);
  w.uint(99);
  const reader = new XdrReader(w.bytes());
  expect(readCall(reader)).toStrictEqual({ kind: 'call', header });
  expect(reader.uint()).toBe(99);
});

test.each([0, 1, 16])('AUTH_SYS with %i groups is accepted', (gids) => {
  expect(readCall(call({ cred: [1, authSys(gids)] }))).toStrictEqual({ kind: 'call', header });
});

test.each([
  ['a malformed AUTH_SYS', { cred: [1, new Uint8Array(5)] as [number, Uint8Array] }, 1],
  ['17 groups', { cred: [1, authSys(17)] as [number, Uint8Array] }, 1],
  ['a machine name of 256 bytes', { cred: [1, authSys(0, 'x'.repeat(256))] as [number, Uint8Array] }, 1],
  ['AUTH_NONE with a body', { cred: [0, new Uint8Array(4)] as [number, Uint8Array] }, 1],
  ['a credential of 404 bytes', { cred: [1, new Uint8Array(404)] as [number, Uint8Array] }, 1],
  ['RPCSEC_GSS', { cred: [6, new Uint8Array(4)] as [number, Uint8Array] }, 2],
  ['a verifier of another flavour', { verf: [1, authSys(0)] as [number, Uint8Array] }, 3],
])('refuses %s', (_, fill, problem) => {
  expect(readCall(call(fill))).toStrictEqual({
    kind: 'denied',
    xid: 7,
    status: { status: 'auth-error', problem },
  });
});

test('refuses another version of RPC', () => {
  const status = { status: 'rpc-mismatch', low: 2, high: 2 };
  expect(readCall(call({ rpc: 3 }))).toStrictEqual({ kind: 'denied', xid: 7, status });
});

test('every reply that was written is read', () => {
  const replies: ReplyStatus[] = [
    { status: 'success' },
    { status: 'prog-unavail' },
    { status: 'prog-mismatch', low: 1, high: 2 },
    { status: 'proc-unavail' },
    { status: 'garbage-args' },
    { status: 'system-err' },
    { status: 'rpc-mismatch', low: 2, high: 2 },
    { status: 'auth-error', problem: 5 },
  ];
  for (const reply of replies) {
    const w = new XdrWriter();
    writeReply(w, 9, reply);
    const reader = new XdrReader(w.bytes());
    expect(readReply(reader)).toStrictEqual({ xid: 9, reply });
    reader.finish();
  }
});

test('noise throws XdrError or is read', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 14 }), (words) => {
      const w = new XdrWriter();
      for (const word of words) w.uint(word);
      for (const read of [readCall, readReply]) {
        try {
          read(new XdrReader(w.bytes()));
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }
    }),
  );
});
