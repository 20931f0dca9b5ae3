import { decode } from 'ini';
import { configLimits } from '../../system/limits/limits.ts';
import { invisible, maxProblems, type Problem, problemAt, quoted, type Refusal } from '../problem.ts';

export interface IniEntry {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface IniSection {
  readonly name: string;
  readonly line: number;
  readonly entries: readonly IniEntry[];
}

export interface IniDocument {
  readonly sections: readonly IniSection[];
  readonly problems: readonly Problem[];
}

/** Largest file in bytes. */
export const maxFileBytes = configLimits.fileBytes;
/** Longest line in characters. */
export const maxLineLength = configLimits.lineCharacters;
export const maxSections = configLimits.sections;
/** Most keys of one section; twice the number of existing keys. */
export const maxKeys = configLimits.keys;

const sectionName = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const keyName = /^[A-Za-z][A-Za-z0-9_-]*$/;
const ownLine = 'a comment needs a line of its own';

interface OpenSection extends IniSection {
  readonly entries: IniEntry[];
  /** Key → its line. */
  readonly keys: Map<string, number>;
}

interface Scan {
  readonly sections: OpenSection[];
  /** The valid lines, for the `ini` package to decode. */
  readonly understood: string[];
  readonly problems: Problem[];
}

/**
 * Sections, keys and values of an INI file with their lines, and all its problems in the order of the lines.
 * The `ini` package decodes the values. The scanner knows the lines and refuses what the package silently accepts
 * (repeated keys and sections, lines without '=', text cut at '#' or ';', nested section names). A value that the
 * two read differently is refused. Never throws.
 */
export function parseIni(file: string, bytes: Uint8Array): IniDocument {
  const unreadable = (line: number, why: Refusal): IniDocument => ({
    sections: [],
    problems: [problemAt({ file, line, section: '', key: '' }, why)],
  });
  if (bytes.length > maxFileBytes)
    return unreadable(0, syntax(`the file has ${bytes.length} bytes; at most ${maxFileBytes} are read`));
  const text = decodeUtf8(bytes);
  if (typeof text !== 'string') return unreadable(text.line, text);
  const scan = scanLines(file, text);
  const disputed = compareWithPackage(file, scan);
  const refused = new Set(disputed.map((problem) => problem.line));
  return {
    sections: scan.sections.map(({ name, line, entries }) => ({
      name,
      line,
      entries: entries.filter((entry) => !refused.has(entry.line)),
    })),
    problems: [...scan.problems, ...disputed].sort((a, b) => a.line - b.line),
  };
}

/** A value in double quotes, with escapes. */
export function quoteValue(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function decodeUtf8(bytes: Uint8Array): string | (Refusal & { line: number }) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const lenient = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
    const at = bytes.findIndex((byte, index) => byte !== lenient[index]);
    const offset = at < 0 ? bytes.length : at;
    const line = bytes.subarray(0, offset).reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 1);
    return { ...syntax(`the file is not UTF-8 at byte ${offset}`, 'store the file as UTF-8'), line };
  }
}

function scanLines(file: string, text: string): Scan {
  const scan: Scan = { sections: [], understood: [], problems: [] };
  const known = new Map<string, OpenSection>();
  /** Undefined before the first section; after a refused header, a section that is not in the result. */
  let section: OpenSection | undefined;
  let number = 0;
  for (const rawLine of text.split('\n')) {
    number++;
    const line = rawLine.endsWith('\r') ? rawLine.slice(0, -1) : rawLine;
    const say = (why: Refusal, name = section?.name ?? '', key = ''): void => {
      scan.problems.push(problemAt({ file, line: number, section: name, key }, why));
    };
    if (scan.problems.length >= maxProblems) {
      say(syntax(`more than ${maxProblems} problems; the rest of the file was not read`));
      break;
    }
    const damage = lineDamage(line);
    if (damage) {
      say(damage);
      continue;
    }
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;

    if (trimmed.startsWith('[')) {
      const header = readHeader(line);
      if ('cause' in header) {
        say(header, '');
        section = { name: '', line: number, entries: [], keys: new Map() };
        continue;
      }
      const first = known.get(header.name);
      if (first) {
        say(repeated(`section [${header.name}]`, first.line, 'merge the two sections'), header.name);
        section = first;
      } else if (known.size >= maxSections) {
        say(syntax(`more than ${maxSections} sections; the rest of the file was not read`), '');
        break;
      } else {
        section = { name: header.name, line: number, entries: [], keys: new Map() };
        known.set(header.name, section);
        scan.sections.push(section);
      }
      scan.understood.push(line);
      continue;
    }

    const setting = readSetting(trimmed);
    if ('cause' in setting) {
      say(setting, section?.name ?? '', setting.key);
      continue;
    }
    const { key, value } = setting;
    if (!section) {
      say(syntax('the setting is outside any section', 'write [GLOBAL] or [VM-NAME] above it'), '', key);
      continue;
    }
    const firstLine = section.keys.get(key);
    if (firstLine !== undefined) {
      say(repeated('the key', firstLine, 'remove one of them'), section.name, key);
      continue;
    }
    if (section.keys.size >= maxKeys) {
      say(syntax(`more than ${maxKeys} keys in one section; the rest of the file was not read`));
      break;
    }
    section.keys.set(key, number);
    section.entries.push({ key, value, line: number });
    if (section.name) scan.understood.push(line);
  }
  return scan;
}

function lineDamage(line: string): Refusal | undefined {
  if (line.length > maxLineLength)
    return syntax(`the line has ${line.length} characters; at most ${maxLineLength} are allowed`);
  const character = line.match(invisible)?.find((found) => found !== '\t');
  if (character === undefined) return undefined;
  const point = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return syntax(`the line contains the invisible character U+${point}`, 'delete the character');
}

function readHeader(line: string): { name: string } | Refusal {
  if (!line.startsWith('['))
    return syntax('a section must start in the first column', 'delete the blanks before the [');
  const close = line.indexOf(']');
  if (close < 0) return syntax("the '[' is not closed", 'write [NAME]');
  if (line.slice(close + 1).trim() !== '') return syntax('text after the section name', ownLine);
  const name = line.slice(1, close).trim();
  if (name === '') return syntax('the section has no name', 'write [GLOBAL] or [VM-NAME]');
  if (name.includes('.')) return syntax(`section name ${quoted(name)} has a dot`, 'use - or _ instead');
  if (!sectionName.test(name))
    return syntax(
      `section name ${quoted(name)} is not allowed`,
      'use letters, digits, - and _; start with a letter or digit',
    );
  return { name };
}

function readSetting(line: string): { key: string; value: string } | (Refusal & { key: string }) {
  const equals = line.indexOf('=');
  if (equals < 0) return { ...syntax(`no '=' in ${quoted(line)}`, 'write key = value'), key: '' };
  const key = line.slice(0, equals).trim();
  if (key === '') return { ...syntax("no key before the '='", 'write key = value'), key: '' };
  if (key.endsWith('[]'))
    return { ...syntax(`lists as in ${quoted(key)} are not supported`, 'write key = value'), key: '' };
  if (!keyName.test(key))
    return {
      ...syntax(`key ${quoted(key)} is not allowed`, 'keys have letters, digits and _ only'),
      key: '',
    };
  const value = readValue(line.slice(equals + 1).trim());
  return 'cause' in value ? { ...value, key } : { key, value: value.text };
}

/** Plain text, or text in quotes; within double quotes, \" and \\ are " and \. */
function readValue(raw: string): { text: string } | Refusal {
  const mark = raw.charAt(0);
  if (mark !== '"' && mark !== "'") {
    const cut = raw.search(/[#;]/);
    if (cut < 0) return { text: raw };
    return syntax(
      `the value has a ${raw[cut]} outside quotes, where a comment would start`,
      `${ownLine}; if it belongs to the value, write ${bounded(quoteValue(raw))}`,
    );
  }
  if (raw.length < 2 || !raw.endsWith(mark))
    return syntax(`the quote ${mark} is not closed at the end of the line`, ownLine);
  const inner = raw.slice(1, -1);
  if (mark === "'")
    return inner.includes("'")
      ? syntax("a ' inside single quotes", 'use double quotes around the value')
      : { text: inner };
  if (!/^(?:[^"\\]|\\["\\])*$/.test(inner))
    return syntax('a lone " or \\ inside double quotes', 'write \\" for " and \\\\ for \\');
  // The package reads JSON, which allows no tab in a string.
  if (inner.includes('\t'))
    return syntax('a tab inside double quotes', 'write a blank, or use single quotes around the value');
  return { text: inner.replace(/\\(["\\])/g, '$1') };
}

function compareWithPackage(file: string, scan: Scan): Problem[] {
  const decoded: Record<string, unknown> = decode(scan.understood.join('\n'));
  const disputed: Problem[] = [];
  for (const { name, entries } of scan.sections) {
    const values = (decoded[name] ?? {}) as Record<string, unknown>;
    for (const { key, value, line } of entries) {
      const read = values[key];
      // The package converts true, false, null, and JSON in single quotes; here the text of simple values counts.
      if (!(read instanceof Object) && String(read) === value) continue;
      if (disputed.length >= maxProblems) break;
      const why = syntax(
        `programs differ on how to read the value ${quoted(value)}`,
        `quote it: ${key} = ${bounded(quoteValue(value))}`,
      );
      disputed.push(problemAt({ file, line, section: name, key }, why));
    }
  }
  return disputed;
}

function syntax(cause: string, hint = ''): Refusal {
  return { code: 'CONFIG_SYNTAX', cause, hint };
}

function repeated(what: string, line: number, hint: string): Refusal {
  return { code: 'CONFIG_DUPLICATE', cause: `${what} is already in line ${line}`, hint };
}

function bounded(text: string): string {
  return text.length > 80 || text.includes('\t') ? 'the value in quotes' : text;
}
