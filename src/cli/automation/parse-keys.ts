import { quoted } from '../../config/problem.ts';
import { type ParsedValue, refuse } from '../../config/values/values.ts';
import { clientLimits } from '../../system/limits/limits.ts';

const named: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', e: '\x1b', '\\': '\\' };

/** A text as it is typed: \r is Enter, \n \t \e \\ and \xHH as in printf(1). */
export function parseTypedText(text: string): ParsedValue<string> {
  let damage = '';
  const typed = text.replace(/\\(x[0-9A-Fa-f]{2}|.|$)/gs, (whole, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const character = named[code];
    if (character === undefined) damage ||= whole;
    return character ?? '';
  });
  if (text === '') return refuse('there is nothing to type', '');
  if (damage) return refuse(`${quoted(damage)} is not a key`, '\\r \\n \\t \\e \\\\ \\xHH');
  return { value: typed };
}

/** Characters of a regular expression. */
const { patternCharacters } = clientLimits;

/** A regular expression of JavaScript, each of whose ^ and $ is about a line. */
export function parsePattern(text: string): ParsedValue<string> {
  if (text.length > patternCharacters) return refuse('the pattern is too long', '');
  try {
    return new RegExp(text, 'mu') && { value: text };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : `${quoted(text)} is not a regular expression`, '');
  }
}

/** Bytes of a command: the line editor of busybox takes a line of 1024, with what is put around the command. */
const { commandBytes } = clientLimits;

/** A command line for a shell in the guest. */
export function parseShellCommand(text: string): ParsedValue<string> {
  if (/\p{Cc}/u.test(text)) return refuse('a command is one line without control characters', '');
  if (Buffer.byteLength(text) <= commandBytes) return { value: text };
  return refuse(`a command has at most ${commandBytes} bytes`, 'put it into a file of the guest');
}
