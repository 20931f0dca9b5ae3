import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseVmAddress } from '../../../src/cli/remote/vm-address.ts';
import { guardHandlers } from '../../../src/monitor/endpoints/guard.ts';
import { networkOf } from '../../../src/rpc/address.ts';
import {
  beginClient,
  beginServer,
  finishServer,
  readChallenge,
  ScramError,
} from '../../../src/rpc/auth/scram.ts';
import { RemoteListener } from '../../../src/rpc/server/remote-listener.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { remoteLimits } from '../../../src/system/limits/limits.ts';
import { SecurityLog } from '../../../src/system/logs/security-log.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, cutUp, refusable, type Target } from '../target.ts';
import { boundedHandlers } from './rpc.ts';
import { callRecords } from './rpc-corpus.ts';

const derivation = { salt: Buffer.alloc(16, 7), iterations: 4096 };
const verifier = { storedKey: Buffer.alloc(32, 1), serverKey: Buffer.alloc(32, 2) };
const ours = beginClient('vm1', 'fyko+d2lbbFgONRv9qkxdawL', null);
const theirs = beginServer(ours.message, { nonce: '3rfcNHYJY1ZVvWVs7j', derivation, binding: null });

const messages: Corpus = {
  samples: [
    ours.message,
    theirs.message,
    `c=biws,r=${theirs.nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
    'p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    'y,,n=,r=rOprNGfwEbeRWgbNEkqO,m=x',
  ].map((text) => Buffer.from(text)),
  words: ['n,,', 'r=', ',s=', ',i=', ',p=', 'c=biws', 'i=4096', 'i=99999999999', '=3D', ',', theirs.nonce],
  maxBytes: 5000,
};

/** Messages of SCRAM from either end; no input is a proof. */
const scram: Target = {
  name: 'scram',
  share: 40,
  make: (random) => makeInput(random, messages),
  run(input) {
    const text = input.toString('utf8');
    const verdicts = [
      refusable([ScramError], () => beginServer(text, { nonce: 'x', derivation, binding: null })),
      refusable([ScramError], () => {
        const { iterations } = readChallenge(ours, text);
        assert(iterations <= remoteLimits.iterationsMost, 'a challenge keeps nobody busy');
      }),
      refusable([ScramError], () => {
        assert(finishServer(theirs, text, [verifier]).length === 0, 'nothing is a proof');
      }),
    ];
    return verdicts.includes('taken') ? 'taken' : 'refused';
  },
};

const addresses: Corpus = {
  samples: ['vm1@host.example:7001', 'vm1@[2001:db8::1]:7001', 'vm1', '::ffff:192.0.2.1'].map((text) =>
    Buffer.from(text),
  ),
  words: ['@', ':', '[', ']', '::', '%eth0', 'localhost', '65535'],
  maxBytes: 600,
};

const address: Target = {
  name: 'vm-address',
  share: 15,
  make: (random) => makeInput(random, addresses),
  run(input) {
    const text = input.toString('utf8');
    networkOf(text);
    return refusable([UmlmonError], () => {
      const { host = '', port = 1 } = parseVmAddress(`vm1@${text}`);
      assert(/^[\w.:-]*$/.test(host.replace(/%.*$/s, '')), 'a host is a name or an address');
      assert(port >= 1 && port <= 65_535, 'a port is one');
    });
  },
};

const corpus: Corpus = {
  samples: [...callRecords, Buffer.concat(callRecords)],
  words: callRecords,
  maxBytes: 100_000,
};

/** The TCP port of a server, for clients that have proved nothing: none of its procedures is ever reached. */
async function openStrangerTarget(): Promise<Target> {
  const reached: string[] = [];
  const counting = Object.fromEntries(
    Object.keys(umlmonctrl.procedures)
      .filter((name) => !name.startsWith('auth'))
      .map((name) => [name, () => void reached.push(name)]),
  );
  const stranger = { roleOf: () => null, nameOf: () => 'stranger' };
  const parts = { security: new SecurityLog(), settings: { secrets: () => [] } };
  const handlers = guardHandlers({ ...boundedHandlers, ...counting }, stranger, parts);
  const server = new RpcServer(umlmonctrl, handlers, (error, name) => reached.push(`${name}: ${error}`));
  const listener = await RemoteListener.open({ host: '127.0.0.1', port: 0, tls: null });
  server.serveRemote(listener);
  return {
    name: 'stranger',
    share: 15,
    make: (random) => makeInput(random, corpus),
    async run(input, random) {
      const { garbage } = server.counters;
      const socket: Socket = connect(listener.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      socket.resume();
      for (const piece of input.length > 2000 ? [input] : cutUp(input, random))
        if (socket.writable) socket.write(piece);
      socket.end();
      // Not events.once, which takes a reset of the connection for a failure.
      await new Promise((resolve) => socket.once('close', resolve));
      assert(reached.length === 0, `no procedure is reached: ${reached[0]}`);
      return server.counters.garbage > garbage ? 'refused' : 'taken';
    },
    close: () => server.close(),
  };
}

export async function openRemoteTargets(): Promise<Target[]> {
  return [scram, address, await openStrangerTarget()];
}
