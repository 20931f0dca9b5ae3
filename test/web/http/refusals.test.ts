/** What umlweb refuses, and that it says so in its log. */
import { connect } from 'node:net';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { passwordOf } from '../../helpers/web/web.ts';
import {
  asJson,
  ask,
  closedWith,
  dial,
  type LoggedIn,
  logHas,
  logIn,
  open,
  origin,
  web,
  world,
} from './raw-requests.ts';

/** Closed when umlweb has waited long enough for the rest of a header. */
let slowClosed: Promise<unknown>;

beforeAll(() => {
  const { hostname, port } = new URL(web.url);
  const slow = connect(Number(port), hostname);
  slowClosed = new Promise((resolve) => slow.on('close', resolve));
  slow.write('GET / HTTP/1.1\r\nHost: ');
  slow.resume();
});

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
