import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** A static program of one of the C files beside this one. */
export function compile(source: string, to: string): void {
  execFileSync('gcc', ['-O1', '-static', '-o', to, join(import.meta.dirname, source)]);
}
