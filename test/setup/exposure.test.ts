import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** As systemd-analyze(1) counts: 0 is not exposed at all, 10 fully. */
test.each([
  ['umlmon@', 3.5],
  ['umldir', 2],
  ['umlweb', 2],
])('the unit %s is exposed by %s at most', (name, bound) => {
  const home = mkdtempSync(join(tmpdir(), 'umlmon-exposure-'));
  try {
    const text = readFileSync(join(import.meta.dirname, '../../systemd', `${name}.service.in`), 'utf8');
    const path = join(home, `${name.replace('@', '@vm1')}.service`);
    writeFileSync(path, text.replaceAll('@bindir@', '/usr/bin').replaceAll('@home@', '/usr/lib/umlmon'));
    const { stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', path],
      {
        encoding: 'utf8',
      },
    );
    const exposure = Number(/Overall exposure level.*: ([\d.]+)/.exec(stdout + stderr)?.[1] ?? Number.NaN);
    expect(exposure).toBeLessThanOrEqual(bound);
  } finally {
    rmSync(home, { recursive: true });
  }
});
