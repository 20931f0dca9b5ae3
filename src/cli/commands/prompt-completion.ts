import { findCommand } from '../../command-line/command-spec.ts';
import { imageKinds, waitLevels } from './argument-kinds.ts';
import { umlwatchCommands } from './table.ts';

/** What TAB offers: whole candidates, and the text that they replace. */
export type Completion = [candidates: string[], begun: string];

/** Names that the monitor knows; requested only where they are valid. */
export interface Offers {
  readonly channels: () => Promise<readonly string[]>;
  /** Paths of images. */
  readonly images: () => Promise<readonly string[]>;
}

/** Completes a line at the prompt: commands first, then names of the VM or options of the command. */
export async function complete(line: string, offers: Offers): Promise<Completion> {
  const [first = '', ...after] = line.trimStart().split(/\s+/);
  const begun = after.at(-1) ?? first;
  const starting = (candidates: readonly string[]): Completion => [
    candidates.filter((candidate) => candidate.startsWith(begun)).map((candidate) => `${candidate} `),
    begun,
  ];
  if (after.length === 0) return starting([...Object.keys(umlwatchCommands), 'help', 'quit']);
  const outer = findCommand(umlwatchCommands, first);
  if (outer?.subcommands && after.length === 1) return starting(Object.keys(outer.subcommands));
  const word = outer?.subcommands ? findCommand(outer.subcommands, after[0]) : outer;
  if (!word) return [[], begun];
  const rest = outer?.subcommands ? after.slice(1) : after;
  const kind = word.arguments[rest.length - 1];
  const isImage = (name: string | undefined) => imageKinds.some((known) => known === name);
  if (kind === 'LEVEL') return starting(waitLevels);
  if (kind === 'CHANNEL') return starting(await offers.channels());
  if (isImage(kind)) return starting(await offers.images());
  if (kind !== undefined) return [[], begun];
  const given = rest.slice(0, -1);
  const last = given.at(-1)?.replace(/^-/, '') ?? '';
  const [value] = Object.hasOwn(word.options, last) ? (word.options[last] ?? []) : [];
  if (value === 'CHANNEL') return starting(await offers.channels());
  if (value !== undefined) return [[], begun];
  const options = Object.keys(word.options).map((option) => `-${option}`);
  const isNext = given.length === word.arguments.length;
  const images = isImage(word.optional) && isNext ? await offers.images() : [];
  const more = word.optional === 'CHANNEL' && isNext ? await offers.channels() : images;
  return starting([...more, ...options.filter((option) => !given.includes(option))]);
}
