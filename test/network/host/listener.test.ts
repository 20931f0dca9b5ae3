import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { findPortConflicts } from '../../../src/network/host/find-listeners.ts';
import { parseListeners, takesFrom } from '../../../src/network/host/listener.ts';

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1 0 100 0 0 10 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 5678 1 0 100 0 0 10 0
   2: 010200C0:1F91 090200C0:01BB 01 00000000:00000000 00:00000000 00000000    33        0 5679 1 0 100 0 0 10 0
damaged`;
const table6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0 100 0 0 10 0
   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 10 1 0 100 0 0 10 0
   2: 0000000000000000FFFF0000010200C0:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0`;

test('only listening sockets are listeners', () => {
  expect(parseListeners('tcp', table)).toEqual([
    { protocol: 'tcp', address: '127.0.0.1', port: 631, uid: 0, inode: '1234' },
    { protocol: 'tcp', address: '0.0.0.0', port: 8080, uid: 33, inode: '5678' },
  ]);
  expect(parseListeners('tcp', table6).map(({ address, port }) => [address, port])).toEqual([
    ['::', 80],
    ['2001:db8::1', 80],
    ['192.0.2.1', 81],
  ]);
});

test.each<[string, 4 | 6 | 'both', boolean]>([
  ['0.0.0.0', 4, true],
  ['0.0.0.0', 6, false],
  ['192.0.2.1', 4, true],
  ['::', 4, true],
  ['::', 6, true],
  ['2001:db8::1', 6, true],
  ['2001:db8::1', 4, false],
  ['127.0.0.53', 4, false],
  ['::1', 6, false],
  ['127.0.0.1', 'both', true],
])('a listener at %s and a forwarded port of IP version %s', (address, family, taken) => {
  const listener = { protocol: 'tcp', address, port: 80, uid: 0, inode: '1' } as const;
  expect(takesFrom({ protocol: 'tcp', hostPort: 80, family }, listener)).toBe(taken);
  expect(takesFrom({ protocol: 'udp', hostPort: 80, family }, listener)).toBe(false);
  expect(takesFrom({ protocol: 'tcp', hostPort: 81, family }, listener)).toBe(false);
});

let server: Server | undefined;
afterEach(() => server?.close());

test('the program that listens is named', async () => {
  server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server?.once('error', reject).listen(0, '0.0.0.0', () => {
      const address = server?.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
  const [conflict] = await findPortConflicts([{ protocol: 'tcp', hostPort: port, family: 4 }]);
  expect(conflict).toMatchObject({ listener: { address: '0.0.0.0', port } });
  expect(conflict?.owner).toMatch(new RegExp(`\\(pid ${process.pid}\\)$`));
  expect(await findPortConflicts([{ protocol: 'udp', hostPort: port, family: 4 }])).toEqual([]);
});
