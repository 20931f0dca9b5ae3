/** umlweb behind a proxy, with a path, and with TLS. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { World } from '../../helpers/programs/world.ts';
import { passwordOf, Web } from '../../helpers/web/web.ts';

let world: World;
let web: Web | undefined;

beforeEach(() => {
  world = new World();
});

afterEach(async () => {
  await web?.close();
  web = undefined;
  await world.close();
});

async function start(global: string): Promise<Web> {
  world.configure({ vm1: 'ubd0 = /disks/root.dsk' }, `web_listen = 127.0.0.1:0\n${global}`);
  web = await Web.start(world);
  return web;
}

/** Signs a certificate for this host by itself. */
function makeCertificate(name: string): { cert: string; key: string } {
  const [cert, key] = [join(world.home, `${name}.crt`), join(world.home, `${name}.key`)];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ].concat([
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ]),
    { stdio: 'ignore' },
  );
  return { cert, key };
}

function statusOf(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (answer: IncomingMessage) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', reject);
  });
}

test('a path of a proxy is taken off, or not, and the cookie is for it alone', async () => {
  const { url } = await start('web_url = https://vms.example.org/umlweb/');
  for (const path of ['', 'app.js', 'umlweb/', 'umlweb/app.js'])
    expect(await statusOf(url + path, 'vms.example.org')).toBe(200);
  expect(await statusOf(`${url}umlweb/umlweb/app.js`, 'vms.example.org')).toBe(404);

  const headers = { 'content-type': 'application/json', origin: 'https://vms.example.org' };
  const body = JSON.stringify({ password: passwordOf('admin') });
  const answer = await fetch(`${url}umlweb/api/session`, { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
  const cookie = answer.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/; Path=\/umlweb\/; .*; HttpOnly; SameSite=Strict; Secure$/);

  const live = new WebSocket(`${url.replace('http', 'ws')}umlweb/live`, {
    headers: { cookie: cookie.split(';')[0] ?? '', origin: 'https://vms.example.org' },
  });
  const first = await new Promise((resolve, reject) => {
    live.once('message', resolve);
    live.once('error', reject);
  });
  expect(JSON.parse(String(first))).toMatchObject({ kind: 'vms', names: ['vm1'] });
  live.terminate();
});

/** The status of an upgrade to a websocket; 101 if there is one. */
function upgradeStatus(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.once('open', () => {
      resolve(101);
      socket.terminate();
    });
    socket.once('unexpected-response', (_request, { statusCode = 0 }) => {
      resolve(statusCode);
      socket.terminate();
    });
    socket.once('error', reject);
  });
}

test('with web_url only its pages can open WebSockets and change something, with http or https', async () => {
  const { url } = await start('web_url = https://vms.example.org/umlweb/');
  const type = { 'content-type': 'application/json' };
  const logIn = (origin: string) =>
    fetch(`${url}umlweb/api/session`, {
      method: 'POST',
      headers: { ...type, origin },
      body: JSON.stringify({ password: passwordOf('admin') }),
    });
  const answer = await logIn('https://vms.example.org');
  const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const { token } = (await answer.json()) as { token: string };
  const live = `${url.replace('http', 'ws')}umlweb/live`;
  const own = new URL(url).origin;
  for (const origin of ['http://vms.example.org', own, 'https://vms.example.org:8443', 'null', '']) {
    expect(await upgradeStatus(live, { cookie, origin, host: 'vms.example.org' }), origin).toBe(403);
    expect((await logIn(origin)).status, origin).toBe(403);
    for (const method of ['POST', 'DELETE', 'PUT', 'OPTIONS', 'HEAD'])
      for (const path of ['api/session', 'api/vms/vm1/start'])
        expect(
          (await fetch(url + path, { method, headers: { cookie, origin, 'x-umlweb-token': token } })).status,
          `${method} ${path} of ${origin}`,
        ).toBe(403);
    const read = await fetch(`${url}api/session`, { headers: { cookie, origin } });
    expect(read.status, `GET of ${origin}`).toBe(403);
    const { hint } = (await read.json()) as { hint: string };
    expect(hint).toBe('open https://vms.example.org/umlweb/');
  }
  for (const host of ['vms.example.org', 'vms.example.org:443', new URL(url).host])
    expect(await upgradeStatus(live, { cookie, origin: 'https://vms.example.org', host }), host).toBe(101);
  expect(
    await upgradeStatus(live, { cookie, origin: 'https://vms.example.org', host: 'elsewhere.example' }),
  ).toBe(421);
});

test('without web_url, pages of what the browser has called', async () => {
  const { url } = await start('');
  const { port, origin } = new URL(url);
  const tried = async (host: string, from: string) =>
    upgradeStatus(`${url.replace('http', 'ws')}live`, { host, origin: from });
  // Without a session it is 401 only after the origin is known to be good.
  expect(await tried(`127.0.0.1:${port}`, origin)).toBe(401);
  expect(await tried(`LOCALHOST:${port}`, `http://localhost:${port}`)).toBe(401);
  expect(await tried(`127.0.0.1:${port}`, `http://localhost:${port}`)).toBe(403);
  expect(await tried(`127.0.0.1:${port}`, `https://127.0.0.1:${port}`)).toBe(403);
  expect(await tried(`elsewhere.example:${port}`, `http://elsewhere.example:${port}`)).toBe(421);
});

test('https, with a certificate that is renewed while it runs', async () => {
  const { cert, key } = makeCertificate('first');
  const { url, pid } = await start(`web_tls_cert = ${cert}\nweb_tls_key = ${key}`);
  expect(url).toMatch(/^https:/);
  const shown = () =>
    new Promise<PeerCertificate>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket: TLSSocket = connect(
        { host: hostname, port: Number(port), rejectUnauthorized: false },
        () => {
          resolve(socket.getPeerCertificate());
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
  const ca = readFileSync(cert);
  const status = await new Promise((resolve, reject) => {
    getTls(url, { ca }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', reject);
  });
  expect(status).toBe(200);
  expect((await shown()).fingerprint256).toBe(new X509Certificate(ca).fingerprint256);
  // Nobody who speaks http is answered.
  await expect(statusOf(url.replace('https', 'http'), new URL(url).host)).rejects.toThrow();

  const second = makeCertificate('second');
  execFileSync('cp', [second.cert, cert]);
  execFileSync('cp', [second.key, key]);
  process.kill(pid, 'SIGHUP');
  await expect.poll(async () => (await shown()).subject.CN, { timeout: 10_000 }).toBe('second');

  execFileSync('cp', [second.key, cert]);
  process.kill(pid, 'SIGHUP');
  await expect.poll(() => web?.log, { timeout: 10_000 }).toContain('the certificate was not reloaded');
  expect((await shown()).subject.CN).toBe('second');
});

test.each([
  ['web_listen = 0.0.0.0:8470', /other hosts would send passwords unencrypted/],
  ['web_listen = 127.0.0.1:0\nweb_tls_cert = /a.crt', /a certificate and its key belong together/],
  ['web_listen = 127.0.0.1:0\nweb_tls_cert = /none.crt\nweb_tls_key = /none.key', /none\.crt/],
  ['web_listen = 192.0.2.1:8470\nweb_url = https://vms.example.org/', /EADDRNOTAVAIL/],
])('it does not start with %j', (global, why) => {
  world.configure({}, global);
  const { status, stderr } = world.run('umlweb', []);
  expect([3, 6]).toContain(status);
  expect(stderr).toMatch(why);
});

test('its version, help and usage errors', () => {
  world.configure({});
  expect(world.run('umlweb', ['-version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(world.run('umlweb', ['-help']).stdout).toContain('umlweb [-config PATH]');
  expect(world.run('umlweb', ['-nothing']).status).toBe(2);
  expect(world.run('umlweb', ['extra']).stderr).toContain('unexpected argument "extra"');
});
