/** One session, or many addresses, cannot disturb other users of umlweb. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { webLimits, webShares } from '../../../src/system/limits/limits.ts';
import { World } from '../../helpers/programs/world.ts';
import { passwordOf, Web } from '../../helpers/web/web.ts';

let world: World;
let web: Web;

beforeAll(async () => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\ncon1 = pty' }, 'web_listen = 127.0.0.1:0');
  world.addImage('vm1');
  await world.startMonitor('vm1');
  web = await Web.start(world, ['view', 'admin']);
});
afterAll(async () => {
  await web.close();
  await world.close();
});

interface Answered {
  readonly status: number;
  readonly cookie: string;
  readonly body: string;
}

/** Never twice over one connection: each request is one that anybody could make. */
function ask(path: string, from: string, cookie = '', password?: string): Promise<Answered> {
  const { hostname, port, host } = new URL(web.url);
  const method = password === undefined ? 'GET' : 'POST';
  const headers = { host, cookie, origin: web.url.slice(0, -1), 'content-type': 'application/json' };
  const agent = new Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, localAddress: from, agent }, (response) => {
      let body = '';
      response.on('data', (text) => (body += text));
      const set = String(response.headers['set-cookie'] ?? '').split(';')[0] ?? '';
      response.on('end', () => resolve({ status: response.statusCode ?? 0, cookie: set, body }));
    });
    sent.on('error', reject);
    sent.end(password === undefined ? '' : JSON.stringify({ password }));
  });
}

const logIn = (from: string, password = passwordOf('admin')) => ask('/api/session', from, '', password);

/** The status with which a websocket is refused; 101 if it is not. */
function dial(from: string, cookie: string, sockets: WebSocket[]): Promise<number> {
  const headers = { cookie, origin: web.url.slice(0, -1) };
  const socket = new WebSocket(`${web.url.replace('http', 'ws')}live`, { headers, localAddress: from });
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.on('unexpected-response', (sent, { statusCode = 0 }) => {
      sent.destroy();
      resolve(statusCode);
    });
    socket.on('open', () => resolve(101));
    socket.on('error', () => resolve(0));
  });
}

test('200 websockets of one session, and what it asks as fast as it can: others are served', async () => {
  const hostile = await logIn('127.0.0.1', passwordOf('view'));
  const other = await logIn('127.0.0.2');
  const sockets: WebSocket[] = [];
  const statuses = await Promise.all(
    Array.from({ length: 200 }, () => dial('127.0.0.1', hostile.cookie, sockets)),
  );
  expect(statuses.filter((status) => status === 101)).toHaveLength(webLimits.socketsOfSession);
  expect(statuses.filter((status) => status === 429)).toHaveLength(200 - webLimits.socketsOfSession);
  let isOver = false;
  const flood = Array.from({ length: 100 }, async () => {
    const seen: number[] = [];
    while (!isOver) seen.push((await ask('/api/vms/vm1/info', '127.0.0.1', hostile.cookie)).status);
    return seen;
  });
  const took: number[] = [];
  for (let round = 0; round < 30; round++) {
    const began = performance.now();
    const client = await MonitorClient.connect(join(world.varDir, 'vm1/ctrl'), 'vm1');
    await client.call('info', undefined);
    took.push(performance.now() - began);
    client.close();
    expect((await ask('/api/vms/vm1/info', '127.0.0.2', other.cookie)).status).toBe(200);
  }
  expect(await dial('127.0.0.2', other.cookie, sockets)).toBe(101);
  expect((await logIn('127.0.0.3')).status).toBe(200);
  isOver = true;
  const seen = new Set((await Promise.all(flood)).flat());
  expect(seen).toEqual(new Set([200, 429]));
  took.sort((a, b) => a - b);
  console.log(
    `root beside a web session: median ${took[15]?.toFixed(1)}, longest ${took.at(-1)?.toFixed(1)} ms`,
  );
  for (const socket of sockets) socket.terminate();
});

test('fifty addresses that guess, many at a time: the right password from a new address is heard', async () => {
  const guesses: Promise<Answered>[] = [];
  for (let round = 0; round < 4; round++)
    for (let at = 1; at <= 50; at++) guesses.push(logIn(`127.0.6.${at}`, 'a wrong guess'));
  // These are in the middle of them.
  const right = await Promise.all([1, 2, 3].map((at) => logIn(`127.0.7.${at}`)));
  expect(right.map(({ status }) => status)).toEqual([200, 200, 200]);
  const statuses = new Set((await Promise.all(guesses)).map(({ status }) => status));
  expect(statuses.has(200)).toBe(false);
  expect(statuses.has(401)).toBe(true);
});

test('silent connections of one address do not keep others out', async () => {
  const { hostname, port } = new URL(web.url);
  const silent = Array.from({ length: webShares.connections.total + 100 }, () =>
    connect({ host: hostname, port: Number(port), localAddress: '127.0.0.66' }).on('error', () => undefined),
  );
  await expect.poll(() => web.log, { timeout: 20_000 }).toContain('too many connections: some were closed');
  expect((await logIn('127.0.0.67')).status).toBe(200);
  // Also from there: the silent ones give way.
  expect((await logIn('127.0.0.66')).status).toBe(200);
  for (const socket of silent) socket.destroy();
});
