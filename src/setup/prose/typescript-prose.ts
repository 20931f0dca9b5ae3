import { type ParseResult, parse } from '@babel/parser';
import { maskCode, masked, type ProseBlock } from './prose-blocks.ts';

/** The part of a node of Babel's tree that is used here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** What of a file is prose: of sources comments and texts, of tests the titles. */
export type Wanted = 'all' | 'titles';

/** The comments and texts of a TypeScript or JavaScript file that a reader or user sees. */
export function typescriptProse(file: string, wanted: Wanted, typescript = true): ProseBlock[] {
  const tree = parse(file, {
    sourceType: 'module',
    plugins: typescript ? ['typescript'] : [],
    attachComment: false,
  });
  const texts: ProseBlock[] = [];
  collect(tree.program as unknown as Node, file, wanted, texts);
  const comments = wanted === 'all' ? commentsOf(tree, file) : [];
  return [...texts, ...comments].sort((a, b) => a.start - b.start);
}

function collect(node: Node, file: string, wanted: Wanted, found: ProseBlock[]): void {
  if (isText(node)) {
    if (wanted === 'all') found.push(...textBlocks(node, file));
    // The expressions within a text may have texts of their own.
    for (const inner of expressionsOf(node)) collect(inner, file, wanted, found);
    return;
  }
  if (wanted === 'titles' && node.type === 'CallExpression' && isTest(node.callee as Node)) {
    const [title] = node.arguments as Node[];
    if (title && isText(title)) found.push(...textBlocks(title, file, true));
  }
  for (const [field, value] of Object.entries(node)) {
    if (notProse(node, field)) continue;
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof (child as Node | null)?.type === 'string') collect(child as Node, file, wanted, found);
    }
  }
}

function notProse(node: Node, field: string): boolean {
  if (field === 'loc' || field === 'extra') return true;
  if (/^(?:Import|Export)\w*Declaration$/.test(node.type)) return field !== 'declaration';
  if (node.type === 'ImportExpression' || node.type.startsWith('TSLiteral')) return true;
  return /Property$/.test(node.type) && field === 'key';
}

function isTest(callee: Node | undefined): boolean {
  let node = callee;
  while (node && node.type !== 'Identifier') {
    node = (node.object ?? node.callee ?? node.tag) as Node | undefined;
  }
  return /^(?:test|it|describe)$/.test(String(node?.name));
}

function isText(node: Node): boolean {
  if (node.type === 'StringLiteral' || node.type === 'TemplateLiteral') return true;
  return (
    node.type === 'BinaryExpression' &&
    node.operator === '+' &&
    [node.left as Node, node.right as Node].some(isText)
  );
}

function expressionsOf(node: Node): Node[] {
  if (node.type === 'TemplateLiteral') return node.expressions as Node[];
  if (node.type !== 'BinaryExpression') return [];
  return [node.left as Node, node.right as Node].flatMap((side) =>
    isText(side) ? expressionsOf(side) : [side],
  );
}

const english = /\b(?:the|an?|is|are|was|has|have|had|not|of|cannot|must)\b/;

/** A text that is a script of a shell, or a piece of a page. */
const script = /;;|\$\(|\blocal \w+=|\bfi\n|^\s*#!|<\/?\w+[ >]/;

function textBlocks(node: Node, file: string, always = false): ProseBlock[] {
  const text = maskCode(maskedText(node, file).replace(/\\[nrt]/g, '  '));
  // Names, paths and formats have no two parts of English in a row.
  if (!always && !/[A-Za-z]{2,}[,;:]? [a-z]{2,}/.test(text)) return [];
  // A long text without an article or a form of "to be" is a rule, a list or a command.
  if (!always && text.split(/\s+/).length > 12 && !english.test(text)) return [];
  return script.test(text) ? [] : paragraphsOf(text, node.start);
}

/** A text with its quotes and signs blanked, and what is put in at run time marked as code. */
function maskedText(node: Node, file: string): string {
  const source = file.slice(node.start, node.end);
  if (node.type === 'StringLiteral') return ` ${source.slice(1, -1)} `;
  const parts: readonly Node[] =
    node.type === 'TemplateLiteral' ? (node.quasis as Node[]) : [node.left as Node, node.right as Node];
  const betweenParts = node.type === 'TemplateLiteral' ? '§' : ' ';
  let text = '';
  for (const part of parts) {
    text += masked(file.slice(node.start + text.length, part.start), text === '' ? ' ' : betweenParts);
    if (part.type === 'TemplateElement') text += file.slice(part.start, part.end);
    else text += isText(part) ? maskedText(part, file) : masked(file.slice(part.start, part.end), '§');
  }
  return text + masked(source.slice(text.length), ' ');
}

const directive = /^\s*(?:biome-ignore|@ts-|#!|#__PURE__|\/ <reference)/;

function commentsOf(tree: ParseResult, file: string): ProseBlock[] {
  const blocks: ProseBlock[] = [];
  let run: { start: number; end: number } | undefined;
  const finish = () => {
    if (!run) return;
    blocks.push(...paragraphsOf(commentText(file.slice(run.start, run.end)), run.start));
    run = undefined;
  };
  for (const { type, value, start, end } of tree.comments ?? []) {
    if (start == null || end == null || directive.test(value)) continue;
    // Comments of one line each that follow each other are one text.
    const joins = type === 'CommentLine' && run && /^\n[ \t]*$/.test(file.slice(run.end, start));
    if (joins && run) run.end = end;
    else {
      finish();
      run = { start, end };
    }
    if (type === 'CommentBlock') finish();
  }
  finish();
  return blocks;
}

/** A comment of TypeScript or C without its signs; each tag is a paragraph. */
export function commentText(comment: string): string {
  const text = comment
    .replace(/^\/\*+|\*+\/$/g, (signs) => masked(signs, ' '))
    .replace(/^[ \t]*(?:\/\/+|\*(?!\*))/gm, (signs) => masked(signs, ' '))
    // A tag and its code are not part of the sentence: `@throws IMAGE_BUSY if ...`.
    .replace(
      /@(?:(?:param|throws|template)\b(?: [\w.[\]]+)?|(?:returns|see|example|deprecated)\b)/g,
      (tag) => `\0${masked(tag.slice(1), ' ')}`,
    );
  return maskCode(text);
}

/** The paragraphs of a text: apart from each other by empty lines, items of lists, lines with columns, tags, fences. */
export function paragraphsOf(text: string, start: number): ProseBlock[] {
  const withoutFences = text.replace(/^[ \t]*```[^\n]*\n[\s\S]*?^[ \t]*```/gm, (code) => masked(code, ' '));
  const blocks: ProseBlock[] = [];
  let from = 0;
  const boundary =
    /\n[ \t]*(?=\n)|\n(?=[ \t]*(?:[-*•]|\d+\.|\||:)[ \t])|\n(?=[ \t]*#+ )|\n(?=[ \t]*--?\w)|\n(?=[^\n]*\S {3,}\S)|\0/g;
  for (const end of [...withoutFences.matchAll(boundary)].map(({ index }) => index).concat(text.length)) {
    const part = withoutFences.slice(from, end).replace('\0', ' ');
    if (/[A-Za-z]{2}/.test(part)) blocks.push({ start: start + from, text: part });
    from = end;
  }
  return blocks;
}
