import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { webLimits } from '../../../src/system/limits/limits.ts';
import { searchLog } from '../../../src/web/vms/log-search.ts';
import { stubHandlers } from '../../rpc/stub-handlers.ts';

/** The log that the monitor of these tests has; what is before `oldest` was rotated away. */
let log = Buffer.alloc(0);
let oldest = 0;
/** Bytes that it gives at a time, at most. */
let pieceBytes = 65536;
/** Whether it gives the beginning again and again. */
let isStuck = false;
let directory: string;
let server: RpcServer<typeof umlmonctrl>;
let client: MonitorClient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
  const handlers: typeof stubHandlers = {
    ...stubHandlers,
    logRead: ({ offset: asked, max }) => {
      const offset = isStuck ? 0 : Math.max(oldest, Math.min(asked, log.length));
      const data = log.subarray(offset, offset + Math.min(max, pieceBytes));
      return { kind: 'ok', bytes: { offset, data, oldest, end: log.length } };
    },
  };
  server = new RpcServer(umlmonctrl, handlers, (error) => console.error(error));
  await server.listen({ path: join(directory, 'ctrl'), mode: 0o600 });
  client = await MonitorClient.connect(join(directory, 'ctrl'), 'vm1');
});

afterEach(async () => {
  client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

test('finds each line that has the text, wherever a read ends', async () => {
  const line = fc.oneof(
    fc.constantFrom('panic', 'a PANIC here', 'nothing', ''),
    fc.string({ maxLength: 40 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 40 }),
      fc.integer({ min: 1, max: 70 }),
      async (lines, most) => {
        const text = lines.map((one) => one.replaceAll('\n', ' ')).join('\n');
        log = Buffer.from(text);
        oldest = 0;
        pieceBytes = most;
        const { hits, isAll } = await searchLog(client, 'con0', 'Panic');
        let offset = 0;
        const wanted = text.split('\n').flatMap((one) => {
          const at = offset;
          offset += Buffer.byteLength(one) + 1;
          return one.toLowerCase().includes('panic') ? [{ offset: at, line: one.trimEnd() }] : [];
        });
        expect(hits).toEqual(wanted);
        expect(isAll).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('has only the newest lines, and reports that', async () => {
  pieceBytes = 65536;
  oldest = 0;
  log = Buffer.from('panic\n'.repeat(webLimits.searchBytes / 6 + 1000));
  const { hits, isAll, from } = await searchLog(client, 'con0', 'panic');
  expect(hits.length).toBe(webLimits.searchHits);
  expect(hits.at(-1)?.offset).toBe(log.length - 6);
  expect(isAll).toBe(false);
  expect(from).toBe(log.length - webLimits.searchBytes);
});

test('a log without an end of a line does not fill the memory', async () => {
  oldest = 0;
  log = Buffer.alloc(1_000_000, 'x');
  log.write('panic', 999_000);
  const { hits } = await searchLog(client, 'con0', 'panic');
  expect(hits.length).toBe(1);
  expect(hits[0]?.line.length).toBeLessThanOrEqual(4096);
});

test('a monitor that does not answer, as one of another host may be, is not asked without limit', async () => {
  log = Buffer.from('one\ntwo\n');
  pieceBytes = 4;
  isStuck = true;
  try {
    expect((await searchLog(client, 'con0', 'one')).hits).toEqual([{ offset: 0, line: 'one' }]);
  } finally {
    isStuck = false;
  }
});
