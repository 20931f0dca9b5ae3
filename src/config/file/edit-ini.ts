/** Changes of single settings in the text of an INI file, in which every other line stays as it is, byte for byte. */

import { quoted, type Refusal } from '../problem.ts';
import { type IniDocument, parseIni, quoteValue } from './ini.ts';

/** The setting that is meant. */
export interface SettingPlace {
  readonly section: string;
  readonly key: string;
}

/** The text with the setting changed where it stands, or else as the last one of its section, or in a section at the end. */
export function setKey(text: Uint8Array, place: SettingPlace, value: string): Buffer | Refusal {
  const written = writeValue(place.key, value);
  if (typeof written !== 'string') return written;
  const document = parseIni('', text);
  const lines = linesOf(text);
  const line = lineOf(document, place);
  const setting = latin(`${place.key} = ${written}`.trimEnd());
  if (line > 0) {
    const old = lines[line - 1] ?? '';
    // What stands before the value, the blanks too, is the taste of whoever wrote it.
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

/** The text without the setting; undefined if there is none. */
export function unsetKey(text: Uint8Array, place: SettingPlace): Buffer | undefined {
  const line = lineOf(parseIni('', text), place);
  if (line === 0) return undefined;
  const lines = linesOf(text);
  lines.splice(line - 1, 1);
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** The number of the line where a setting stands, also of one that is not understood; 0 if there is none. */
export function lineOf({ sections, problems }: IniDocument, { section, key }: SettingPlace): number {
  const entries = sections.find(({ name }) => name === section)?.entries ?? [];
  const entry = entries.find((one) => one.key === key);
  const mistake = problems.find(
    (problem) => problem.section === section && problem.key === key && problem.code === 'CONFIG_SYNTAX',
  );
  return entry?.line ?? mistake?.line ?? 0;
}

function appendSection(lines: string[], section: string, setting: string): void {
  const end = endOf(lines[0] ?? '');
  // What comes after the last newline.
  if (lines.at(-1) === '') lines.pop();
  const space = (lines.at(-1) ?? '').trim() === '' ? [] : [end];
  lines.push(...space, `[${section}]${end}`, `${setting}${end}`, '');
}

/** A value as it must be written to be read back as it is: plain, or in one kind of quotes. */
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

/** One character for each byte, so that what is not touched stays as it is. */
function linesOf(text: Uint8Array): string[] {
  return Buffer.from(text).toString('latin1').split('\n');
}

function latin(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What a line has before its newline, where lines end as on Windows. */
function endOf(line: string): string {
  return line.endsWith('\r') ? '\r' : '';
}
