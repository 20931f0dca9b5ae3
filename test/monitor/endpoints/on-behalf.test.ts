/** A proxy that says for whom it calls, at the control socket of a real monitor; and what each role may see of a VM. */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { type ControlProcedure, procedureRoles, type Role } from '../../../src/rpc/roles.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { values } from '../../fuzz/targets/rpc-corpus.ts';
import { GuestShell, waitForEvent } from '../../helpers/guest/guest.ts';
import { clientAs, type User, webUser } from '../../helpers/host/as-user.ts';
import { until } from '../../helpers/programs/umldir.ts';
import { World } from '../../helpers/programs/world.ts';

/** Printed at consoles, put together there so that no call has it. */
const mark = 'MARK-4711-KRAM';
const secret = 'hunter2-is-no-secret';
/** games of Debian, in the place of the group of the configuration. */
const group = 60;
const member: User = { uid: 61_100, gid: group };
const vm = `ubd0 = /disks/root.dsk\nmem = 64M\ncon1 = pty log\nappend = api_token=${secret}`;
const keys = `web_user = ${webUser.uid}\ngroup = ${group}\ngroup_roles = operate:44`;
const procedures = Object.keys(umlmonctrl.procedures) as ControlProcedure[];

const world = new World();
let root: MonitorClient;
const clients: MonitorClient[] = [];

beforeAll(async () => {
  world.configure({ vm1: vm }, keys);
  world.addImage('vm1');
  await world.startMonitor('vm1');
  root = await world.client('vm1');
  await tellSecrets();
}, 120_000);
afterAll(async () => {
  for (const client of clients) client.close();
  await world.close();
});

async function as(user: User): Promise<MonitorClient> {
  const client = await clientAs(world, 'vm1', user);
  clients.push(client);
  return client;
}

/** umlweb for somebody. */
async function actingFor(role: Role, user = 'anna', address = '192.0.2.7'): Promise<MonitorClient> {
  const client = await as(webUser);
  expect(await client.call('actFor', { user, role, address })).toBe(role);
  return client;
}

/** Brings the mark to all consoles, into notes, commands, endings, a crash, and a start that fails. */
async function tellSecrets(): Promise<void> {
  await root.call('start', undefined);
  const shell = await GuestShell.open(root);
  await shell.run('M=MARK-4711-; M="$M"KRAM; echo $M');
  await shell.run('echo "<0>Kernel panic - not syncing: $M" > /dev/kmsg');
  await root.call('consoleNote', { channel: 'con1', text: mark });
  await root.call('mconsole', `log ${mark}`);
  await until('the mark in the log of con0', () => world.log('vm1', 'con0').includes(mark));
  const { eventsNext } = await root.call('info', undefined);
  // A crash that nobody asked for, with a bundle.
  await shell.type('echo c > /proc/sysrq-trigger\r');
  await waitForEvent(root, 'exit', eventsNext);
  await until('the VM is stopped', async () => (await root.call('info', undefined)).state === 'stopped');

  const liar = join(world.home, 'liar.c');
  // A UML kernel is known by these texts.
  const begin = ['uml_dir=', 'Linux version 9.9.9 (liar@nowhere) #1']
    .map((text, i) => `const char known${i}[] __attribute__((used)) = "${text}";`)
    .join('\n');
  const main = `int main() { puts("${mark}"); fflush(stdout); return 3; }`;
  writeFileSync(liar, ['#include <stdio.h>', begin, main, ''].join('\n'));
  execFileSync('gcc', ['-static', '-o', join(world.varDir, 'shared/kernels/liar'), liar]);
  world.configure({ vm1: `${vm}\nkernel = /shared/kernels/liar` }, keys);
  // Whoever may start a VM may read consoles, and is told why it did not start.
  await expect(root.call('start', undefined)).rejects.toMatchObject({
    code: expect.stringMatching(/START_FAILED|JAIL_LAUNCH/) as string,
    reason: expect.stringContaining(mark) as string,
  });
}

/** What a call answers, as text: also bytes, and errors. */
async function answerText(client: MonitorClient, procedure: ControlProcedure): Promise<string> {
  const { args } = values[procedure];
  const withoutWait =
    typeof args === 'object' && args !== null && 'waitMs' in args ? { ...args, waitMs: 0 } : args;
  try {
    const answered: unknown = await client.call(procedure as 'info', withoutWait as undefined);
    return JSON.stringify(answered, (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString() : value,
    );
  } catch (error) {
    return JSON.stringify(toFailure(error));
  }
}

describe('umlweb’s own user', () => {
  test('owns the control socket, and has no role: every call is refused for that reason', async () => {
    expect(statSync(join(world.varDir, 'vm1/ctrl'))).toMatchObject({ uid: webUser.uid, gid: group });
    const client = await as({ ...webUser, groups: [group, 44] });
    for (const procedure of procedures) {
      if (procedureRoles[procedure] === 'nobody' || procedure === 'null' || procedure === 'actFor') continue;
      expect(await answerText(client, procedure)).toMatch(/"ROLE_TOO_LOW".*uid 33 has no role/);
    }
  });

  test('has the role of the user for whom it calls, for the whole connection, and events and records name that user', async () => {
    const client = await actingFor('console');
    await expect(client.call('kill', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
    for (const role of ['admin', 'console', 'view'])
      await expect(client.call('actFor', { user: 'root', role, address: '' })).rejects.toMatchObject({
        code: 'ACT_FOR_REFUSED',
      });
    await expect(client.call('kill', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
    const { eventsNext } = await root.call('info', undefined);
    await client.call('consoleAttach', { channel: 'con1', columns: 0, rows: 0 });
    const { events } = await root.call('events', { since: eventsNext, max: 9, waitMs: 0 });
    expect(events.map(({ text }) => text)).toEqual(['anna@192.0.2.7 via umlweb attached to con1']);
    const { viewers } = await root.call('consoleWho', 'con1');
    expect(viewers.map(({ by }) => by)).toContain('anna@192.0.2.7 via umlweb');
  });

  test('is not root where root is needed, whichever user it acts for, also as root', async () => {
    for (const client of [await actingFor('admin'), await world.client('vm1')]) {
      await client.call('actFor', { user: 'x', role: 'admin', address: '' }).catch(() => undefined);
      await expect(client.call('plugNetwork', { unit: 1, network: 'tap(name=tapx)' })).rejects.toMatchObject({
        reason: expect.stringMatching(/via umlweb may not change the network/) as string,
      });
    }
  });

  test.each([
    ['a role that is none', { role: 'root' }],
    ['an empty name', { user: '' }],
    ['a name that pretends to be another', { user: 'uid 0' }],
    ['a name with an address of its own', { user: 'root@127.0.0.1' }],
    ['controls', { user: 'a\u001b[2J' }],
    ['an address that is none', { address: 'localhost' }],
  ])('%s is refused, and the connection has no role', async (_what, wrong) => {
    const client = await as(webUser);
    const right = { user: 'anna', role: 'view', address: '::1' };
    await expect(client.call('actFor', { ...right, ...wrong })).rejects.toMatchObject({
      code: 'ACT_FOR_REFUSED',
    });
    await expect(client.call('info', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
  });
});

test('members of the group may not act for others; other users have no role, whatever the mode of the socket', async () => {
  const client = await as(member);
  await expect(client.call('actFor', { user: 'anna', role: 'view', address: '' })).rejects.toMatchObject({
    code: 'ACT_FOR_REFUSED',
  });
  expect((await client.call('info', undefined)).name).toBe('vm1');
  execFileSync('chmod', ['666', join(world.varDir, 'vm1/ctrl')]);
  const stranger = await as({ uid: 61_101, gid: 61_101 });
  await expect(stranger.call('info', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
  await expect(stranger.call('kill', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
});

describe('of console output, and of secrets,', () => {
  const allowed = procedures.filter((name) => procedureRoles[name] === 'view' && name !== 'null');

  test.each([
    ['over umlweb', () => actingFor('view')],
    ['as a member of the group', () => as(member)],
  ])('role view sees nothing in any answer, %s', async (_how, connect) => {
    const client = await connect();
    for (const procedure of procedures) {
      if (procedureRoles[procedure] === 'nobody' || procedure === 'null' || procedure === 'actFor') continue;
      const text = await answerText(client, procedure);
      expect([procedure, text.includes(mark), text.includes(secret)]).toEqual([procedure, false, false]);
      expect([procedure, text.includes('ROLE_TOO_LOW')]).toEqual([procedure, !allowed.includes(procedure)]);
    }
    // All events, in pieces.
    const all = await client.call('events', { since: 1, max: 512, waitMs: 0 });
    expect(all.events.length).toBeGreaterThan(30);
    expect(all.events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['console-note', 'mconsole', 'operation-ended', 'crash-bundle', 'exit']),
    );
    expect(JSON.stringify(all)).not.toMatch(new RegExp(`${mark}|${secret}`));
  });

  test('role console sees them: the answers contained them', async () => {
    const client = await actingFor('console');
    const { lastExit, settings } = await client.call('info', undefined);
    expect(lastExit?.lastLines).toContain(mark);
    expect(settings.find(({ key }) => key === 'append')?.value).toContain(secret);
    const { events } = await client.call('events', { since: 1, max: 512, waitMs: 0 });
    expect(JSON.stringify(events)).toContain(mark);
    const log = await client.call('logRead', { channel: 'con1', offset: 0, max: 65536, waitMs: 0 });
    expect(Buffer.from(log.data).toString()).toContain(mark);
    await expect(client.call('plan', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
    const operator = await actingFor('operate');
    expect(await operator.call('plan', undefined)).toContain('plan for vm1');
  });
});

describe('the security events', () => {
  test('name who was refused, acted, and for whom; only admin sees them; umlwatch prints them', async () => {
    const operator = await actingFor('operate', 'tutor', '2001:db8::7');
    await expect(operator.call('kill', undefined)).rejects.toMatchObject({ code: 'STATE_WRONG' });
    await expect(operator.call('security', undefined)).rejects.toMatchObject({ code: 'ROLE_TOO_LOW' });
    const { events } = await root.call('security', undefined);
    const told = events.map(({ kind, who, from, what, result }) => [kind, who, from, what, result].join('|'));
    const tutor = 'tutor@2001:db8::7 via umlweb|2001:db8::7';
    expect(told).toEqual(
      expect.arrayContaining([
        `act-for|${tutor}|operate|ok`,
        `operation|${tutor}|kill|STATE_WRONG`,
        `refused|${tutor}|security|ROLE_TOO_LOW`,
        'operation|uid 0||start|ok',
        'stranger|uid 61101||kill|ROLE_TOO_LOW',
        'act-for-refused|uid 61100||uid 61100 may not call for others|ACT_FOR_REFUSED',
      ]),
    );
    const { stdout } = world.run('umlwatch', ['vm1', '-security']);
    expect(stdout).toMatch(/ {2}operation: tutor@2001:db8::7 via umlweb: kill: STATE_WRONG$/m);
    const json = JSON.parse(world.run('umlwatch', ['vm1', '-json', '-security']).stdout) as typeof events;
    expect(json).toHaveProperty('events');
  });

  test('are lines of a log of their own, which is not for others', () => {
    const path = join(world.varDir, 'vm1/log/security.log');
    expect(statSync(path).mode & 0o777).toBe(0o640);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed).toContainEqual(
      expect.objectContaining({ kind: 'operation', who: 'uid 0', from: '', what: 'start', result: 'ok' }),
    );
    for (const line of parsed)
      expect(line).toMatchObject({ time: expect.any(Number), seq: expect.any(Number) });
  });

  test('are not displaced by other events or by events of other peers', async () => {
    const client = await as(member);
    for (let n = 0; n < 300; n++)
      for (const procedure of ['kill', 'memTrim', 'plan', 'security'] as const)
        await client.call(procedure, undefined).catch(() => undefined);
    const attacher = await actingFor('console', 'noise');
    for (let n = 0; n < 600; n++) {
      const { id } = await attacher.call('consoleAttach', { channel: 'con1', columns: 0, rows: 0 });
      await attacher.call('consoleDetach', id);
    }
    const { events } = await root.call('security', undefined);
    const told = events.map(({ kind, who, what }) => `${kind}|${who}|${what}`);
    expect(told).toContain('operation|uid 0|start');
    expect(told).toContain('operation|tutor@2001:db8::7 via umlweb|kill');
    // What is alike is one event, with a count.
    const refusals = events.filter(({ who, what }) => who === 'uid 61100' && what === 'kill');
    expect(refusals.length).toBeLessThan(5);
    expect(refusals.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(300);
  }, 60_000);
});

test('umladmin records changes of passwords and settings, and lets the group of umlweb read the passwords', () => {
  expect(world.run('umladmin', ['password', 'vm1', '-role', 'view'], 'long enough a word\n').status).toBe(0);
  expect(world.run('umladmin', ['password', 'vm1', '-remove']).status).toBe(0);
  expect(world.run('umladmin', ['config', 'set', 'vm1', 'stop_timeout', '7s']).status).toBe(0);
  const passwords = statSync(join(world.varDir, '.passwords'));
  expect([passwords.uid, passwords.gid, passwords.mode & 0o777]).toEqual([0, webUser.gid, 0o640]);
  const path = join(world.varDir, '.security.log');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(told.map(({ kind, what }) => [kind, what])).toEqual([
    ['password', 'set vm1: view'],
    ['password', 'removed vm1: view'],
    ['configuration', expect.stringMatching(/^set \[vm1\] stop_timeout in /) as string],
  ]);
  expect(told[0]?.who).toMatch(/^uid 0/);
  expect(statSync(path).mode & 0o777).toBe(0o640);
});
