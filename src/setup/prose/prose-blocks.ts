import type { TxtDocumentNode, TxtNode } from '@textlint/ast-node-types';

/** Replaces code in a masked text: a run of it has the length of a name and matches no term. */
export const codeMark = '§';

/** A piece of prose in a file. `text` is as long as the piece, so that positions in it are positions in the file. */
export interface ProseBlock {
  readonly start: number;
  readonly text: string;
}

/** Blanks a part of a text, or marks it as code; line ends stay. */
export function masked(part: string, by: ' ' | typeof codeMark): string {
  return part.replace(/[^\n]/g, by);
}

const inlineCode = [
  // Cited test titles of the threat model.
  /^\s*test\/\S+\.test\.ts: .*$/gm,
  /\\?`[^`]*`/g,
  /\*\*[^*]+\*\*/g,
  /\{@link [^}]*\}/g,
  /\bhttps?:\/\/[^\s)>]+/g,
  // Names of the code: camelCase, snake_case, CAPITALS_OF_CODES, calls.
  /\b[a-z]+[A-Z]\w*(?:\(\))?|\b\w+_\w+|\b[\w.]+\(\)/g,
  /\b[\w/-]+\.(?:cow|dsk|ini|jsonl?|log|md|mjs|service|sh|ts|txt)\b/g,
];

/** Marks what is code within prose. */
export function maskCode(text: string): string {
  return inlineCode.reduce((now, pattern) => now.replace(pattern, (code) => masked(code, codeMark)), text);
}

/** The tree of textlint for blocks that were found in a file: each becomes a paragraph. */
export function treeOf(file: string, blocks: readonly ProseBlock[]): TxtDocumentNode {
  const lineStarts = [0];
  for (let at = file.indexOf('\n'); at !== -1; at = file.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  const position = (offset: number) => {
    let low = 0;
    let high = lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (lineStarts[low] ?? 0) };
  };
  const node = (type: string, start: number, end: number, more: object) => ({
    type,
    raw: file.slice(start, end),
    range: [start, end] as const,
    loc: { start: position(start), end: position(end) },
    ...more,
  });
  const children = blocks.map(({ start, text }) => {
    const end = start + text.length;
    return node('Paragraph', start, end, { children: [node('Str', start, end, { value: text })] });
  });
  return node('Document', 0, file.length, { children }) as unknown as TxtDocumentNode;
}

/** A node of any type: leaves have a value, others children. */
type AnyNode = TxtNode & { readonly value?: string; readonly children?: readonly AnyNode[] };

/** The text of a node of a document, as long as its source, with its code marked. */
export function proseOf(node: TxtNode): string {
  const [start, end] = node.range;
  const text = [...masked(node.raw, ' ')];
  const put = (from: number, part: string) => {
    for (const [index, character] of [...part].entries()) {
      if (text[from - start + index] !== '\n') text[from - start + index] = character;
    }
  };
  const visit = (child: AnyNode) => {
    const { type, raw, range } = child;
    if (type === 'Str') {
      put(range[0], child.value?.length === raw.length ? child.value : raw);
    } else if (type === 'Code' || type === 'Strong' || type === 'Html' || type === 'Image') {
      put(range[0], masked(raw, codeMark));
    } else {
      for (const inner of child.children ?? []) visit(inner);
    }
  };
  for (const child of (node as AnyNode).children ?? []) visit(child);
  const prose = text.join('').slice(0, end - start);
  return maskCode(prose);
}
