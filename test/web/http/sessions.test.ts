/** Sessions of umlweb: their cookie, their websockets, their end, and wrong passwords. */
import { expect, test } from 'vitest';
import { removePasswords, setPassword } from '../../../src/rpc/auth/password-file.ts';
import type { Role } from '../../../src/rpc/roles.ts';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { passwordOf } from '../../helpers/web/web.ts';
import {
  asJson,
  ask,
  closedWith,
  type Dialed,
  dial,
  logHas,
  logIn,
  open,
  origin,
  web,
  world,
} from './raw-requests.ts';

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
