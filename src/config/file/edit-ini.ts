/** Changes of single settings in the text of an INI file; all other lines remain unchanged, byte for byte. */

import { quoted, type Refusal } from '../problem.ts';
import { type IniDocument, parseIni, quoteValue } from './ini.ts';

/** A setting, by its section and key. */
export interface SettingPlace {
  readonly section: string;
  readonly key: string;
}

/** The text with the setting changed in place, added at the end of its section, or added in a new section at the end. */
export function setKey(text: Uint8Array, place: SettingPlace, value: string): Buffer | Refusal {
  const written = writeValue(place.key, value);
  if (typeof written !== 'string') return written;
  const document = parseIni('', text);
  const lines = linesOf(text);
  const line = iniLine(document, place);
  const setting = latin(`${place.key} = ${written}`.trimEnd());
  if (line > 0) {
    const old = lines[line - 1] ?? '';
    // The text before the value, with its blanks, remains as the user wrote it.
    const [before = ''] = /^[^=]*=[ \t]*/.exec(old) ?? [];
    lines[line - 1] = `${`${before}${latin(written)}`.trimEnd()}${endOf(old)}`;
  } else {
    const section = document.sections.find(({ name }) => name === place.section);
    if (section) {
      const last = Math.max(section.line, ...section.entries.map((entry) => entry.line));
      const neighbour = lines[last - 1] ?? '';
      const indent = last === section.line ? '' : (/^[ \t]*/.exec(neighbour)?.[0] ?? '');
      lines.splice(last, 0, `${indent}${setting}${endOf(neighbour)}`);
    } else appendSection(lines, place.section, setting);
  }
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** The text without the setting; undefined if it does not have it. */
export function unsetKey(text: Uint8Array, place: SettingPlace): Buffer | undefined {
  const line = iniLine(parseIni('', text), place);
  if (line === 0) return undefined;
  const lines = linesOf(text);
  lines.splice(line - 1, 1);
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** The number of the line with a setting, even if it is malformed; 0 if not found. */
export function iniLine({ sections, problems }: IniDocument, { section, key }: SettingPlace): number {
  const entries = sections.find(({ name }) => name === section)?.entries ?? [];
  const entry = entries.find((one) => one.key === key);
  const mistake = problems.find(
    (problem) => problem.section === section && problem.key === key && problem.code === 'CONFIG_SYNTAX',
  );
  return entry?.line ?? mistake?.line ?? 0;
}

function appendSection(lines: string[], section: string, setting: string): void {
  const end = endOf(lines[0] ?? '');
  // The empty text after the last newline.
  if (lines.at(-1) === '') lines.pop();
  const space = (lines.at(-1) ?? '').trim() === '' ? [] : [end];
  lines.push(...space, `[${section}]${end}`, `${setting}${end}`, '');
}

/** The value plain or in quotes, whichever form reads back unchanged. */
function writeValue(key: string, value: string): string | Refusal {
  const ways = [value, quoteValue(value), `'${value}'`];
  const fitting = ways.find((way) => {
    const { sections, problems } = parseIni('', Buffer.from(`[x]\n${key} = ${way}\n`));
    const [only, ...others] = sections.flatMap(({ entries }) => entries);
    return problems.length === 0 && sections.length === 1 && only?.value === value && others.length === 0;
  });
  if (fitting !== undefined) return fitting;
  const cause = `${quoted(value)} cannot be written in a configuration`;
  return { code: 'CONFIG_BAD_VALUE', cause, hint: 'a value is one line without control characters' };
}

/** One character for each byte, so that unchanged lines keep their bytes. */
function linesOf(text: Uint8Array): string[] {
  return Buffer.from(text).toString('latin1').split('\n');
}

function latin(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The carriage return of a line with a Windows line end, or ''. */
function endOf(line: string): string {
  return line.endsWith('\r') ? '\r' : '';
}
