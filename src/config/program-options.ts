import { UmlmonError } from '../system/errors/errors.ts';
import { absolutePath } from '../system/files/current-directory.ts';

export interface ProgramOptions {
  readonly program: string;
  /** Options without a value. */
  readonly flags: readonly string[];
  /** Options with one, and what it is: `{ units: 'DIRECTORY' }`; besides `-config PATH`, which all programs have. */
  readonly values?: Readonly<Record<string, string>>;
  /** What the word that is no option names: `VM`; undefined if there is none. */
  readonly operand?: string;
}

/** The words of a command line, sorted. */
export interface GivenOptions {
  /** Absolute: daemons change their working directory. Undefined: where configurations usually are. */
  readonly configPath: string | undefined;
  readonly flags: ReadonlySet<string>;
  readonly values: Readonly<Record<string, string>>;
  readonly operand: string | undefined;
}

/**
 * The command line of a daemon; two hyphens are as good as one.
 *
 * @param env UMLMON_CONFIG in it stands for `-config`
 * @throws UmlmonError USAGE
 */
export function readOptions(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  { program, flags: known, values: valued = {}, operand: wanted }: ProgramOptions,
): GivenOptions {
  const usage = (cause: string) => new UmlmonError('USAGE', { place: '', cause, hint: `${program} -help` });
  const names: Readonly<Record<string, string>> = { config: 'PATH', ...valued };
  const flags = new Set<string>();
  const values: Record<string, string> = {};
  let operand: string | undefined;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const option = /^--?([a-z]+)$/.exec(word)?.[1] ?? '';
    if (Object.hasOwn(names, option)) {
      const value = rest.shift();
      if (!value) throw usage(`-${option} needs a ${names[option]}`);
      values[option] = value;
    } else if (known.includes(option)) flags.add(option);
    else if (word.startsWith('-') || wanted === undefined) throw usage(`${word} is not an option`);
    else if (operand !== undefined) throw usage(`${word}: there is a ${wanted} already (${operand})`);
    else operand = word;
  }
  const path = values.config ?? env.UMLMON_CONFIG;
  return { configPath: path ? absolutePath(path) : undefined, flags, values, operand };
}
