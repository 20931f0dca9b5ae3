import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import { webLimits, webShares } from '../../../src/system/limits/limits.ts';
import { WebLogin } from '../../../src/web/login/login.ts';
import { sessionCookie, sessionIdOf, WebSessions } from '../../../src/web/login/sessions.ts';

const grants = [{ vm: '*', role: 'admin' }] as const;
const { sessionIdle, sessionTime } = webLimits;

describe('sessions', () => {
  test('end after their time, used or not', () => {
    const sessions = new WebSessions();
    const session = sessions.open(grants, '192.0.2.1', 0);
    for (let now = 0; now <= sessionTime; now += sessionIdle / 2)
      expect(sessions.find(session.id, now)).toBe(session);
    expect(sessions.find(session.id, sessionTime + 1)).toBeUndefined();
    expect(session.ended.signal.aborted).toBe(true);
  });

  test('end when they are idle, but not while a page is open', () => {
    const sessions = new WebSessions();
    const [idle, looking] = [sessions.open(grants, '192.0.2.1', 0), sessions.open(grants, '192.0.2.1', 0)];
    looking.sockets = 1;
    expect(sessions.find(looking.id, sessionIdle + 1)).toBe(looking);
    expect(idle.ended.signal.aborted).toBe(true);
  });

  test('are bounded: the least recently used one is removed', () => {
    const sessions = new WebSessions();
    const other = sessions.open(grants, '192.0.2.2', 0);
    const { perPeer } = webShares.sessions;
    const all = Array.from({ length: perPeer }, (_, now) => sessions.open(grants, '192.0.2.1', now));
    const [first, second] = all;
    sessions.find(first?.id, webLimits.sessions);
    const newest = sessions.open(grants, '192.0.2.1', webLimits.sessions + 1);
    expect(second?.ended.signal.aborted).toBe(true);
    expect(sessions.find(first?.id, webLimits.sessions + 2)).toBe(first);
    expect(sessions.find(newest.id, webLimits.sessions + 2)).toBe(newest);
    // Those of fifty addresses end the only one of another no more than those of one.
    for (let at = 0; at < 2000; at++) sessions.open(grants, `198.51.100.${at % 50}`, webLimits.sessions);
    expect(sessions.find(other.id, webLimits.sessions + 2)).toBe(other);
  });

  test('have names and tokens that cannot be guessed', () => {
    const sessions = new WebSessions();
    const all = Array.from({ length: 50 }, () => sessions.open(grants, '192.0.2.1'));
    expect(new Set(all.flatMap(({ id, token }) => [id, token])).size).toBe(100);
    for (const { id, token } of all)
      expect(Buffer.from(id + token, 'base64url').length).toBeGreaterThanOrEqual(64);
  });

  test('are found by the cookie that names them', () => {
    const { id } = new WebSessions().open(grants, '192.0.2.1');
    const cookie = sessionCookie(id, '/umlweb/', true);
    expect(cookie).toContain('; Path=/umlweb/; ');
    expect(cookie).toContain('; Secure');
    expect(sessionIdOf(cookie.split(';')[0])).toBe(id);
    expect(sessionIdOf(`other=1; umlweb=${id}; more=2`)).toBe(id);
    for (const text of [
      undefined,
      '',
      `notumlweb=${id}`,
      `umlweb=${id}x`,
      'umlweb=',
      `umlweb=${'é'.repeat(43)}`,
    ])
      expect(sessionIdOf(text)).toBeUndefined();
  });
});

test('a login with a password that is changed meanwhile is refused', async () => {
  const varDir = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
  const sessions = new WebSessions();
  const login = new WebLogin(sessions, () => ({ varDir, readers: undefined }));
  try {
    await setPassword(varDir, { vm: '*', role: 'admin' }, 'the old one');
    // What is written at once, while the password is still being checked, has the mark of a time that is later.
    const entering = login.enter('the old one', '127.0.0.1');
    const path = join(varDir, '.passwords');
    const changed = JSON.stringify(Date.now() + 1);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"changed":\d+/, `"changed":${changed}`));
    const { id } = await entering;
    login.checkSessions();
    expect(sessions.find(id)).toBeUndefined();
  } finally {
    rmSync(varDir, { recursive: true });
  }
});
