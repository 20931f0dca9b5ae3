import { codeMark } from './prose-blocks.ts';

/** A sentence within a text. Its length is counted as in ASD-STE100: a text in parentheses counts apart. */
export interface Sentence {
  readonly start: number;
  readonly end: number;
  readonly words: number;
}

/** A sentence may start with a small letter, as in names: umlmon, con0. */
const endOfSentence = /(?<!\.\.)[.!?…]["')\]*_]*(?=\s+["'(*_]*[\p{L}\p{N}§])|:\s*\n\s*(?=[-*:] )/gu;
const abbreviation = /\b(?:e\.g|i\.e|cf|vs|approx|etc|No|St)\.$/;
const word = /[\p{L}\p{N}§][\p{L}\p{N}§'’./@%+-]*/gu;
/** A row of names of the code: it reads like one. */
const codeRow = new RegExp(`${codeMark}+(?:[,/]?\\s+(?:and\\s+|or\\s+)?${codeMark}+)+`, 'g');

/** The sentences of a text, in which code is marked (prose-blocks.ts). */
export function sentencesOf(text: string): Sentence[] {
  const sentences: Sentence[] = [];
  let start = 0;
  const ends = [...text.matchAll(endOfSentence)]
    .map(({ 0: sign, index }) => index + sign.length)
    .filter((end) => !abbreviation.test(text.slice(start, end)));
  for (const end of [...ends, text.length]) {
    const sentence = text.slice(start, end);
    const first = sentence.search(/\S/);
    if (first !== -1) sentences.push({ start: start + first, end, words: wordsOf(sentence) });
    start = end;
  }
  return sentences;
}

function wordsOf(sentence: string): number {
  const count = (text: string) => text.replace(codeRow, codeMark).match(word)?.length ?? 0;
  let most = 0;
  let rest = sentence;
  for (;;) {
    const inner = /\([^()]*\)/.exec(rest)?.[0];
    if (!inner) return Math.max(most, count(rest));
    most = Math.max(most, count(inner));
    rest = rest.replace(inner, '');
  }
}
