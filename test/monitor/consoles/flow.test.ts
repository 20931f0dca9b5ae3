/** A guest that prints a lot, and viewers of different speed. */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { GuestShell } from '../../helpers/guest/guest.ts';
import { World } from '../../helpers/programs/world.ts';
import { numberLines } from '../../helpers/terminal/numbered-lines.ts';
import { faultsOfLog, faultsOfViewer, silence, viewAtPaces } from '../../helpers/terminal/paced-viewers.ts';

const world = new World();
afterAll(() => world.close());

/** 25 MB; a hundred are in the bench. */
const lines = numberLines(250_000);

test('the log is complete, and each of ten viewers saw the log without the reported gaps', async () => {
  world.configure({
    vm1: 'mem = 128M\nubd0 = /disks/root.dsk\ncon1 = pty log\ncon2 = pty\nlog_size = 64M',
  });
  world.addImage('vm1');
  await world.startMonitor('vm1');
  expect(world.run('umlwatch', ['vm1', '-start'])).toMatchObject({ status: 0 });
  const client = await world.client('vm1');
  const shell = await GuestShell.open(client, 'con2');
  await shell.run(lines.script('/tmp/lines'));
  const start = await silence(client, 'con1');
  const stretch = { start, end: start + lines.bytes };
  const { ready, seen } = viewAtPaces(() => world.client('vm1'), 'con1', stretch);
  await ready;
  await shell.type('cat /tmp/lines >/dev/tty1\r');
  const results = await seen;
  const log = openSync(join(world.varDir, 'vm1/log/con1'), 'r');
  expect(faultsOfLog(log, lines, stretch)).toEqual([]);
  expect(results.flatMap((each) => faultsOfViewer(log, each, stretch))).toEqual([]);
  closeSync(log);
  // Some could not follow: else this test would be about nothing.
  expect(results.some(({ skipped }) => skipped > 0)).toBe(true);
});
