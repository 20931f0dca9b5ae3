/** umldir and umlweb as root without one of its capabilities: they serve, or their last line says why not. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { freePort, writeGlobal } from '../../helpers/programs/umldir.ts';
import { program } from '../../helpers/programs/world.ts';

const capabilities =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid net_bind_service'.split(' ');

let home = '';

afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Until it serves, and then ended by SIGTERM; or until it ends by itself. */
async function life(name: 'umldir' | 'umlweb', capability: string) {
  home = mkdtempSync(join(tmpdir(), 'umlmon-capabilities-'));
  chmodSync(home, 0o755);
  const configPath = writeGlobal(home, {
    umldir_address: '127.0.0.1',
    umldir_port: await freePort(),
    umldir_user: 'nobody',
    web_listen: '127.0.0.1:0',
  });
  const less = [`--bounding-set=-${capability}`, `--inh-caps=-${capability}`];
  const child = spawn('setpriv', [...less, program(name), '-config', configPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (text: Buffer) => {
    log += text.toString();
    // Also more than once.
    if (/umldir serves|umlweb serves/.test(log)) child.kill('SIGTERM');
  });
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { status, last: log.trim().split('\n').at(-1) ?? '' };
}

test.each(capabilities)('umldir without %s', async (capability) => {
  const { status, last } = await life('umldir', capability);
  if (status === 0) expect(last).toContain('"msg":"ends: SIGTERM"');
  else expect(last).toMatch(/^umldir: .*(?:EPERM|EACCES|not permitted).*|^umldir: .*\(hint: /);
  if (['kill', 'dac_read_search', 'net_bind_service', 'fsetid'].includes(capability)) expect(status).toBe(0);
});

test.each(capabilities)('umlweb without %s', async (capability) => {
  const { status, last } = await life('umlweb', capability);
  expect([status, last]).toEqual([0, expect.stringContaining('"msg":"ends: SIGTERM"')]);
});
