import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { umlwatchCommands } from '../../src/cli/commands/table.ts';
import { generateUmlwatchPage } from '../../src/cli/man/man-page.ts';
import { formsOf } from '../../src/command-line/command-spec.ts';
import { eventKinds } from '../../src/monitor/events/kinds.ts';
import { lifecycle, vmStates } from '../../src/monitor/lifecycle.ts';
import { generateEventPage } from '../../src/monitor/pages/event-page.ts';
import { generateStatePage } from '../../src/monitor/pages/state-page.ts';
import { generators } from '../../src/setup/generate/generators.ts';
import { generateErrorPage } from '../../src/system/errors/error-page.ts';
import { errorCatalogue, exitStatus } from '../../src/system/errors/errors.ts';

const root = join(import.meta.dirname, '../..');

/** All TypeScript of src, without the files named. */
function sourcesWithout(...files: readonly string[]): string {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !files.includes(file))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
    .join('\n');
}

function textOf([page]: readonly { readonly text: string }[]): string {
  return page?.text ?? '';
}

test('every generated file is current', () => {
  process.chdir(root);
  const files = generators.flatMap((generate) => generate());
  for (const generate of generators) expect(generate()).not.toEqual([]);
  for (const { path, text } of files)
    expect(readFileSync(join(root, path), 'utf8') === text, `${path}: npm run generate`).toBe(true);
});

describe('docs/errors.md', () => {
  const page = textOf(generateErrorPage());

  test.each(Object.entries(errorCatalogue))('has %s once, with its exit status', (code, entry) => {
    const rows = page.split('\n').filter((line) => line.startsWith(`| \`${code}\` |`));
    expect(rows).toEqual([`| \`${code}\` | ${entry.class} | ${exitStatus[entry.class]} | ${entry.means} |`]);
  });

  test('no error is in the catalogue that nothing reports', () => {
    const sources = sourcesWithout('system/errors/errors.ts', 'system/errors/error-page.ts');
    const unused = Object.keys(errorCatalogue).filter((code) => !sources.includes(`'${code}'`));
    expect(unused.filter((code) => !inErrorsItself.has(code))).toEqual([]);
  });
});

/** Codes that errors.ts gives to errors that it did not throw itself. */
const inErrorsItself: ReadonlySet<string> = new Set(['INTERNAL', 'HOST_SYSTEM_CALL']);

describe('docs/events.md', () => {
  test('has every kind, and nothing is a kind that no monitor publishes', () => {
    const page = textOf(generateEventPage());
    const sources = sourcesWithout('monitor/events/kinds.ts');
    for (const kind of Object.keys(eventKinds)) {
      expect(page).toContain(`| \`${kind}\` |`);
      expect(sources, kind).toMatch(new RegExp(`publish\\(\\s*'${kind}'`));
    }
  });
});

describe('docs/states.md', () => {
  const page = textOf(generateStatePage());

  test('shows every change of state as an arrow', () => {
    const arrows = [...page.matchAll(/^(\w+) +── (\S+) ─+▶ (\w+)$/gm)].map(([, ...parts]) => parts.join(' '));
    const changes = vmStates.flatMap((state) =>
      Object.entries(lifecycle[state]).flatMap(([event, cell]) =>
        cell === 'impossible' || 'refuse' in cell || cell.next === state
          ? []
          : [`${state} ${event} ${cell.next}`],
      ),
    );
    expect(arrows.sort()).toEqual(changes.sort());
  });

  test('shows the text of every refusal', () => {
    for (const cell of vmStates.flatMap((state) => Object.values(lifecycle[state])))
      if (typeof cell === 'object' && 'refuse' in cell) expect(page).toContain(`“${cell.refuse}”`);
  });
});

test('docs/umlwatch.1.md has every command with its arguments and options', () => {
  const page = textOf(generateUmlwatchPage());
  for (const { path, spec } of formsOf(umlwatchCommands)) {
    const line = page.split('\n').find((candidate) => candidate.startsWith(`**-${path.join(' ')}**`)) ?? '';
    for (const part of [...spec.arguments, ...Object.keys(spec.options).map((option) => `-${option}`)])
      expect(line).toContain(part);
  }
});
