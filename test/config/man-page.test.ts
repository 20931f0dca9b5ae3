import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { globalKeys } from '../../src/config/keys/global-keys.ts';
import { isFamily } from '../../src/config/keys/key.ts';
import { vmKeys } from '../../src/config/keys/vm-keys.ts';
import { generateConfigPage } from '../../src/config/man-page.ts';

describe('umlmon(5)', () => {
  const [page] = generateConfigPage();

  it('is current', () => {
    const stored = readFileSync(new URL(`../../${page?.path}`, import.meta.url), 'utf8');
    expect(stored).toBe(page?.text);
  });

  it('names every key', () => {
    for (const [name, spec] of [...Object.entries(globalKeys), ...Object.entries(vmKeys)]) {
      const shown = isFamily(spec) ? `**${name}${spec.units - 1}**` : `**${name.replace('_', '\\_')}** =`;
      expect(page?.text.replaceAll('\\_', '_')).toContain(shown.replaceAll('\\_', '_'));
    }
  });
});
