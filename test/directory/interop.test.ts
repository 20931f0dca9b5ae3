import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCClient } from '../helpers/programs/c-client.ts';
import { freePort, registerAt, TestUmldir, untilListed } from '../helpers/programs/umldir.ts';

// A client from rpcgen and libtirpc, which share only umldir.x with umlmon, and a real umldir.

const directory = mkdtempSync(join(tmpdir(), 'umlmon-umldir-'));
const clients: { close(): void }[] = [];
let program = '';
let port = 0;
let umldir: TestUmldir;

beforeAll(async () => {
  program = buildCClient(directory, 'umldir', 'directory/dir-client.c');
  port = await freePort();
  umldir = await TestUmldir.start({ home: directory, keys: { umldir_port: port, host_name: 'host1' } });
  clients.push(await registerAt(directory, { name: 'vm1', port: 7001 }));
  clients.push(await registerAt(directory, { name: 'vm2', state: 'stopped', ready: false }));
}, 60_000);

afterAll(async () => {
  for (const client of clients) client.close();
  await umldir.end();
  rmSync(directory, { recursive: true });
});

async function run(...args: string[]): Promise<{ status: number; out: string }> {
  try {
    const { stdout } = await promisify(execFile)(program, ['127.0.0.1', String(port), ...args]);
    return { status: 0, out: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, out: stdout + stderr };
  }
}

test('NULL', async () => {
  expect(await run('null')).toEqual({ status: 0, out: '' });
});

test('LIST', async () => {
  expect((await run('list')).out.split('\n')).toEqual([
    'vm1@host1 state=2 since=1700000000000 ready=1 :7001',
    'vm2@host1 state=0 since=1700000000000 ready=0 :0',
    'here=host1 more=0 next=3 sharing=0',
    '',
  ]);
});

test('GET_PORT', async () => {
  expect(await run('port', 'vm1')).toEqual({ status: 0, out: 'host1 :7001 redirector=0\n' });
  expect(await run('port', 'vm3')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^DIRECTORY_NO_VM\|/),
  });
});

test('WATCH: past and future changes', async () => {
  expect((await run('watch', '1', '0')).out).toContain('1 0 vm1@host1');
  const coming = run('watch', '3', '20000');
  clients.pop()?.close();
  expect((await coming).out).toBe('3 1 vm2@host1 state=0 since=1700000000000 ready=0 :0\nnext=4\n');
  expect(await run('watch', '99', '0')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^DIRECTORY_LOST\|/),
  });
});

test('REGISTER over TCP is always refused', async () => {
  expect(await run('register', 'vm9')).toMatchObject({
    status: 1,
    out: expect.stringMatching(/^DIRECTORY_LOCAL\|/),
  });
});

test('500 monitors register and exit, and one answer lists them', async () => {
  const many = await Promise.all(
    Array.from({ length: 500 }, (_, i) => registerAt(directory, { name: `many${i}`, port: 1 })),
  );
  const list = await untilListed(port, ({ entries }) => entries.length === 501);
  expect(list.more).toBe(false);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    await untilListed(port, ({ entries }) => entries.length === 501);
    times.push(performance.now() - began);
  }
  console.log(`500 VMs listed in ${Math.min(...times).toFixed(1)} ms`);
  for (const client of many) client.close();
  await untilListed(port, ({ entries }) => entries.length === 1);
});
