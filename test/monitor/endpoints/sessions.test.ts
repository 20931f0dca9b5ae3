/** Logins over real TLS connections, to a server whose procedures answer without a VM. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardHandlers } from '../../../src/monitor/endpoints/guard.ts';
import { ControlSessions } from '../../../src/monitor/endpoints/sessions.ts';
import { EventLog } from '../../../src/monitor/events/event-log.ts';
import { authenticate } from '../../../src/rpc/auth/log-in.ts';
import { allVms, removePasswords, setPassword } from '../../../src/rpc/auth/password-file.ts';
import { saltPassword } from '../../../src/rpc/auth/scram.ts';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import { connectTcp, secure } from '../../../src/rpc/client/connect-remote.ts';
import type { Caller } from '../../../src/rpc/codec/program.ts';
import { RemoteListener } from '../../../src/rpc/server/remote-listener.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { SecurityLog } from '../../../src/system/logs/security-log.ts';
import { stubHandlers } from '../../rpc/stub-handlers.ts';

const password = 'correct horse battery';
const varDir = mkdtempSync(join(tmpdir(), 'umlmon-sessions-'));
const events = new EventLog('vm1', () => undefined);
const security = new SecurityLog();
const users = { own: 0, web: undefined, group: undefined, groupRoles: [] };
const sessions = new ControlSessions({ vm: 'vm1', varDir, events, security, users });
let server: RpcServer<typeof umlmonctrl>;
let listener: RemoteListener;
const faults: unknown[] = [];

function makeCertificate(): { key: string; cert: string } {
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout - -out -';
  const pem = execFileSync('openssl', words.split(' '), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return { key: pem, cert: pem };
}

beforeAll(async () => {
  const steps = {
    authBegin: (message: string, caller: Parameters<typeof sessions.begin>[1]) =>
      attempt(() => sessions.begin(message, caller)),
    authFinish: (message: string, caller: Parameters<typeof sessions.begin>[1]) =>
      attempt(() => sessions.finish(message, caller)),
  };
  const actFor = (
    args: Parameters<typeof sessions.actFor>[0],
    caller: Parameters<typeof sessions.actFor>[1],
  ) => {
    try {
      return { kind: 'ok' as const, role: sessions.actFor(args, caller) };
    } catch (error) {
      return { kind: 'failed' as const, why: toFailure(error) };
    }
  };
  const callers = {
    roleOf: (caller: Caller) => sessions.roleOf(caller),
    nameOf: (caller: Caller) => sessions.nameOf(caller),
  };
  const guarded = guardHandlers({ ...stubHandlers, ...steps, actFor }, callers, {
    security,
    settings: { secrets: () => [] },
  });
  server = new RpcServer(umlmonctrl, guarded, (error) => faults.push(error));
  listener = await RemoteListener.open({ host: '127.0.0.1', port: 0, tls: makeCertificate() });
  server.serveRemote(listener);
  await setPassword(varDir, { vm: allVms, role: 'operate' }, password);
});
afterAll(async () => {
  await server.close();
  sessions.close();
  rmSync(varDir, { recursive: true });
  expect(faults).toEqual([]);
});

function attempt<S>(step: () => S) {
  try {
    return { kind: 'ok' as const, step: step() };
  } catch (error) {
    return { kind: 'failed' as const, why: toFailure(error) };
  }
}

/** Logs in at a port; the role, or the error. `then` is done over the connection. */
async function logInAt(
  port: number,
  text: string,
  then: (client: RpcClient<typeof umlmonctrl>, role: string) => Promise<string> = async (_, role) => role,
): Promise<string> {
  const endpoint = { host: '127.0.0.1', port };
  const { socket, binding } = await secure(await connectTcp(endpoint, 5000), endpoint, undefined, 5000);
  const client = RpcClient.over(socket, umlmonctrl, 'vm1', { name: 'vm1', timeoutMs: 5000 });
  try {
    const derive = (derivation: Parameters<typeof saltPassword>[1]) => saltPassword(text, derivation);
    return await then(client, await authenticate(client, { vm: 'vm1', binding, derive, place: 'vm1' }));
  } catch (error) {
    const { code, cause } = toFailure(error);
    return `${code}: ${cause}`;
  } finally {
    client.close();
  }
}

describe('a login over TLS', () => {
  test('has the role of the password; a removed password is invalid at once', async () => {
    expect(await logInAt(listener.port, password)).toBe('operate');
    await setPassword(varDir, { vm: 'vm1', role: 'view' }, 'a second password');
    expect(await logInAt(listener.port, 'a second password')).toBe('view');
    await removePasswords(varDir, 'vm1');
    expect(await logInAt(listener.port, 'a second password')).toMatch(/^PASSWORD_WRONG/);
  });

  test('a man in the middle with a certificate of its own gets nothing', async () => {
    const proxy = createTlsServer(makeCertificate(), (victim) => {
      const onwards = connectTls({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false });
      victim.pipe(onwards).pipe(victim);
      for (const socket of [victim, onwards]) socket.on('error', () => socket.destroy());
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    expect(await logInAt((proxy.address() as AddressInfo).port, password)).toMatch(
      /^AUTH_FAILED: .*belongs to another .* connection/,
    );
    proxy.close();
  });

  test('an authenticated client may call for others, within the role of the password, and is named with them', async () => {
    const ask = (role: string) =>
      logInAt(listener.port, password, async (client) => {
        const answer = await client.call('actFor', { user: 'anna', role, address: '192.0.2.7' });
        return answer.kind === 'ok' ? answer.role : answer.why.code;
      });
    expect([await ask('view'), await ask('operate'), await ask('admin')]).toEqual([
      'view',
      'operate',
      'operate',
    ]);
    const told = security.held().filter(({ kind }) => kind === 'act-for');
    expect(new Set(told.map(({ who }) => who))).toEqual(new Set(['anna@192.0.2.7 via operate at 127.0.0.1']));
    // It can lower its role for the rest of the connection, and not raise it again.
    const calls = await logInAt(listener.port, password, async (client) => {
      await client.call('actFor', { user: 'anna', role: 'view', address: '' });
      const again = await client.call('actFor', { user: 'anna', role: 'operate', address: '' });
      const refused = await client.call('consoleNote', { channel: 'con0', text: '' });
      return [again, refused].map((answer) => (answer.kind === 'failed' ? answer.why.code : 'ok')).join();
    });
    expect(calls).toBe('ACT_FOR_REFUSED,ROLE_TOO_LOW');
  });

  test('a client without a login may not claim one', async () => {
    const endpoint = { host: '127.0.0.1', port: listener.port };
    const { socket } = await secure(await connectTcp(endpoint, 5000), endpoint, undefined, 5000);
    const client = RpcClient.over(socket, umlmonctrl, 'vm1', { name: 'vm1', timeoutMs: 5000 });
    await expect(client.call('actFor', { user: 'a', role: 'view', address: '' })).rejects.toMatchObject({
      reason: 'the server requires a login first',
    });
    await once(socket, 'close');
    expect(security.held()).toContainEqual(
      expect.objectContaining({ kind: 'stranger', who: 'stranger at 127.0.0.1', what: 'actFor' }),
    );
  });

  test('without a password no login is possible', async () => {
    await removePasswords(varDir, allVms);
    expect(await logInAt(listener.port, password)).toMatch(/^AUTH_NO_PASSWORD/);
    await setPassword(varDir, { vm: allVms, role: 'operate' }, password);
  });

  test('TLS before 1.3, and data other than TLS, are disconnected', async () => {
    const old = connectTls({
      host: '127.0.0.1',
      port: listener.port,
      maxVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
    await expect(once(old, 'secureConnect')).rejects.toThrow(/version|alert/i);
    const plain = connect(listener.port, '127.0.0.1');
    plain.on('error', () => undefined);
    plain.resume();
    plain.write('GET / HTTP/1.0\r\n\r\n');
    await once(plain, 'close');
    expect(await logInAt(listener.port, password)).toBe('operate');
  });
});
