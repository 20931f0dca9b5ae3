/** umlweb, with requests and websockets exactly as a test writes them. */
import { request } from 'node:http';
import { afterAll, beforeAll, expect } from 'vitest';
import { WebSocket } from 'ws';
import { World } from '../../helpers/programs/world.ts';
import { Web } from '../../helpers/web/web.ts';

interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export let world: World;
export let web: Web;

beforeAll(async () => {
  world = new World();
  const vm = 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk';
  world.configure({ vm1: vm, vm2: vm }, 'web_listen = 127.0.0.1:0');
  world.addImage('vm1');
  await world.startMonitor('vm1');
  web = await Web.start(world, ['view', 'console', 'operate', 'admin']);
});

afterAll(async () => {
  const status = await web.close();
  await world.close();
  if (status !== 0) console.error(web.log.slice(-3000));
  expect(status).toBe(0);
});

/** A request as it is written here: no client in between that mends its path or headers. */
export function ask(
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
  body = '',
): Promise<Answered> {
  const { hostname, port, host } = new URL(web.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: { host, ...headers } }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export const origin = () => web.url.slice(0, -1);
export const asJson = () => ({ 'content-type': 'application/json', origin: origin() });

export interface LoggedIn {
  readonly cookie: string;
  readonly token: string;
  /** Headers of a request that changes something. */
  readonly headers: Record<string, string>;
}

export async function logIn(password: string): Promise<LoggedIn> {
  const { status, headers, body } = await ask('/api/session', 'POST', asJson(), JSON.stringify({ password }));
  expect(status).toBe(200);
  const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  const { token } = JSON.parse(body) as { token: string };
  return { cookie, token, headers: { cookie, origin: origin(), 'x-umlweb-token': token } };
}

export interface Dialed {
  readonly socket: WebSocket;
  /** The first message, which may come at once. */
  readonly first: Promise<string>;
}

/** Opens a websocket; resolves to its status if it is refused. */
export function dial(path: string, headers: Record<string, string>): Promise<number | Dialed> {
  const socket = new WebSocket(`${web.url.replace('http', 'ws')}${path}`, { headers });
  const first = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (sent, { statusCode = 0 }) => {
      sent.destroy();
      resolve(statusCode);
    });
    socket.on('open', () => resolve({ socket, first }));
    socket.on('error', reject);
  });
}

/** Opens one that is not refused. */
export async function open(path: string, { cookie }: LoggedIn): Promise<Dialed> {
  const dialed = await dial(path, { cookie, origin: origin() });
  if (typeof dialed === 'number') throw new Error(`refused with ${dialed}`);
  return dialed;
}

export function closedWith(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.on('close', resolve));
}

/** Waits for what the log is to have from `since` on. */
export async function logHas(pattern: RegExp, since: number): Promise<void> {
  await expect.poll(() => web.log.slice(since), { timeout: 10_000 }).toMatch(pattern);
}
