/** What umlweb refuses, and that it says so in its log. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { removePasswords, setPassword } from '../../../src/rpc/auth/password-file.ts';
import type { Role } from '../../../src/rpc/roles.ts';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { World } from '../../helpers/programs/world.ts';
import { passwordOf, Web } from '../../helpers/web/web.ts';

interface Answered {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

let world: World;
let web: Web;
/** Closed when umlweb has waited long enough for the rest of a header. */
let slowClosed: Promise<unknown>;

beforeAll(async () => {
  world = new World();
  const vm = 'kernel = /shared/kernels/linux\nubd0 = /disks/root.dsk';
  world.configure({ vm1: vm, vm2: vm }, 'web_listen = 127.0.0.1:0');
  world.addImage('vm1');
  await world.startMonitor('vm1');
  web = await Web.start(world, ['view', 'console', 'operate', 'admin']);
  const { hostname, port } = new URL(web.url);
  const slow = connect(Number(port), hostname);
  slowClosed = new Promise((resolve) => slow.on('close', resolve));
  slow.write('GET / HTTP/1.1\r\nHost: ');
  slow.resume();
});

afterAll(async () => {
  const status = await web.close();
  await world.close();
  if (status !== 0) console.error(web.log.slice(-3000));
  expect(status).toBe(0);
});

/** A request as it is written here: no client in between that mends its path or headers. */
function ask(
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

const origin = () => web.url.slice(0, -1);
const asJson = () => ({ 'content-type': 'application/json', origin: origin() });

interface LoggedIn {
  readonly cookie: string;
  readonly token: string;
  /** Headers of a request that changes something. */
  readonly headers: Record<string, string>;
}

async function logIn(password: string): Promise<LoggedIn> {
  const { status, headers, body } = await ask('/api/session', 'POST', asJson(), JSON.stringify({ password }));
  expect(status).toBe(200);
  const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
  const { token } = JSON.parse(body) as { token: string };
  return { cookie, token, headers: { cookie, origin: origin(), 'x-umlweb-token': token } };
}

interface Dialed {
  readonly socket: WebSocket;
  /** The first message, which may come at once. */
  readonly first: Promise<string>;
}

/** Opens a websocket; resolves to its status if it is refused. */
function dial(path: string, headers: Record<string, string>): Promise<number | Dialed> {
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
async function open(path: string, { cookie }: LoggedIn): Promise<Dialed> {
  const dialed = await dial(path, { cookie, origin: origin() });
  if (typeof dialed === 'number') throw new Error(`refused with ${dialed}`);
  return dialed;
}

function closedWith(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.on('close', resolve));
}

/** Waits for what the log is to have from `since` on. */
async function logHas(pattern: RegExp, since: number): Promise<void> {
  await expect.poll(() => web.log.slice(since), { timeout: 10_000 }).toMatch(pattern);
}

describe('umlweb refuses, and logs', () => {
  let admin: LoggedIn;
  let since: number;

  beforeAll(async () => {
    admin = await logIn(passwordOf('admin'));
  });

  beforeEach(() => {
    since = web.log.length;
  });

  test('a websocket that a page of another origin opens', async () => {
    const { cookie } = admin;
    expect(await dial('live', { cookie, origin: 'https://elsewhere.example' })).toBe(403);
    expect(await dial('live', { cookie })).toBe(403);
    await logHas(/"refused":403.*"place":"Origin"/, since);
    const { socket } = await open('live', admin);
    socket.terminate();
  });

  test('a change without the token of its session', async () => {
    const { 'x-umlweb-token': _, ...without } = admin.headers;
    expect((await ask('/api/vms/vm1/kill', 'POST', without)).status).toBe(403);
    const wrong = { ...without, 'x-umlweb-token': 'x'.repeat(admin.token.length) };
    expect((await ask('/api/vms/vm1/kill', 'POST', wrong)).status).toBe(403);
    await logHas(/"refused":403.*"place":"x-umlweb-token"/, since);
    // With it, the request reaches the monitor, which has nothing to kill.
    expect((await ask('/api/vms/vm1/kill', 'POST', admin.headers)).status).toBe(409);
  });

  test('a change that a page of another origin asks for, with the token', async () => {
    const headers = { ...admin.headers, origin: 'null' };
    expect((await ask('/api/vms/vm1/start', 'POST', headers)).status).toBe(403);
    await logHas(/"refused":403.*"place":"Origin"/, since);
  });

  test('a frame that is too large', async () => {
    const { socket } = await open('live', admin);
    const closed = closedWith(socket);
    socket.send(Buffer.alloc(webLimits.frameBytes + 1));
    expect(await closed).toBe(1009);
    await logHas(/"refused":"frame".*Max payload size exceeded/, since);
  });

  test('what a console page would never send', async () => {
    const query = 'console?vm=vm1&channel=con1&page=00000000';
    for (const message of ['{', '[]', '{"kind":"shown","offset":-1}', '{"kind":"size"}']) {
      const { socket, first } = await open(query, admin);
      const closed = closedWith(socket);
      // It says that there is a viewer.
      await first;
      socket.send(message);
      expect(await closed).toBe(1008);
    }
  });

  test.each([
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/app.js/../../umlweb.cjs',
    '/app.js%00.css',
    '/./umlweb.cjs',
    '//etc/passwd',
    '/umlweb-page.html',
    '/constructor',
    '/__proto__',
    '/api/vms/../session',
    '/api/vms/vm1/constructor',
    '/api/vms/..%2f..%2fetc/info',
  ])('the path %s', async (path) => {
    const { status, body } = await ask(path, 'GET', { cookie: admin.cookie });
    expect([404, 200]).toContain(status);
    // The one that a URL may say otherwise.
    if (status === 200) expect(JSON.parse(body)).toHaveProperty('grants');
    expect(body).not.toMatch(/root:|sourceMappingURL/);
  });

  test('a target that is not a path', async () => {
    expect((await ask('http://elsewhere.example/')).status).toBe(400);
    await logHas(/"refused":400/, since);
  });

  test('a name that is not its own', async () => {
    expect((await ask('/', 'GET', { host: 'elsewhere.example' })).status).toBe(421);
    await logHas(/"refused":421/, since);
    const { port } = new URL(web.url);
    expect((await ask('/', 'GET', { host: `localhost:${port}` })).status).toBe(200);
  });

  test('what the role does not include', async () => {
    const look = await logIn(passwordOf('view'));
    const { cookie } = look;
    expect((await ask('/api/vms/vm1/info', 'GET', { cookie })).status).toBe(200);
    expect((await ask('/api/vms/vm1/start', 'POST', look.headers)).status).toBe(403);
    expect((await ask('/api/vms/vm1/log?channel=con0', 'GET', { cookie })).status).toBe(403);
    const { socket, first } = await open('console?vm=vm1&channel=con1&page=00000000', look);
    expect(JSON.parse(await first)).toMatchObject({ kind: 'failed', why: { code: 'ROLE_TOO_LOW' } });
    socket.terminate();
    await logHas(/"refused":403.*needs the role operate, and yours is view/, since);
    const console = await logIn(passwordOf('console'));
    expect((await ask('/api/vms/vm1/start', 'POST', console.headers)).status).toBe(403);
    expect((await ask('/api/vms/vm1/log?channel=con0', 'GET', { cookie: console.cookie })).status).toBe(200);
  });

  test('a VM that the password does not open looks like a missing VM', async () => {
    await setPassword(world.varDir, { vm: 'vm2', role: 'admin' }, 'only the second');
    const second = await logIn('only the second');
    const { cookie, headers } = second;
    const [own, none] = [
      await ask('/api/vms/vm1/info', 'GET', { cookie }),
      await ask('/api/vms/vm9/info', 'GET', { cookie }),
    ];
    expect([own.status, none.status]).toEqual([404, 404]);
    expect(own.body.replaceAll('vm1', '')).toBe(none.body.replaceAll('vm9', ''));
    expect((await ask('/api/vms/vm1/start', 'POST', headers)).status).toBe(404);
    const { socket, first } = await open('live', second);
    expect(JSON.parse(await first)).toMatchObject({ kind: 'vms', names: ['vm2'] });
    socket.terminate();
  });

  test('everything without a session', async () => {
    for (const path of ['/api/session', '/api/vms/vm1/info'])
      expect((await ask(path, 'GET', { cookie: `umlweb=${'A'.repeat(43)}` })).status).toBe(401);
    expect((await ask('/api/vms/vm1/start', 'POST', { origin: origin() })).status).toBe(401);
    expect(await dial('live', { origin: origin() })).toBe(401);
    await logHas(/"refused":401/, since);
  });

  test('a body that is too large, or no JSON object', async () => {
    const large = JSON.stringify({ password: 'x'.repeat(webLimits.bodyBytes) });
    expect((await ask('/api/session', 'POST', asJson(), large)).status).toBe(413);
    expect((await ask('/api/session', 'POST', asJson(), '[1]')).status).toBe(400);
    expect((await ask('/api/session', 'POST', asJson(), '{')).status).toBe(400);
    expect((await ask('/api/session', 'POST', { origin: origin() }, '{}')).status).toBe(415);
    await logHas(/"refused":413/, since);
  });

  test('methods that make no sense', async () => {
    for (const [method, path] of [
      ['POST', '/'],
      ['PUT', '/app.js'],
      ['DELETE', '/api/vms/vm1/info'],
      ['TRACE', '/api/session'],
    ] as const)
      expect((await ask(path, method, admin.headers)).status).toBe(405);
  });
});

test('every response has headers that restrict the page', async () => {
  for (const path of ['/', '/app.js', '/app.css', '/icon.svg', '/api/session', '/nothing']) {
    const { headers } = await ask(path);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toContain('unsafe');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  }
});

test('the page has nothing from elsewhere, nothing inline, and another nonce each time', async () => {
  const [one, other] = [await ask('/'), await ask('/')];
  const nonce = /nonce="([^"]{20,})"/.exec(one.body)?.[1] ?? 'none';
  expect(String(one.headers['content-security-policy'])).toContain(`'nonce-${nonce}'`);
  expect(other.body).not.toContain(nonce);
  expect(one.body).not.toMatch(/\bstyle=|<style|\son\w+=|<script(?![^>]*\bsrc=)/);
  for (const [, url = ''] of one.body.matchAll(/(?:src|href)="([^"]*)"/g)) expect(url).toMatch(/^[\w.]+$/);
});

test('the cookie of a session is for requests of its own pages only', async () => {
  const { headers } = await ask(
    '/api/session',
    'POST',
    asJson(),
    JSON.stringify({ password: passwordOf('view') }),
  );
  expect(String(headers['set-cookie'])).toMatch(
    /^umlweb=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
  );
});

test('a session has as many websockets as it may, and no more', async () => {
  const look = await logIn(passwordOf('view'));
  const all: Dialed[] = [];
  for (let count = 0; count < webLimits.socketsOfSession; count++) all.push(await open('live', look));
  expect(await dial('live', { cookie: look.cookie, origin: origin() })).toBe(429);
  const closed = all.map(({ socket }) => closedWith(socket));
  expect((await ask('/api/session', 'DELETE', look.headers)).status).toBe(200);
  expect(new Set(await Promise.all(closed))).toEqual(new Set([4401]));
  // Of Node, which would take them for forgotten.
  expect(web.log).not.toContain('MaxListeners');
});

test('a session ends when its owner leaves, and its websockets with it', async () => {
  const look = await logIn(passwordOf('view'));
  const { cookie, headers } = look;
  const { socket } = await open('live', look);
  const closed = closedWith(socket);
  expect((await ask('/api/session', 'DELETE', headers)).status).toBe(200);
  expect(await closed).toBe(4401);
  expect((await ask('/api/session', 'GET', { cookie })).status).toBe(401);
});

test('a session ends when its password is removed or changed', async () => {
  const role: Role = 'operate';
  await setPassword(world.varDir, { vm: 'vm2', role }, 'for a while');
  const first = await logIn('for a while');
  await removePasswords(world.varDir, 'vm2', role);
  expect((await ask('/api/session', 'GET', { cookie: first.cookie })).status).toBe(401);
  await setPassword(world.varDir, { vm: 'vm2', role }, 'for a while');
  const second = await logIn('for a while');
  expect((await ask('/api/session', 'GET', { cookie: second.cookie })).status).toBe(200);
  await setPassword(world.varDir, { vm: 'vm2', role }, 'another one');
  expect((await ask('/api/session', 'GET', { cookie: second.cookie })).status).toBe(401);
});

test('a connection that never sends its header does not stay', async () => {
  await slowClosed;
});

test('a connection whose websocket was refused does not stay, though its other end keeps it open', async () => {
  const { hostname, port, host } = new URL(web.url);
  const refused = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const closed = new Promise<void>((resolve) => refused.on('close', () => resolve()));
  refused.on('error', () => undefined).resume();
  const ended = new Promise((resolve) => refused.once('end', resolve));
  refused.write(
    `GET /live HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await ended;
  // Who writes to a connection that is gone there hears so.
  const again = setInterval(() => refused.write('more'), 50);
  await closed;
  clearInterval(again);
});

// The last one: it keeps this address from logging in.
test('wrong passwords are slowed down, and the right one is not forgotten', async () => {
  const since = web.log.length;
  const statuses: number[] = [];
  for (let count = 0; count < webLimits.loginTries + 3; count++) {
    const { status, headers } = await ask('/api/session', 'POST', asJson(), '{"password":"not this one"}');
    statuses.push(status);
    if (status === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }
  expect(statuses.slice(0, webLimits.loginTries)).toEqual(Array(webLimits.loginTries).fill(401));
  expect(statuses.at(-1)).toBe(429);
  await logHas(/"refused":429/, since);
  expect(web.log).not.toContain('not this one');
  await expect
    .poll(
      async () =>
        (await ask('/api/session', 'POST', asJson(), JSON.stringify({ password: passwordOf('view') })))
          .status,
      { timeout: 20_000, interval: 500 },
    )
    .toBe(200);
});
