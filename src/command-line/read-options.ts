import { quoted } from '../config/problem.ts';
import { suggest } from '../config/suggest.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { absolutePath } from '../system/files/current-directory.ts';
import type { ProgramSpec } from './program-spec.ts';

/** A command line, sorted. Arguments are bytes where they need not be UTF-8. */
export interface GivenOptions<Argument extends string | Buffer = string> {
  readonly flags: ReadonlySet<string>;
  /** By option: its values, in their order. */
  readonly values: ReadonlyMap<string, readonly Argument[]>;
  /** Everything else, in its order. */
  readonly rest: readonly Argument[];
}

/**
 * The one parser of the options of all programs. Two hyphens are the same as one.
 *
 * @throws UmlmonError USAGE
 */
export function readOptions<Argument extends string | Buffer>(
  argv: readonly Argument[],
  program: ProgramSpec,
): GivenOptions<Argument> {
  const { name, options, arguments: takes } = program;
  const usage = (cause: string, hint = `${name} -help`) =>
    new UmlmonError('USAGE', { place: '', cause, hint });
  const flags = new Set<string>();
  const values = new Map<string, Argument[]>();
  const rest: Argument[] = [];
  const left = [...argv];
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const text = next.toString();
    if (takes === 'command' && !text.startsWith('-')) left.unshift(next);
    if (takes === 'command' && (text === '--' || !text.startsWith('-'))) {
      rest.push(...left);
      break;
    }
    const option = /^--?([a-z][a-z-]*)$/.exec(text)?.[1] ?? '';
    const known = Object.hasOwn(options, option) ? options[option] : undefined;
    if (known?.value !== undefined) {
      const value = left.shift();
      if (value === undefined || value.length === 0)
        throw usage(`-${option} needs a ${known.value}`, known.valueHint);
      values.set(option, [...(values.get(option) ?? []), value]);
    } else if (known) flags.add(option);
    else if (takes === 'commands') rest.push(next);
    else if (text.startsWith('-')) {
      const near = suggest(option, Object.keys(options));
      throw usage(`unknown option ${quoted(text)}`, near ? `did you mean -${near}?` : undefined);
    } else if (takes === 'nothing' || rest.length > 0) throw usage(`unexpected argument ${quoted(text)}`);
    else rest.push(next);
  }
  return { flags, values, rest };
}

/** The value of an option; the last one, if it is given more than once. */
export function lastValue<Argument extends string | Buffer>(
  { values }: GivenOptions<Argument>,
  option: string,
): Argument | undefined {
  return values.get(option)?.at(-1);
}

/**
 * The configuration that a daemon reads. The path is absolute: daemons change their working directory. Undefined: the
 * usual place.
 *
 * @param env UMLMON_CONFIG in it stands for `-config`
 */
export function configPathOf(
  options: GivenOptions,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = lastValue(options, 'config') ?? env.UMLMON_CONFIG;
  return path ? absolutePath(path) : undefined;
}
