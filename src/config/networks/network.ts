/** The value of a key `ethN`: `KIND(ARGUMENT=VALUE, …)`. */

import { quoted } from '../problem.ts';
import { didYouMean } from '../suggest.ts';
import { type ParsedValue, refuse } from '../values/values.ts';
import { type ArgumentTable, type NetworkKind, type NetworkSpec, networkKinds } from './kinds.ts';
import { refusedKinds, refusedOptions } from './transports.ts';

/** A problem in a value and its position: the number of the character, starting at 1. */
interface Mistake {
  readonly at: number;
  readonly cause: string;
  readonly hint: string;
}

interface Written {
  readonly name: string;
  readonly value: string;
  readonly at: number;
}

interface Call {
  readonly kind: string;
  readonly written: readonly Written[];
  readonly mistakes: readonly Mistake[];
}

/** Network interfaces of a VM: eth0 to eth15. */
export const ethUnits = 16;

/** Longest value that is parsed; a line of a configuration may be twice as long. */
const maxLength = 2048;

/** A network interface. All problems of all arguments are reported together, each with its position. */
export function parseNetwork(text: string): ParsedValue<NetworkSpec> {
  const names = Object.keys(networkKinds);
  const call = text.length > maxLength ? undefined : parseCall(text);
  if (!call) return refuse(`${quoted(text)} is not KIND(ARGUMENT=VALUE, …)`, exampleOf(text));
  const refused = Object.hasOwn(refusedKinds, call.kind) ? refusedKinds[call.kind] : undefined;
  if (refused) return refuse(`umlmon does not support ${call.kind}`, refused);
  if (!isKind(call.kind))
    return refuse(
      `${quoted(call.kind)} is not a kind of network`,
      didYouMean(call.kind, names, `kinds are ${names.join(', ')}`),
    );
  const kind: NetworkKind<ArgumentTable> = networkKinds[call.kind];
  const { values, mistakes } = readArguments(kind, call, text.length);
  if (mistakes.length > 0) return report(mistakes, formOf(call.kind));
  // Each value comes from the parser of its argument, and all required ones are set.
  return { value: { kind: call.kind, ...values } as NetworkSpec };
}

/** `KIND(required=FORM, … [, optional=FORM])` */
export function formOf(name: keyof typeof networkKinds): string {
  const table: ArgumentTable = networkKinds[name].arguments;
  const written = (wanted: boolean) =>
    Object.entries(table)
      .filter(([, { required }]) => required === wanted)
      .map(([argument, { form }]) => `${argument}=${form}`);
  const optional = written(false).join(', ');
  return `${name}(${written(true).join(', ')}${optional && ` [, ${optional}]`})`;
}

function isKind(name: string): name is keyof typeof networkKinds {
  return Object.hasOwn(networkKinds, name);
}

/** An example of the kind that the text starts with. */
function exampleOf(text: string): string {
  const begun = /^\w*/.exec(text)?.[0] ?? '';
  return `as in ${networkKinds[isKind(begun) ? begun : 'host_to_host'].example}`;
}

/** The parts of `kind(name=value, …)`. Values contain none of `( ) , =`. Undefined if the text is malformed. */
function parseCall(text: string): Call | undefined {
  const [, kind, inside] = /^(\w+)[ \t]*\(([^()]*)\)$/.exec(text) ?? [];
  if (kind === undefined || inside === undefined) return undefined;
  const written: Written[] = [];
  const mistakes: Mistake[] = [];
  let at = text.indexOf('(') + 2;
  for (const part of inside.trim() === '' ? [] : inside.split(',')) {
    const start = at + part.length - part.trimStart().length;
    const [, name, value] = /^(\w+)[ \t]*=[ \t]*([^=]+)$/.exec(part.trim()) ?? [];
    if (name !== undefined && value !== undefined) written.push({ name, value, at: start });
    else
      mistakes.push({
        at: start,
        cause: part.trim()
          ? `${quoted(part.trim())} is not ARGUMENT=VALUE`
          : 'an argument between two commas is empty',
        hint: '',
      });
    at += part.length + 1;
  }
  return { kind, written, mistakes };
}

function readArguments(kind: NetworkKind<ArgumentTable>, call: Call, end: number) {
  const { arguments: table } = kind;
  const values: Record<string, unknown> = {};
  const places = new Map<string, number>();
  const mistakes = [...call.mistakes];
  for (const { name, value, at } of call.written) {
    const argument = Object.hasOwn(table, name) ? table[name] : undefined;
    const say = (cause: string, hint = '') => mistakes.push({ at, cause, hint });
    if (!argument) {
      const unused = Object.keys(table).filter((other) => !call.written.some((one) => one.name === other));
      const reason = Object.hasOwn(refusedOptions, name) ? refusedOptions[name] : undefined;
      say(`${call.kind} has no argument ${quoted(name)}`, reason ?? didYouMean(name, unused, ''));
    } else if (places.has(name)) say(`${name} occurs twice`, 'remove one');
    else {
      const parsed = argument.parse(value);
      if ('cause' in parsed) say(`${name}: ${parsed.cause}`, parsed.hint);
      else values[name] = parsed.value;
    }
    places.set(name, at);
  }
  for (const [name, { required, form }] of Object.entries(table))
    if (required && !places.has(name))
      mistakes.push({ at: end, cause: `${name} is missing`, hint: `add ${name}=${form}` });
  if (mistakes.length === 0)
    for (const { argument, cause, hint } of kind.check?.(values) ?? [])
      mistakes.push({ at: places.get(argument) ?? end, cause: `${argument}: ${cause}`, hint });
  return { values, mistakes };
}

function report(mistakes: readonly Mistake[], form: string) {
  const [first, ...others] = [...mistakes].sort((a, b) => a.at - b.at);
  if (first && others.length === 0)
    return refuse(`${first.cause}, at character ${first.at}`, first.hint || `the form is ${form}`);
  const texts = [first, ...others].flatMap((mistake) =>
    mistake ? [`${mistake.cause}, at character ${mistake.at}${mistake.hint && ` (${mistake.hint})`}`] : [],
  );
  return refuse(`${texts.length} problems: ${texts.join('; ')}`, `the form is ${form}`);
}
