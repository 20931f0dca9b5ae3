/** umlweb as a user of its own, who may do nothing; what its pages show to each role, and whom monitors name. */
import { chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Role } from '../../../src/rpc/roles.ts';
import { vmPages } from '../../../src/web/vms/vm-pages.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { asWebUser, webUser } from '../../helpers/host/as-user.ts';
import { until } from '../../helpers/programs/umldir.ts';
import { World } from '../../helpers/programs/world.ts';
import { passwordOf, Web } from '../../helpers/web/web.ts';

const mark = 'MARK-4711-KRAM';
const secret = 'hunter2-is-no-secret';
const roles: readonly Role[] = ['view', 'console', 'operate', 'admin'];

const world = new World();
const state = join(world.home, 'state');
let web: Web;
let root: MonitorClient;

beforeAll(async () => {
  const vm = `ubd0 = /disks/root.dsk\nmem = 64M\ncon1 = pty log\nappend = api_token=${secret}`;
  world.configure({ vm1: vm }, `web_listen = 127.0.0.1:0\nweb_user = ${webUser.uid}`);
  world.addImage('vm1');
  await world.startMonitor('vm1');
  root = await world.client('vm1');
  mkdirSync(state, { mode: 0o750 });
  chownSync(state, webUser.uid, webUser.gid);
  const env = { STATE_DIRECTORY: state, UMLMON_CONFIG: '' };
  web = await Web.start(world, roles, { before: asWebUser, env, readers: webUser.gid });
}, 60_000);
afterAll(async () => {
  const status = await web?.close();
  await world.close();
  expect(status).toBe(0);
});

interface Person {
  readonly cookie: string;
  readonly token: string;
}

async function logIn(role: Role): Promise<Person> {
  const response = await fetch(`${web.url}api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: web.url.slice(0, -1) },
    body: JSON.stringify({ password: passwordOf(role) }),
  });
  expect(response.status).toBe(200);
  const { token } = (await response.json()) as { token: string };
  return { token, cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

/** A request of somebody: status, a colon, and what was answered. */
async function ask({ cookie, token }: Person, path: string, method = 'GET'): Promise<string> {
  const headers = { cookie, origin: web.url.slice(0, -1), 'x-umlweb-token': token };
  const response = await fetch(`${web.url}api/vms/vm1/${path}`, { method, headers });
  return `${response.status}:${await response.text()}`;
}

/** All messages of a websocket, until one of them is as wanted. */
async function listen({ cookie }: Person, path: string, isLast: (text: string) => boolean): Promise<string> {
  const headers = { cookie, origin: web.url.slice(0, -1) };
  const socket = new WebSocket(`${web.url.replace('http', 'ws')}${path}`, { headers });
  let all = '';
  socket.on('message', (data: Buffer) => {
    all += `${data.toString()}\n`;
  });
  await until(`a message of ${path}`, () => isLast(all));
  socket.terminate();
  return all;
}

test('it starts and stops VMs for users with the right role, and monitors report their names', async () => {
  expect(statSync(join(world.varDir, '.passwords'))).toMatchObject({ uid: 0, gid: webUser.gid });
  const [admin, look] = [await logIn('admin'), await logIn('view')];
  expect(await ask(look, 'start', 'POST')).toMatch(/^403:.*ROLE_TOO_LOW/);
  expect(await ask(admin, 'start', 'POST')).toMatch(/^200:/);
  expect(await ask(admin, 'kill', 'POST')).toMatch(/^200:/);
  const { lastExit } = await root.call('info', undefined);
  expect(lastExit).toMatchObject({ cause: 'killed', askedBy: 'admin@127.0.0.1 via umlweb' });
  const { events } = await root.call('security', undefined);
  const told = events.map(({ kind, who, what, result }) => [kind, who, what, result].join('|'));
  expect(told).toEqual(
    expect.arrayContaining([
      'refused|view@127.0.0.1 via umlweb|start|ROLE_TOO_LOW',
      'operation|admin@127.0.0.1 via umlweb|start|ok',
      'operation|admin@127.0.0.1 via umlweb|kill|ok',
    ]),
  );
});

test('console output and secrets reach only users who may read consoles', async () => {
  await root.call('start', undefined);
  const shell = await GuestShell.open(root);
  await shell.run('M=MARK-4711-; M="$M"KRAM; echo $M');
  await shell.run('echo "<0>Kernel panic - not syncing: $M" > /dev/kmsg');
  await root.call('consoleNote', { channel: 'con1', text: mark });
  await root.call('mconsole', `log ${mark}`);
  await until('the mark at con0', () => world.log('vm1', 'con0').includes(mark));
  const { eventsNext } = await root.call('info', undefined);
  await shell.type('echo c > /proc/sysrq-trigger\r');
  await waitForEvent(root, 'exit', eventsNext);
  await until('the VM is stopped', async () => (await root.call('info', undefined)).state === 'stopped');

  const { bundles } = await root.call('crashList', undefined);
  const query = `?bundle=${bundles[0]?.name}&file=summary.txt&channel=con1&text=${mark.slice(0, 8)}`;
  const [look, reader] = [await logIn('view'), await logIn('console')];
  const seen: string[] = [];
  for (const page of Object.keys(vmPages)) {
    const text = await ask(look, `${page}${query}`);
    expect([page, text.includes(mark), text.includes(secret)]).toEqual([page, false, false]);
    if ((await ask(reader, `${page}${query}`)).includes(mark)) seen.push(page);
  }
  // Not one of them is in vain: who may read consoles finds it there.
  expect(seen).toEqual(expect.arrayContaining(['info', 'log', 'find']));

  const live = await listen(look, 'live', (all) => all.includes('"exit"') || all.includes('"kind":"exit"'));
  expect(live).not.toMatch(new RegExp(`${mark}|${secret}`));
  const refused = await listen(look, 'console?vm=vm1&channel=con1&page=00000000', (all) => all !== '');
  expect(JSON.parse(refused)).toMatchObject({ kind: 'failed', why: { code: 'ROLE_TOO_LOW' } });
  // The dashboard is the same for all: that of the lowest role.
  expect(await listen(await logIn('admin'), 'live', (all) => all.includes('"exit"'))).not.toContain(mark);
});

test('its own security log has logins and refusals, in a directory of its own', async () => {
  await fetch(`${web.url}api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: web.url.slice(0, -1) },
    body: JSON.stringify({ password: 'a wrong one' }),
  });
  const path = join(state, 'security.log');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told).toContainEqual(
    expect.objectContaining({ kind: 'login', from: '127.0.0.1', what: 'view of *' }),
  );
  expect(told).toContainEqual(
    expect.objectContaining({ kind: 'login-refused', what: 'wrong password', result: 'WEB_REFUSED' }),
  );
  expect(told).toContainEqual(
    expect.objectContaining({ kind: 'refused', result: 'ROLE_TOO_LOW', from: '127.0.0.1' }),
  );
  expect(statSync(path).mode & 0o007).toBe(0);
});
