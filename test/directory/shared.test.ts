/** Three hosts that share one directory through a real etcd. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Etcd, toBase64 } from '../../src/directory/etcd.ts';
import { hostKey, vmKey } from '../../src/directory/shared-record.ts';
import { setPassword } from '../../src/rpc/auth/password-file.ts';
import { DirectoryClient } from '../../src/rpc/client/directory-client.ts';
import { connectRedirected } from '../../src/rpc/client/redirect.ts';
import { TestEtcd } from '../helpers/host/etcd.ts';
import { freePort, registerAt, TestUmldir, until, untilListed } from '../helpers/programs/umldir.ts';
import { World } from '../helpers/programs/world.ts';

interface Host {
  readonly name: string;
  readonly home: string;
  readonly port: number;
  readonly redirector: number;
  umldir: TestUmldir;
}

const root = mkdtempSync(join(tmpdir(), 'umlmon-shared-'));
const hosts: Host[] = [];
const registered: { close(): void }[] = [];
const servers: Server[] = [];
let etcd: TestEtcd;

async function startHost(name: string, home = join(root, `${name}${hosts.length}`)): Promise<Host> {
  mkdirSync(home, { recursive: true });
  const [port, redirector] = [await freePort(), await freePort()];
  const keys = {
    umldir_address: '127.0.0.1',
    umldir_port: port,
    umlredir_port: redirector,
    tcp_redir: 'true',
    host_name: name,
    host_address: '127.0.0.1',
    etcd: `127.0.0.1:${etcd.port}`,
    etcd_lease: '4s',
  };
  const host = { name, home, port, redirector, umldir: await TestUmldir.start({ home, keys }) };
  hosts.push(host);
  return host;
}

/** A TCP port that sends the name of its monitor. */
async function addVm(host: Host, name: string): Promise<void> {
  const server = createServer((socket) => socket.end(`${name} of ${host.name}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  registered.push(await registerAt(host.home, { name, port }));
}

async function talk(host: Host, vm: string, of = ''): Promise<string> {
  const socket = await connectRedirected({ host: '127.0.0.1', port: host.redirector }, { vm, host: of });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => socket.resume().once('end', resolve));
  socket.destroy();
  return text;
}

const namesAt = async (host: Host, count: number) => {
  const { entries } = await untilListed(host.port, (list) => list.entries.length === count);
  return entries.map((entry) => `${entry.vm.name}@${entry.host}`);
};

let one: Host;
let two: Host;
let three: Host;

beforeAll(async () => {
  etcd = await TestEtcd.start();
  one = await startHost('host1');
  two = await startHost('host2');
  three = await startHost('host3');
  await addVm(one, 'web');
  await addVm(two, 'web');
  await addVm(two, 'mail');
  await addVm(three, 'db');
});

afterAll(async () => {
  for (const client of registered) client.close();
  for (const { umldir } of hosts) await umldir.end();
  for (const server of servers) server.close();
  await etcd.close();
  rmSync(root, { recursive: true, force: true });
});

test('each host lists the VMs of all hosts, with equal entries', async () => {
  const all = ['web@host1', 'mail@host2', 'web@host2', 'db@host3'];
  for (const host of [one, two, three]) expect(await namesAt(host, 4)).toEqual(all);
  const [first, second] = [
    await untilListed(one.port, () => true),
    await untilListed(three.port, () => true),
  ];
  expect(first.entries).toEqual(second.entries);
  expect(first.state).toEqual({ sharing: 'on', warning: '' });
});

test('the redirector of each host leads to each VM; of two equal names to its own VM, or to that of the named host', async () => {
  expect(await talk(one, 'db')).toBe('db of host3');
  expect(await talk(three, 'mail')).toBe('mail of host2');
  expect(await talk(one, 'web')).toBe('web of host1');
  expect(await talk(one, 'web', 'host2')).toBe('web of host2');
  await expect(talk(three, 'web')).rejects.toMatchObject({ code: 'DIRECTORY_AMBIGUOUS' });
});

test('GET_PORT returns the address of a monitor on another host', async () => {
  const client = await DirectoryClient.connect('127.0.0.1', one.port);
  try {
    const found = await client.getPort({ vm: 'db', host: '' });
    expect(found).toMatchObject({ host: 'host3', address: '127.0.0.1', redirector: one.redirector });
    expect(found.port).toBeGreaterThan(0);
  } finally {
    client.close();
  }
});

test('frequent changes of a VM leak nothing in umldir', async () => {
  const vm = { name: 'busy', state: 'running', ready: true, address: '', port: 0 } as const;
  const client = await registerAt(one.home, vm);
  try {
    // One by one: Node warns about more than ten listeners of one kind.
    for (let stateSince = 1; stateSince <= 12; stateSince++) {
      await client.call('register', { ...vm, stateSince });
      await untilListed(two.port, ({ entries }) => entries.some(({ vm }) => vm.stateSince === stateSince));
    }
  } finally {
    client.close();
  }
  await namesAt(two, 4);
  expect(one.umldir.log).not.toContain('MaxListeners');
});

test('a malformed record is reported once, while it exists', async () => {
  const writer = new Etcd([{ protocol: 'http:', host: '127.0.0.1', port: etcd.port }]);
  const { signal } = new AbortController();
  const key = toBase64(vmKey('host9', 'bad'));
  const warning = (wanted: RegExp) => untilListed(one.port, ({ state }) => wanted.test(state.warning));
  try {
    for (const value of ['not JSON', 'nor this'])
      await writer.call('kv/put', { key, value: toBase64(value) }, signal);
    await writer.call('kv/put', { key: toBase64(hostKey('host9')), value: toBase64('{}') }, signal);
    await warning(/^2 records of other hosts were omitted/);
    for (const gone of [key, toBase64(hostKey('host9'))])
      await writer.call('kv/deleterange', { key: gone }, signal);
    await warning(/^$/);
  } finally {
    writer.close();
  }
});

test('umlwatch reaches a monitor of one host through another one', async () => {
  const world = new World();
  try {
    world.configure({ vm1: 'ubd0 = /disks/root.dsk\nroot = ubda' }, 'tcp = true');
    world.addImage('vm1');
    const four = await startHost('host4', world.home);
    await world.startMonitor('vm1');
    await setPassword(world.varDir, { vm: 'vm1', role: 'view' }, 'correct horse battery');
    const passwordFile = join(world.home, 'password');
    writeFileSync(passwordFile, 'correct horse battery\n');
    await namesAt(one, 5);
    world.configure({}, `umldir_port = ${one.port}`);
    process.env.XDG_STATE_HOME = world.home;
    const asked = world.run('umlwatch', ['vm1@127.0.0.1', '-password-file', passwordFile, '-info']);
    expect(asked).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('stopped') });
    await world.stopMonitors();
    await four.umldir.end();
    await namesAt(one, 4);
  } finally {
    await world.close();
  }
});

test('a host with the name of another one does not share, and reports why', async () => {
  const impostor = await startHost('host1');
  const { entries, state } = await untilListed(impostor.port, (list) =>
    list.state.warning.includes('uses this name'),
  );
  expect([entries, state.sharing]).toEqual([[], 'broken']);
  await impostor.umldir.end();
  expect(await namesAt(two, 4)).toContain('web@host1');
});

test('the VMs of a failed host disappear, and all others remain', async () => {
  await two.umldir.end('SIGKILL');
  for (const host of [one, three]) expect(await namesAt(host, 2)).toEqual(['web@host1', 'db@host3']);
  expect(await talk(one, 'db')).toBe('db of host3');
  await expect(talk(one, 'mail')).rejects.toMatchObject({ code: 'DIRECTORY_NO_VM' });
});

test('without etcd, the list has only the own VMs, with a notice; when etcd returns, it has all VMs', async () => {
  await etcd.kill();
  const { entries } = await untilListed(
    one.port,
    (list) => list.state.sharing === 'broken' && list.entries.length === 1,
  );
  expect(entries).toMatchObject([{ host: 'host1', vm: { name: 'web' } }]);
  expect(await talk(one, 'web')).toBe('web of host1');
  await addVm(one, 'new');
  await namesAt(one, 2);
  await etcd.start();
  for (const host of [one, three])
    expect(await namesAt(host, 3)).toEqual(['new@host1', 'web@host1', 'db@host3']);
});

test('a clean exit of umldir leaves nothing in etcd', async () => {
  await three.umldir.end();
  expect(await namesAt(one, 2)).toEqual(['new@host1', 'web@host1']);
  await one.umldir.end();
  await until('all keys are gone', async () => (await etcd.keys()).length === 0);
});
