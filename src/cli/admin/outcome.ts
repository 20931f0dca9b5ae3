import type { SettingChange } from '../../rpc/umlmonctrl.gen.ts';
import { exitStatusOf, type Failure, failureText, toFailure } from '../../system/errors/errors.ts';
import { printable } from '../../system/text.ts';
import { OutputClosed, print, write } from '../print/output.ts';

/** What was done about one VM. */
export interface VmOutcome {
  readonly vm: string;
  /** For programs: `started`, `untouched`, `off`, `stopped`, `killed`, `removed` …, or `failed`. */
  readonly did: string;
  /** For readers. */
  readonly text: string;
  /** What is unusual, a line each. */
  readonly notes?: readonly string[];
  /** What an update has found. */
  readonly changes?: readonly SettingChange[];
  readonly failure: Failure | null;
}

/** The outcome of work that may fail; other VMs are not affected. */
async function vmOutcomeOf(vm: string, work: () => Promise<VmOutcome>): Promise<VmOutcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OutputClosed) throw error;
    const failure = toFailure(error, vm);
    return { vm, did: 'failed', text: failureText(failure), failure };
  }
}

/** The exit status of a command for several VMs: that of their failures if they agree, else 1. */
export function overallStatus(outcomes: readonly VmOutcome[]): number {
  const statuses = new Set(
    outcomes.flatMap(({ failure }) => (failure === null ? [] : [exitStatusOf(failure.code)])),
  );
  const [only = 0] = statuses;
  return statuses.size > 1 ? 1 : only;
}

/** Prints outcomes as they come, those that failed to standard error; on a terminal, who is still waited for. */
export class OutcomePrinter {
  readonly outcomes: VmOutcome[] = [];
  readonly #json: boolean;
  readonly #waiting = new Set<string>();
  #hasLine = false;

  constructor(json: boolean) {
    this.#json = json;
  }

  /** Runs work for a VM and prints what it came to. Work that `asks` has the terminal for itself meanwhile. */
  async run(vm: string, work: () => Promise<VmOutcome>, manner: 'shown' | 'asks' = 'shown'): Promise<void> {
    if (manner === 'shown') this.#waiting.add(vm);
    await this.#drawLine();
    const outcome = await vmOutcomeOf(vm, work);
    this.#waiting.delete(vm);
    this.outcomes.push(outcome);
    // Started at once, in this order: nothing of another VM comes in between.
    await Promise.all([this.#eraseLine(), this.#tell(outcome), this.#drawLine()]);
  }

  async #tell(outcome: VmOutcome): Promise<void> {
    const { vm, text, notes = [], failure } = outcome;
    if (this.#json) return print(JSON.stringify(outcome));
    // The mistakes of a configuration are a line each.
    const shown = text.split('\n').map((line) => printable(line, lineLength));
    const line = text.startsWith(`${vm}: `) ? shown.join('\n') : `${vm}: ${shown.join('\n')}`;
    if (failure) console.error(line);
    const printed = failure ? undefined : print(line);
    for (const note of notes) console.error(printable(note, lineLength));
    await printed;
  }

  async #drawLine(): Promise<void> {
    if (this.#json || !process.stdout.isTTY || this.#waiting.size === 0) return;
    const width = (process.stdout.columns || usualColumns) - 1;
    this.#hasLine = true;
    await write(`\r${`… ${[...this.#waiting].join(', ')}`.slice(0, width)}\x1b[K`);
  }

  async #eraseLine(): Promise<void> {
    if (!this.#hasLine) return;
    this.#hasLine = false;
    await write('\r\x1b[K');
  }
}

/** Columns of a terminal of unknown width. */
const usualColumns = 80;
/** Characters of a line that are shown. */
const lineLength = 1000;
