import { masked, type ProseBlock } from './prose-blocks.ts';
import { commentText, paragraphsOf } from './typescript-prose.ts';

/** The comments of C and of the descriptions of protocols (`.x`). */
export function cProse(file: string): ProseBlock[] {
  const comments = file.matchAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g);
  return [...comments]
    .filter(([comment]) => comment.startsWith('/'))
    .flatMap(({ 0: comment, index }) => paragraphsOf(commentText(comment), index));
}

/** The comments of shell scripts and INI files that have a line of their own. */
export function shellProse(file: string): ProseBlock[] {
  return [...file.matchAll(/^[ \t]*#(?!!)[^\n]*(?:\n[ \t]*#[^\n]*)*/gm)].flatMap(({ 0: comment, index }) =>
    paragraphsOf(commentText(comment.replace(/^[ \t]*#+/gm, (signs) => masked(signs, ' '))), index),
  );
}

/** The texts of a page of HTML. */
export function htmlProse(file: string): ProseBlock[] {
  const texts = file
    .replace(/<(style|script)\b[\s\S]*?<\/\1>/g, (code) => masked(code, ' '))
    .matchAll(/>([^<>]+)</g);
  return [...texts]
    .filter(([, text = '']) => /[A-Za-z]{2}/.test(text))
    .map(({ 1: text = '', index }) => ({ start: index + 1, text }));
}
