import type { TxtNode } from '@textlint/ast-node-types';
import type { TextlintRuleModule } from '@textlint/types';
import { type Discouraged, discouraged } from './discouraged.ts';
import { proseOf } from './prose-blocks.ts';
import { sentencesOf } from './sentences.ts';

/** The length of the longest sentence that is accepted, in the count of sentences.ts. */
export const maxWords = 25;

/** Finds what the glossary replaces. */
export const terminologyRule: TextlintRuleModule = ({ report, RuleError, locator }) => {
  const check = (node: TxtNode) => {
    // A heading or a cell without blanks is a name.
    if (node.type !== 'Paragraph' && !/\S\s+\S/.test(node.raw.replace(/[#|]/g, '').trim())) return;
    for (const { start, end, entry, text } of discouragedIn(proseOf(node))) {
      report(node, new RuleError(`"${text}": ${entry.advice}`, { padding: locator.range([start, end]) }));
    }
  };
  return { Paragraph: check, Header: check, TableCell: check };
};

/** Finds sentences that are too long. Headings are not sentences. */
export const sentenceLengthRule: TextlintRuleModule = ({ report, RuleError, locator }) => {
  const check = (node: TxtNode) => {
    for (const { start, end, words } of sentencesOf(proseOf(node))) {
      if (words <= maxWords) continue;
      report(
        node,
        new RuleError(`${words} words in a sentence, at most ${maxWords}: split it`, {
          padding: locator.range([start, end]),
        }),
      );
    }
  };
  return { Paragraph: check, TableCell: check };
};

interface Hit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly entry: Discouraged;
}

function discouragedIn(text: string): Hit[] {
  const hits: Hit[] = [];
  // Most texts have none of them: one expression for all is a quick test.
  if (!anything.test(text)) return hits;
  for (const { entry, pattern } of patterns) {
    for (const { 0: found, index } of text.matchAll(pattern)) {
      const end = index + found.length;
      if (hits.some((hit) => hit.start < end && index < hit.end)) continue;
      hits.push({ start: index, end, text: found.replace(/\s+/g, ' '), entry });
    }
  }
  return hits;
}

const sourceOf = ({ match }: Discouraged) => `(?<![\\w§-])(?:${match.replaceAll(' ', '\\s+')})(?![\\w§-])`;
const patterns = discouraged.map((entry) => ({ entry, pattern: new RegExp(sourceOf(entry), 'gi') }));
const anything = new RegExp(discouraged.map(sourceOf).join('|'), 'i');
