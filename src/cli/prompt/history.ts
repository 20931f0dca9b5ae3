import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rewriteFile } from '../../system/files/rewrite-file.ts';
import { stateHome } from '../../system/home.ts';
import { clientLimits } from '../../system/limits/limits.ts';

/** Lines kept from one session to the next. */
const linesMax = clientLimits.historyLines;

/**
 * The lines typed in the interactive mode, oldest first, in a file that all sessions add to. A convenience: a file that
 * cannot be read or written is as good as none.
 */
export class History {
  /** Undefined where there is no place for it. */
  readonly #file: string | undefined;
  #lines: string[];

  constructor(env: Readonly<Record<string, string | undefined>>, name = 'umlwatch_history') {
    const home = stateHome(env);
    this.#file = home && join(home, name);
    const lines = this.#read();
    this.#lines = lines.slice(-linesMax);
    if (lines.length > 2 * linesMax)
      this.#write((file) =>
        rewriteFile(file, Buffer.from(toText(this.#lines)), { newMode: 0o600, links: 'follow' }),
      );
  }

  /** As readline wants them: newest first, each once. */
  get newestFirst(): string[] {
    return [...new Set([...this.#lines].reverse())];
  }

  add(line: string): void {
    if (line.trim() === '' || line === this.#lines.at(-1)) return;
    this.#lines = [...this.#lines, line].slice(-linesMax);
    this.#write((file) => appendFileSync(file, toText([line]), { mode: 0o600 }));
  }

  #read(): string[] {
    try {
      return this.#file === undefined ? [] : readFileSync(this.#file, 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  }

  #write(work: (file: string) => void): void {
    if (this.#file === undefined) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
      work(this.#file);
    } catch {
      return;
    }
  }
}

function toText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
