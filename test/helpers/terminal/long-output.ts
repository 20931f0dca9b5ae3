import { createHash } from 'node:crypto';

const text = (number: string) => `line ${number} of many, none of which may be missing or there twice`;
const block = Array.from({ length: 1000 }, (_, index) => `${text(String(index + 1))}\r\n`).join('');
const awk = `BEGIN { for (i = 1; i <= 1000; i++) print "${text('" i "')}" }`;

/** More than ten MiB that a guest prints when it is given `script`. */
export const longOutput = {
  script: `awk '${awk}' >/tmp/block; for i in $(seq 180); do echo block $i; cat /tmp/block; done\n`,
  expected: Array.from({ length: 180 }, (_, index) => `block ${index + 1}\r\n${block}`).join(''),
};

/** Two hashes, of what was expected and of what is there in its place: equal if all arrived as it was. */
export function compareLongOutput(shown: string): { readonly expected: string; readonly got: string } {
  const { expected } = longOutput;
  const from = shown.indexOf('block 1\r\n');
  return { expected: hash(expected), got: hash(shown.slice(from, from + expected.length)) };
}

function hash(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
