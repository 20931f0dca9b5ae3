import { type Environment, type Outcome, type Path, paths } from './environment.ts';

/** What the output of a path that works has. */
const usual: Partial<Record<Path, RegExp>> = {
  start: /^vm1: monitor \d+ started/m,
  console: /^42\r*$/m,
  exec: /^42$/m,
  stop: /^vm1: (?:stopped cleanly|stopped|the monitor)/m,
  umlrun: /^42\r*$/m,
  'umlrun -root': /^42\r*$/m,
};

/** Paths that a VM is needed for, which is not there after a refused start. */
const ofVm: readonly Path[] = ['console', 'exec', 'under way'];

/** One cell of the matrix. */
export interface Cell {
  readonly path: Path;
  /** Whether it is as expected. */
  readonly right: boolean;
  /** `works`, `refused`, `-` for what there is no VM for; or `WRONG`. */
  readonly word: string;
  /** Of a wrong one: what was expected, and what came. */
  readonly why: string;
}

/** Compares what came of a row with what is expected of it. Pure. */
export function judge(
  { refused = {}, says = {} }: Pick<Environment, 'refused' | 'says'>,
  outcomes: ReadonlyMap<Path, Outcome>,
): Cell[] {
  const hasVm = outcomes.get('start')?.status === 0;
  return paths.map((path) => {
    const outcome = outcomes.get(path);
    const right = (word: string): Cell => ({ path, right: true, word, why: '' });
    const wrong = (expected: string): Cell => ({
      path,
      right: false,
      word: 'WRONG',
      why: `${path}: expected ${expected}, got ${outcome ? `${outcome.status}: ${outcome.text}` : 'nothing'}`,
    });
    if (!hasVm && ofVm.includes(path)) return right('-');
    if (!outcome) return wrong('a result');
    const { status, text } = outcome;
    const expected = refused[path];
    if (expected) {
      const hint = /\(hint: (.*)\)/s.exec(text)?.[1] ?? '';
      return status !== 0 && expected.cause.test(text) && expected.hint.test(hint)
        ? right('refused')
        : wrong(`a refusal with ${expected.cause} and the hint ${expected.hint}`);
    }
    // Without a VM there is nothing to stop, and that is said in whatever words.
    if (path === 'stop' && !hasVm) return right('-');
    if (status !== 0) return wrong('0');
    const missing = [usual[path], says[path]].find((pattern) => pattern && !pattern.test(text));
    return missing ? wrong(`${missing}`) : right('works');
  });
}
