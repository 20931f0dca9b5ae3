import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitStatus } from '../../src/system/errors/errors.ts';

const root = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'umlmon-man-'));
const names = readdirSync(join(root, 'docs')).flatMap((file) => /^(\w+\.\d)\.md$/.exec(file)?.[1] ?? []);

/** A page as man(1) shows it, and the warnings of groff about it. */
function show(name: string): { text: string; warnings: string } {
  const file = join(directory, `man${name.at(-1)}`, name);
  const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100', MAN_KEEP_FORMATTING: '' };
  const { status, stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', file], {
    encoding: 'utf8',
    env,
  });
  expect(status).toBe(0);
  return { text: stdout, warnings: stderr };
}

describe('manual pages', () => {
  beforeAll(() => {
    const { status, stderr } = spawnSync('sh', ['src/setup/man.sh', directory], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  test('are these', () => {
    expect(names.sort()).toEqual([
      'umladmin.8',
      'umldir.8',
      'umlmon.5',
      'umlmon.7',
      'umlmon.8',
      'umlrun.1',
      'umlwatch.1',
      'umlweb.8',
    ]);
  });

  test.each(names)('%s is shown without a warning', (name) => {
    const { text, warnings } = show(name);
    expect(warnings).toBe('');
    const [title, section] = name.split('.');
    expect(text.split('\n')[0]).toMatch(new RegExp(`^${title?.toUpperCase()}\\(${section}\\)`));
    expect(text).toContain('NAME\n');
    expect(text).toContain('SEE ALSO\n');
    // Markup that pandoc did not take for markup.
    expect(text).not.toMatch(/\*\*|\\_|\.run\}/);
  });

  test.each(['umladmin.8', 'umldir.8', 'umlmon.8', 'umlwatch.1', 'umlweb.8'])(
    '%s has exit statuses that exist',
    (name) => {
      const source = readFileSync(join(root, 'docs', `${name}.md`), 'utf8');
      const [, section = ''] = /^# EXIT STATUS$([\s\S]*?)^# /m.exec(source) ?? [];
      const given = [...section.matchAll(/^\*\*(\d+)\*\*$/gm)].map(([, status]) => Number(status));
      expect(given.length).toBeGreaterThan(3);
      const known: readonly number[] = [0, ...Object.values(exitStatus), 130, 141];
      expect(given.filter((status) => !known.includes(status))).toEqual([]);
    },
  );
});
