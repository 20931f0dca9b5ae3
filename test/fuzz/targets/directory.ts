import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { isHostName } from '../../../src/config/values/host-name.ts';
import { Directory } from '../../../src/directory/directory.ts';
import { directoryHandlers } from '../../../src/directory/procedures.ts';
import { Redirector } from '../../../src/directory/redirector.ts';
import { Registrations } from '../../../src/directory/registrations.ts';
import { resolve } from '../../../src/directory/resolve.ts';
import { hostKey, readHost, readKey, readSharedVm, vmKey } from '../../../src/directory/shared-record.ts';
import { DirectoryClient } from '../../../src/rpc/client/directory-client.ts';
import { connectRedirected, recordOf } from '../../../src/rpc/client/redirect.ts';
import { writeCall } from '../../../src/rpc/codec/message.ts';
import { beginRecord, sealRecord } from '../../../src/rpc/codec/record.ts';
import type { Codec } from '../../../src/rpc/codec/xdr.ts';
import { Gate } from '../../../src/rpc/server/gate.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { announcementCodec, UMLREDIR_MAGIC, umldir } from '../../../src/rpc/umldir.gen.ts';
import { SecurityLog } from '../../../src/system/logs/security-log.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import type { Random } from '../random.ts';
import { assert, cutUp, type Target, type Verdict } from '../target.ts';

const here = 'host1';
const vm = { name: 'vm1', state: 'running', stateSince: 5, ready: true, address: '127.0.0.1' } as const;

const calls = Object.values(umldir.procedures).map(({ number, args }, i) => {
  const writer = beginRecord();
  writeCall(writer, { xid: i, program: umldir.program, version: umldir.version, procedure: number });
  const values = [
    undefined,
    { vm: 'vm1', host: '' },
    { afterHost: '', afterVm: '' },
    { since: 0, waitMs: 0 },
    { ...vm, port: 7 },
  ];
  (args as Codec<unknown>).encode(writer, values[i]);
  return sealRecord(writer);
});
const callCorpus: Corpus = { samples: [...calls, Buffer.concat(calls)], words: calls, maxBytes: 20_000 };

const announcements = ['vm1', 'nobody', ''].map((name) =>
  recordOf(announcementCodec, {
    magic: UMLREDIR_MAGIC,
    target: { vm: name, host: '' },
    last: name === 'vm1',
  }),
);
const announcementCorpus: Corpus = { samples: announcements, words: announcements, maxBytes: 5_000 };

/** Hostile connections that stay open beside the present one. */
const keptOpen = 8;

/** Sends the input to a port in pieces; what becomes of the connection is the other side's business. */
async function disturb(port: number, input: Buffer, random: Random, kept: Socket[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  kept.push(socket);
  if (random.oneIn(2)) socket.resume();
  for (const piece of cutUp(input, random)) {
    if (socket.writable) socket.write(piece);
    if (random.oneIn(4)) await new Promise(setImmediate);
  }
  if (random.oneIn(3)) socket.end();
  if (kept.length > keptOpen) kept.shift()?.destroy();
}

/** Directory and redirector on real ports: hostile connections, and beside them clients that must be served. */
export async function openDirectoryTargets(): Promise<Target[]> {
  const echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((done) => echo.listen(0, '127.0.0.1', done));
  const directory = new Directory();
  directory.set(here, { ...vm, port: (echo.address() as AddressInfo).port });
  const resolveHere = (target: { vm: string; host: string }) => resolve(directory, here, target);
  const faults: string[] = [];
  const registrations = new Registrations({
    ownUid: 0,
    onSet: ({ name }) => faults.push(`${name} was registered over TCP`),
    onGone: () => undefined,
  });
  const server = new RpcServer(
    umldir,
    directoryHandlers({
      here,
      directory,
      registrations,
      security: new SecurityLog(),
      resolve: resolveHere,
      addressOf: () => undefined,
      redirectorPort: () => 0,
      sharing: () => ({ sharing: 'off', warning: '' }),
    }),
    (error, name) => faults.push(`${name}: ${error}`),
  );
  const listener = createServer({ noDelay: true });
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const gate = new Gate({ bounds: { total: 64, perPeer: 32, reserve: 0 }, onClosed: () => undefined });
  server.serve(listener, { admit: (socket) => gate.admit(socket) });
  const port = (listener.address() as AddressInfo).port;

  const redirector = new Redirector({
    here,
    resolve: resolveHere,
    redirectorOf: () => undefined,
    log: () => undefined,
    onClosed: () => undefined,
  });
  const redirectorListener = Redirector.listener();
  await new Promise<void>((done) => redirectorListener.listen(0, '127.0.0.1', done));
  redirector.serve(redirectorListener);
  const redirectorPort = (redirectorListener.address() as AddressInfo).port;
  const kept: Socket[] = [];
  return [
    {
      name: 'directory',
      share: 5,
      make: (random) => makeInput(random, callCorpus),
      async run(input, random) {
        const { garbage } = server.counters;
        await disturb(port, input, random, kept);
        const client = await DirectoryClient.connect('127.0.0.1', port);
        const { entries } = await client.list().finally(() => client.close());
        assert(entries.length === 1 && entries[0]?.vm.name === 'vm1', 'the directory is as it was');
        assert(faults.length === 0, `no handler fails: ${faults.shift()}`);
        const verdict: Verdict = server.counters.garbage > garbage ? 'refused' : 'taken';
        return verdict;
      },
      async close() {
        gate.close();
        await server.close();
      },
    },
    {
      name: 'redirector',
      share: 5,
      make: (random) => makeInput(random, announcementCorpus),
      async run(input, random) {
        await disturb(redirectorPort, input, random, kept);
        const socket = await connectRedirected(
          { host: '127.0.0.1', port: redirectorPort },
          { vm: 'vm1', host: '' },
        );
        socket.resume().write('honest');
        const [answer] = (await once(socket, 'data')) as [Buffer];
        socket.destroy();
        assert(answer.toString() === 'honest', 'the other client is served');
        return 'taken' as const;
      },
      async close() {
        for (const socket of kept) socket.destroy();
        await redirector.close();
        echo.close();
      },
    },
  ];
}

const { name: _, ...value } = { ...vm, port: 7 };
const hostValue = JSON.stringify({ address: '10.0.0.1', redirector: 8656, identity: 'ab' });
const recordSamples = [`${vmKey(here, 'vm1')}=${JSON.stringify(value)}`, `${hostKey(here)}=${hostValue}`].map(
  (text) => Buffer.from(text),
);

/** A key and value of etcd, which any host of the cluster may have written. */
export const sharedRecordTarget: Target = {
  name: 'shared-record',
  share: 5,
  make: (random) =>
    makeInput(random, {
      samples: recordSamples,
      words: ['/', '{}', 'null', '1e999'].map((word) => Buffer.from(word)),
      maxBytes: 2_000,
    }),
  run(input) {
    const text = input.toString();
    const at = text.indexOf('=');
    const key = readKey(text.slice(0, at));
    const host = readHost(here, text.slice(at + 1));
    const read = readSharedVm('vm1', text.slice(at + 1));
    if (key) assert(isHostName(key.host), `the host ${key.host}`);
    if (host) assert(/^[\w.:-]{1,253}$/.test(host.address), `the address ${host.address}`);
    if (read) assert(/^[\da-fA-F.:]*$/.test(read.address), `the address ${read.address}`);
    return key && (host || read) ? 'taken' : 'refused';
  },
};
