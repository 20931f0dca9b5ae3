import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import type { Handlers } from '../../../src/rpc/codec/program.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { consoleLimits } from '../../../src/system/limits/limits.ts';
import { addViewer } from '../../../src/web/consoles/console-viewer.ts';
import { stubHandlers } from '../../rpc/stub-handlers.ts';

const drawn = { offset: 0, columns: 80, rows: 24, history: 0, full: false, data: Buffer.from('login:') };

test('a page draws no larger screen than monitors have, whatever size another host sends', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-test-'));
  const path = join(directory, 'ctrl');
  const handlers: Handlers<typeof umlmonctrl> = {
    ...stubHandlers,
    consoleAttach: () => ({ kind: 'ok', attached: { id: 1, oldest: 0, next: 0, began: 0 } }),
    consoleReplay: () => ({
      kind: 'ok',
      replay: { ...drawn, columns: 2 ** 32 - 1, rows: 2 ** 32 - 1 },
    }),
  };
  const server = new RpcServer(umlmonctrl, handlers, (error) => console.error(error));
  await server.listen({ path, mode: 0o600 });
  try {
    const connect = () => MonitorClient.connect(path, 'vm1');
    const typist = { typed: 0, hasControl: false, leave: undefined };
    const { client, screen } = await addViewer({ connect, channel: 'con1' }, typist);
    client.close();
    const { screenColumns: columns, screenRows: rows } = consoleLimits;
    expect(screen).toMatchObject({ columns, rows, data: drawn.data });
  } finally {
    await server.close();
    rmSync(directory, { recursive: true });
  }
});
