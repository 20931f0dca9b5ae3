/** What those who are over their share can do to others at a real monitor: nothing that these notice. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { authenticate } from '../../../src/rpc/auth/log-in.ts';
import { setPassword } from '../../../src/rpc/auth/password-file.ts';
import { saltPassword } from '../../../src/rpc/auth/scram.ts';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import { secure } from '../../../src/rpc/client/connect-remote.ts';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { writeCall } from '../../../src/rpc/codec/message.ts';
import { beginRecord, sealRecord } from '../../../src/rpc/codec/record.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { monitorLimits, monitorShares, rpcShares } from '../../../src/system/limits/limits.ts';
import type { Crowd } from '../../helpers/hostile/hostile-crowd.ts';
import { buildCClient } from '../../helpers/programs/c-client.ts';
import { World } from '../../helpers/programs/world.ts';

const world = new World();
const password = 'correct horse battery';
/** A number that no account has; games and audio of Debian. */
const uid = 61_200;
const groups = { all: 60, viewers: 29 };
const ctrl = join(world.varDir, 'vm1/ctrl');
const crowdProgram = join(world.home, 'hostile-crowd.cjs');
let root: MonitorClient;
let monitor: ChildProcess;
let cClient: string;
let port: number;

beforeAll(async () => {
  const top = join(import.meta.dirname, '../../..');
  const options = ['--bundle', '--platform=node', '--format=cjs', '--external:koffi', '--log-level=error'];
  const source = join(top, 'test/helpers/hostile/hostile-crowd.ts');
  execFileSync(join(top, 'node_modules/.bin/esbuild'), [source, `--outfile=${crowdProgram}`, ...options]);
  chmodSync(crowdProgram, 0o755);
  world.configure(
    { vm1: 'mem = 64M\nubd0 = /disks/root.dsk\ncon1 = pty log' },
    `tcp = true\ntcp_address = 127.0.0.1\ngroup = ${groups.all}\ngroup_roles = console:${groups.viewers}`,
  );
  world.addImage('vm1');
  monitor = await world.startMonitor('vm1');
  cClient = buildCClient(world.home);
  await setPassword(world.varDir, { vm: 'vm1', role: 'admin' }, password);
  await setPassword(world.varDir, { vm: 'vm1', role: 'view' }, 'only looking');
  root = await world.client('vm1');
  port = Number((await root.call('info', undefined)).tcp.split(':')[1]);
  await root.call('start', undefined);
}, 60_000);
afterAll(() => world.close());

/** The bytes of a call. */
function call<K extends keyof typeof umlmonctrl.procedures>(name: K, args: unknown = undefined): string {
  const { number, args: codec } = umlmonctrl.procedures[name];
  const writer = beginRecord();
  const { program, version } = umlmonctrl;
  writeCall(writer, { xid: 1, program, version, procedure: number });
  (codec as { encode(to: typeof writer, value: unknown): void }).encode(writer, args);
  return sealRecord(writer).toString('hex');
}

/** Begins a crowd of one user, who has no rights but those of its groups. It ends with the test. */
async function begin(crowd: Crowd, as: readonly number[] = [groups.all]): Promise<ChildProcess> {
  const [gid = groups.all, ...more] = as;
  const others = more.length > 0 ? ['--groups', more.join(',')] : ['--clear-groups'];
  const identity = ['--reuid', `${uid}`, '--regid', `${gid}`, ...others];
  const command = [...identity, '--', process.execPath, crowdProgram, JSON.stringify(crowd)];
  const child = spawn('setpriv', command, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return child;
}

/** Milliseconds that the main thread of a process has waited for a core of the host (sched-stats.rst). */
function waitedForCore(pid: number): number {
  const [, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ').map(Number);
  return waited / 1e6;
}

/** How long root waits for an answer, over a new connection, without the time that the host gives to others. */
async function answerOfRoot(): Promise<{ readonly ms: number; readonly wallMs: number }> {
  const waited = () => waitedForCore(world.monitorPid('vm1')) + waitedForCore(process.pid);
  const [before, began] = [waited(), performance.now()];
  const client = await MonitorClient.connect(ctrl, 'vm1');
  await client.call('info', undefined);
  const wallMs = performance.now() - began;
  client.close();
  return { ms: Math.max(0, wallMs - (waited() - before)), wallMs };
}

/** Asks for so long, and prints the percentiles; the longest one. */
async function answersOfRoot(what: string, ms: number): Promise<number> {
  const answers: Awaited<ReturnType<typeof answerOfRoot>>[] = [];
  for (const end = performance.now() + ms; performance.now() < end; await delay(10))
    answers.push(await answerOfRoot());
  const text = (times: number[]) => {
    const sorted = times.sort((a, b) => a - b);
    const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    return [0.5, 0.9, 0.99, 1].map((part) => at(part)?.toFixed(1)).join(' / ');
  };
  const [own, wall] = [answers.map((one) => one.ms), answers.map((one) => one.wallMs)];
  console.log(
    `${what}: ${answers.length} answers, 50 / 90 / 99 / 100 %: ${text(own)} ms; by the clock ${text(wall)} ms`,
  );
  return Math.max(...own);
}

/** The role that a right password has from an address. */
async function logInFrom(address: string): Promise<string> {
  const endpoint = { host: '127.0.0.1', port };
  const raw = connect({ ...endpoint, localAddress: address });
  await once(raw, 'connect');
  const { socket, binding } = await secure(raw, endpoint, undefined, 20_000);
  const client = RpcClient.over(socket, umlmonctrl, 'vm1', { name: 'vm1', timeoutMs: 20_000 });
  const derive = (derivation: Parameters<typeof saltPassword>[1]) => saltPassword(password, derivation);
  return authenticate(client, { vm: 'vm1', binding, derive, place: 'vm1' }).finally(() => client.close());
}

const floods = [
  call('info'),
  call('events', { since: 1, max: 64, waitMs: 0 }),
  call('crashList'),
  call('null'),
];
const fifty = Array.from({ length: 50 }, (_, i) => `127.0.5.${i + 1}`);

describe('200 hostile sessions, which call as fast as they can and reconnect when they are disconnected', () => {
  test.each([
    ['of one user', () => ({ to: { path: ctrl }, calls: floods })],
    ['of one user, which say nothing', () => ({ to: { path: ctrl }, calls: [] })],
    [
      'of fifty addresses, which know a password',
      () => ({ to: { port }, from: fifty, password: 'only looking', calls: floods }),
    ],
    ['of fifty addresses, which guess', () => ({ to: { port }, from: fifty, calls: [] })],
  ] as const)('%s: root is answered in time, and a client with the password logs in', async (what, crowd) => {
    await begin({ sessions: 200, ...crowd() });
    await delay(1000);
    const longest = await answersOfRoot(what, 3000);
    for (let i = 1; i <= 5; i++) expect(await logInFrom(`127.${what.length}.10.${i}`)).toBe('admin');
    expect(longest).toBeLessThan(100);
  });
});

test('a user with all connections of its share is refused, and no other user', async () => {
  await begin({ sessions: rpcShares.connections.perPeer, to: { path: ctrl }, calls: [] });
  const as = (who: number) => [
    '--reuid',
    `${who}`,
    '--regid',
    `${groups.all}`,
    '--clear-groups',
    '--',
    cClient,
    ctrl,
    'info',
  ];
  const ask = (who: number) => spawnSync('setpriv', as(who), { encoding: 'utf8', cwd: '/' });
  await expect
    .poll(() => ask(uid).stdout, { timeout: 20_000 })
    .toMatch(/^RPC_CONNECTIONS\|connection\|you have 64 of 64 connections\|close some of them/);
  expect(ask(uid + 1).status).toBe(0);
});

test('each user behind a proxy has a share, and none of the shares of local users', async () => {
  const { perPeer } = rpcShares.behalfConnections;
  const clients: MonitorClient[] = [];
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  const actFor = async (user: string, address: string) => {
    const client = await MonitorClient.connect(ctrl, 'vm1');
    clients.push(client);
    await client.call('actFor', { user, role: 'view', address });
    return client;
  };
  for (let count = 0; count < perPeer; count++) await actFor('anna', `2001:db8::${count + 1}`);
  await expect(actFor('anna', '2001:db8::ffff')).rejects.toThrow(
    `connection: you have ${perPeer} of ${perPeer} connections`,
  );
  const others = [await actFor('bert', '2001:db8::1'), await actFor('anna', '192.0.2.7')];
  // Many more people than there is room for: whoever has most gives way, and users of the host have lost nothing.
  for (let count = clients.length; count < rpcShares.behalfConnections.total + 10; count++)
    await actFor('carl', `2001:db8:0:${count}::1`);
  for (const client of others) await client.call('info', undefined);
  await begin({ sessions: rpcShares.connections.perPeer, to: { path: ctrl }, calls: [] });
  await root.call('info', undefined);
  const ask = [
    '--reuid',
    `${uid + 2}`,
    '--regid',
    `${groups.all}`,
    '--clear-groups',
    '--',
    cClient,
    ctrl,
    'info',
  ];
  expect(spawnSync('setpriv', ask, { encoding: 'utf8', cwd: '/' }).status).toBe(0);
});

test('a client with the role console cannot displace events or lines of the log', async () => {
  const note = 'what root wants to find again';
  await root.call('consoleNote', { channel: 'con1', text: note });
  const { eventsNext } = await root.call('info', undefined);
  let log = '';
  monitor.stderr?.on('data', (text: Buffer) => {
    log += text.toString();
  });
  const calls = [
    call('consoleNote', { channel: 'con1', text: 'x' }),
    call('consoleAttach', { channel: 'con1', columns: 0, rows: 0 }),
  ];
  const crowd = await begin({ sessions: 4, to: { path: ctrl }, calls }, [groups.all, groups.viewers]);
  const count = async () => (await root.call('info', undefined)).eventsNext - eventsNext;
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(4 * monitorLimits.eventsKept);
  crowd.kill('SIGKILL');
  const { events } = await root.call('events', { since: 1, max: 512, waitMs: 0 });
  expect(events.slice(0, 2).map(({ kind }) => kind)).toEqual(['tcp-listening', 'monitor-started']);
  const texts: string[] = [];
  for (let since = 1; since < eventsNext; ) {
    const list = await root.call('events', { since, max: 64, waitMs: 0 });
    texts.push(...list.events.map(({ text }) => text));
    since = list.next;
  }
  expect(texts.join()).toContain(note);
  // A minute more has some further lines.
  expect(log.split('\n').length).toBeLessThan(2 * monitorShares.logLines.perPeer);
}, 60_000);

test('root sees the refusals of each table', async () => {
  const { refusals } = await root.call('info', undefined);
  expect(refusals.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['rpc.connections', 'remote.strangers']),
  );
  const { events } = await root.call('events', { since: 1, max: 512, waitMs: 0 });
  const said = events.filter(({ kind }) => kind === 'over-share');
  expect(said[0]?.attributes).toContainEqual({ name: 'peer', value: `uid:${uid}` });
  // Once in a minute, however many they are.
  expect(said.length).toBeLessThan(4);
});
