import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { RpcClient } from '../../../src/rpc/client/client.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, cutUp, type Target } from '../target.ts';
import { boundedHandlers } from './rpc.ts';
import { callRecords } from './rpc-corpus.ts';

const corpus: Corpus = {
  samples: [
    ...callRecords,
    Buffer.concat(callRecords),
    Buffer.concat([...callRecords, ...callRecords].reverse()),
  ],
  words: callRecords,
  maxBytes: 300_000,
};

/** Hostile connections that stay open beside the present one. */
const keptOpen = 8;

/** A server on a real socket: hostile connections, and beside them a client that must be served. */
export async function openServerTarget(directory: string): Promise<Target> {
  const path = join(directory, 'ctrl');
  const faults: string[] = [];
  const server = new RpcServer(umlmonctrl, boundedHandlers, (error, name) =>
    faults.push(`${name}: ${error}`),
  );
  await server.listen({ path, mode: 0o600 });
  const client = await RpcClient.connect(path, umlmonctrl, { name: 'fuzz', timeoutMs: 0 });
  const hostile: Socket[] = [];
  let asked = 0;
  return {
    name: 'rpc-server',
    share: 15,
    make: (random) => makeInput(random, corpus),
    async run(input, random) {
      const { garbage } = server.counters;
      const socket = connect(path);
      // What the server does to it is its own business.
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      hostile.push(socket);
      // Half of them never read.
      if (random.oneIn(2)) socket.resume();
      const pieces = input.length > 2000 ? [input] : cutUp(input, random);
      for (const piece of pieces) {
        if (socket.writable) socket.write(piece);
        if (random.oneIn(4)) await new Promise(setImmediate);
      }
      const end = random.below(4);
      if (end === 0) socket.end();
      if (end === 1) socket.destroy();
      asked = (asked % 1_000_000) + 1;
      const answer = await client.call('stop', { timeoutMs: asked });
      assert(answer.kind === 'ok' && answer.report.elapsedMs === asked, 'the other client is served');
      if (hostile.length > keptOpen) hostile.shift()?.destroy();
      assert(faults.length === 0, `no handler fails: ${faults.shift()}`);
      return server.counters.garbage > garbage ? 'refused' : 'taken';
    },
    async close() {
      for (const socket of hostile) socket.destroy();
      client.close();
      await server.close();
    },
  };
}
