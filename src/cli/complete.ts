import { isWord, type Word, waitLevels, wordNames, words } from './words.ts';

/** What TAB offers: whole candidates, and the text that they replace. */
export type Completion = [candidates: string[], begun: string];

/**
 * Completes a line of the interactive mode: words first; then the channels of the VM, or the word's options.
 *
 * @param channels tells the channels; called only where one may stand
 */
export async function complete(
  line: string,
  channels: () => Promise<readonly string[]>,
): Promise<Completion> {
  const [first = '', ...rest] = line.trimStart().split(/\s+/);
  const begun = rest.at(-1) ?? first;
  const starting = (candidates: readonly string[]): Completion => [
    candidates.filter((candidate) => candidate.startsWith(begun)).map((candidate) => `${candidate} `),
    begun,
  ];
  if (rest.length === 0) return starting([...wordNames, 'help', 'quit']);
  if (!isWord(first)) return [[], begun];
  const word: Word = words[first];
  const kind = word.arguments[rest.length - 1];
  if (kind === 'LEVEL') return starting(waitLevels);
  if (kind !== undefined) return starting(kind === 'CHANNEL' ? await channels() : []);
  const given = rest.slice(0, -1);
  const last = given.at(-1)?.replace(/^-/, '') ?? '';
  if (Object.hasOwn(word.options, last) && (word.options[last] ?? []).length > 0) return [[], begun];
  const options = Object.keys(word.options).map((option) => `-${option}`);
  return starting(options.filter((option) => !given.includes(option)));
}
