import '../tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Compiles a C file of test/helpers/hostile into a static program. */
export function compile(source: string, to: string): void {
  execFileSync('gcc', ['-O1', '-static', '-o', to, join(import.meta.dirname, '../hostile', source)]);
}
