/** An error in a `.x` file. */
export class IdlError extends Error {
  override readonly name = 'IdlError';

  constructor(line: number, cause: string) {
    super(`line ${line}: ${cause}`);
  }
}

export interface Comment {
  readonly text: string;
  readonly firstLine: number;
  readonly lastLine: number;
}

export interface Token {
  readonly kind: 'word' | 'number' | 'sign' | 'end';
  readonly text: string;
  readonly line: number;
  /** Comments between the token before and this one. */
  readonly comments: readonly Comment[];
}

const patterns = {
  space: /\s+/y,
  comment: /\/\*([\s\S]*?)\*\/|\/\/([^\n]*)/y,
  word: /[A-Za-z][A-Za-z0-9_]*/y,
  number: /-?(?:0[xX][0-9a-fA-F]+|[0-9]+)(?![A-Za-z0-9_])/y,
  sign: /[{}()<>[\];:,=*]/y,
};

/** The tokens of a `.x` file, the last one of kind `end`. Throws IdlError. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let comments: Comment[] = [];
  let at = 0;
  let line = 1;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) {
      at = pattern.lastIndex;
      line += found[0].split('\n').length - 1;
    }
    return found;
  };
  const push = (kind: Token['kind'], text: string): void => {
    tokens.push({ kind, text, line, comments });
    comments = [];
  };
  while (at < source.length) {
    const firstLine = line;
    if (match(patterns.space)) continue;
    const comment = match(patterns.comment);
    if (comment) {
      comments.push({ text: trimComment(comment[1] ?? comment[2] ?? ''), firstLine, lastLine: line });
      continue;
    }
    const kind = (['word', 'number', 'sign'] as const).find((name) => {
      const found = match(patterns[name]);
      if (found) push(name, found[0]);
      return found;
    });
    if (!kind) throw new IdlError(line, `cannot read "${source.slice(at, at + 10).split('\n')[0]}"`);
  }
  push('end', 'the end of the file');
  return tokens;
}

/** The lines of a comment without the stars and margins around them. */
function trimComment(inner: string): string {
  return inner
    .split('\n')
    .map((text) => text.replace(/^\s*\*?\s?/, '').trimEnd())
    .join('\n')
    .trim();
}
