const linesPerPiece = 10_000;
const before = 'line ';
const after = ' of many, none of which may be missing or there twice, whoever watches, and however slowly';

/** Output in which no line is like another, and which a guest has at hand: it writes it as fast as it can. */
export interface NumberedLines {
  /** A line for the guest's shell, which puts them into a file. */
  readonly script: (path: string) => string;
  /** As a terminal gets them. */
  readonly bytes: number;
  /** The data that a terminal receives, in order. */
  pieces(): Generator<Buffer>;
}

export function numberLines(count: number): NumberedLines {
  const separator = `$(printf '${after}\\n${before}')`;
  return {
    // The shell's own seq makes a system call for each number; that of time(1) does not.
    script: (path) => `(printf '${before}'; time seq -s "${separator}" ${count}) >${path}`,
    bytes: digitsTo(count) + (before.length + after.length + 2) * count - after.length,
    *pieces() {
      for (let from = 1; from <= count; from += linesPerPiece) {
        const size = Math.min(linesPerPiece, count + 1 - from);
        const lines = Array.from({ length: size }, (_, i) => `${before}${from + i}${after}\r\n`).join('');
        yield Buffer.from(from + size > count ? `${lines.slice(0, -after.length - 2)}\r\n` : lines);
      }
    },
  };
}

/** Of all numbers from 1 on. */
function digitsTo(count: number): number {
  let digits = 0;
  for (let first = 1; first <= count; first *= 10) digits += count - first + 1;
  return digits;
}
