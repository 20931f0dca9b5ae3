/**
 * The two tiers of the tests. The tier of a test file follows from its imports: it is of the host tier if it imports
 * needs-host.ts, directly or through files of test, and else of the unit tier.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Tiers {
  /** Paths relative to the project, in order. */
  readonly unit: readonly string[];
  readonly host: readonly string[];
}

const project = join(import.meta.dirname, '../../..');
export const hostMark = 'test/helpers/tiers/needs-host.ts';

/** Sorts all test files of the project. @param read the text of a file of test */
export function testTiers(files = testFiles(), read = readTestFile): Tiers {
  const all = new Set(files);
  const imports = new Map<string, readonly string[]>();
  const importsOf = (file: string) => {
    const known = imports.get(file) ?? importedFiles(file, read(file)).filter((target) => all.has(target));
    imports.set(file, known);
    return known;
  };
  const needsHost = (file: string) => {
    const reached = new Set([file]);
    // A set also yields elements that are added during the iteration.
    for (const one of reached) for (const target of importsOf(one)) reached.add(target);
    return reached.has(hostMark);
  };
  const tests = files.filter((file) => file.endsWith('.test.ts'));
  const host = new Set(tests.filter(needsHost));
  return { unit: tests.filter((file) => !host.has(file)), host: [...host] };
}

function importedFiles(file: string, text: string): string[] {
  return [...text.matchAll(/^(?:import|export)\b(?! type\b)(?:[^;']*\bfrom)?\s*'(\.[^']*)'/gm)].map(
    ([, target = '']) => join(dirname(file), target),
  );
}

function testFiles(): string[] {
  return readdirSync(join(project, 'test'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('test', file))
    .sort();
}

function readTestFile(file: string): string {
  return readFileSync(join(project, file), 'utf8');
}
