/**
 * A program for tests: many sessions at a monitor that all ask as fast as they can, and come back at once when they are cut
 * off. `node hostile-crowd.cjs JSON`, see Crowd; it prints `ready` when it has begun, and ends with its standard input.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { channelBinding } from '../../../src/rpc/auth/channel-binding.ts';
import { authenticate } from '../../../src/rpc/auth/log-in.ts';
import { saltPassword } from '../../../src/rpc/auth/scram.ts';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';

export interface Crowd {
  readonly sessions: number;
  /** A control socket, or a TCP port with TLS. */
  readonly to: { readonly path: string } | { readonly port: number };
  /** Over TCP: the addresses that they come from, in turns. */
  readonly from?: readonly string[];
  /** Over TCP: what they know; without one they guess. */
  readonly password?: string;
  /** Calls, as hex. */
  readonly calls: readonly string[];
}

const crowd = JSON.parse(process.argv[2] ?? '{}') as Crowd;
const calls = Buffer.from(crowd.calls.join('').repeat(20), 'hex');

async function session(number: number): Promise<void> {
  for (;;) {
    const socket = await arrive(number).catch(() => undefined);
    if (socket) await flood(socket);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function arrive(number: number): Promise<Socket> {
  const { to, from = [], password } = crowd;
  if ('path' in to) return connect(to);
  const raw = connect({
    host: '127.0.0.1',
    port: to.port,
    localAddress: from[number % from.length] ?? '127.0.0.1',
  });
  raw.on('error', () => raw.destroy());
  const socket = connectTls({ socket: raw, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject).once('close', reject);
  });
  const client = RpcClient.over(socket, umlmonctrl, 'vm1', { name: 'vm1', timeoutMs: 10_000 });
  const derive = (derivation: Parameters<typeof saltPassword>[1]) =>
    password === undefined ? Promise.resolve(randomBytes(32)) : keyOf(password, derivation);
  try {
    await authenticate(client, { vm: 'vm1', binding: channelBinding(socket), place: 'vm1', derive });
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return socket;
}

/** Derived once: the crowd is to keep the monitor busy, not itself. */
const keys = new Map<string, Promise<Buffer>>();
function keyOf(password: string, derivation: Parameters<typeof saltPassword>[1]): Promise<Buffer> {
  const name = JSON.stringify(derivation);
  const key = keys.get(name) ?? saltPassword(password, derivation);
  keys.set(name, key);
  return key;
}

/** Until the other end has had enough. */
function flood(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const send = () => {
      while (calls.length > 0 && !socket.destroyed && socket.write(calls));
    };
    socket.removeAllListeners('data');
    socket.on('data', () => undefined);
    socket.on('error', () => socket.destroy());
    socket.on('drain', send);
    socket.once('close', () => resolve());
    send();
  });
}

for (let number = 0; number < crowd.sessions; number++) void session(number);
console.log('ready');
process.stdin.resume().once('end', () => process.exit());
