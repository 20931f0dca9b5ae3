/** Prints the matrix of test/environment at the end of a run that had it. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the matrix is left. */
    matrixFile: string;
  }
}

export function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-matrix-'));
  const file = join(directory, 'matrix.txt');
  project.provide('matrixFile', file);
  return () => {
    if (existsSync(file)) console.log(readFileSync(file, 'utf8'));
    rmSync(directory, { recursive: true });
  };
}
