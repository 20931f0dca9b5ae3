/** Pure. */
import { type Comment, IdlError, lex, type Token } from './lex.ts';

/** The cursor of the parser over the tokens of a `.x` file and the comments between them. Each error is an IdlError with its line. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Unclaimed comments before the token at the cursor. */
  #comments: Comment[] = [];
  #lastLine = 1;

  constructor(source: string) {
    this.#tokens = lex(source);
    this.#comments = [...this.peek().comments];
  }

  peek(): Token {
    const token = this.#tokens[this.#at];
    if (!token) throw new RangeError('read beyond the last token');
    return token;
  }

  atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  sees(text: string): boolean {
    return this.peek().text === text && !this.atEnd();
  }

  take(): Token {
    const token = this.peek();
    this.#lastLine = token.line;
    if (token.kind === 'end') this.fail('the file ends within a definition');
    this.#at++;
    this.#comments = [...this.peek().comments];
    return token;
  }

  accept(text: string): boolean {
    if (!this.sees(text)) return false;
    this.take();
    return true;
  }

  expect(text: string): void {
    const token = this.peek();
    if (!this.accept(text)) this.fail(`"${text}" expected, not "${token.text}"`, token.line);
  }

  word(): string {
    const token = this.peek();
    if (token.kind !== 'word') this.fail(`a name expected, not "${token.text}"`, token.line);
    return this.take().text;
  }

  /** Throws IdlError, by default for the line of the last token. */
  fail(cause: string, line = this.#lastLine): never {
    throw new IdlError(line, cause);
  }

  /** The first comment of the file if an empty line separates it from what follows. */
  takeBanner(): string {
    const [first, second] = this.#comments;
    if (!first) return '';
    const nextLine = second?.firstLine ?? this.peek().line;
    if (nextLine <= first.lastLine + 1) return '';
    this.#comments.shift();
    return first.text;
  }

  /** The comments before the declaration at the cursor. */
  takeLeading(): string {
    return join(this.#comments.splice(0));
  }

  joinLeading(before: string): string {
    return [before, this.takeLeading()].filter(Boolean).join('\n');
  }

  /** `leading` and the comments on the line of the last token. */
  withTrailing(leading: string): string {
    const count = this.#comments.findIndex((comment) => comment.firstLine !== this.#lastLine);
    const trailing = this.#comments.splice(0, count < 0 ? this.#comments.length : count);
    return [leading, join(trailing)].filter(Boolean).join('\n');
  }
}

function join(comments: readonly Comment[]): string {
  return comments.map(({ text }) => text).join('\n');
}
