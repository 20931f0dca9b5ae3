import fc from 'fast-check';
import { decode } from 'ini';
import { describe, expect, it } from 'vitest';
import { parseIni, quoteValue } from '../../../src/config/file/ini.ts';

const parse = (text: string) => parseIni('f', Buffer.from(text));
const values = (text: string) =>
  parse(text).sections.flatMap(({ name, entries }) =>
    entries.map(({ key, value, line }) => [name, key, value, line]),
  );

/** Lines that look like INI, with everything in them that programs disagree about. */
const piece = fc.constantFrom(
  '[',
  ']',
  '=',
  '#',
  ';',
  '"',
  "'",
  '\\',
  ' ',
  '\t',
  '.',
  '[]',
  'a',
  'b',
  'true',
  'null',
  '1e3',
  '\r',
  '\n',
  '\u2028',
  '\ufeff',
  '__proto__',
  '[a]\n',
  '\n[b]\n',
  'a=',
  '\na = ',
  '\nb = "',
  '{"a":1}',
  'é',
  '%',
  '\u00a0',
  'toString',
);
const iniLike = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
const nearlyIni = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{2}$/), { minLength: 1, maxLength: 4 })
  .chain((keys) =>
    fc.tuple(
      ...keys.map((key) => fc.array(piece, { maxLength: 6 }).map((value) => `${key} =${value.join('')}`)),
    ),
  )
  .map((lines) => ['[vm1]', ...lines].join('\n'));

describe('parseIni', () => {
  it('reads sections, comments, quotes and lines', () => {
    const text =
      '; c\n# c\n\n[GLOBAL]\n[vm1]\r\n  a =  x y \r\nb="x # \\"y\\" \\\\"\nc=\'#;\'\nd=true\ne=\nf=a=b\ng="7"\n';
    expect(parse(text).problems).toEqual([]);
    expect(values(text)).toEqual([
      ['vm1', 'a', 'x y', 6],
      ['vm1', 'b', 'x # "y" \\', 7],
      ['vm1', 'c', '#;', 8],
      ['vm1', 'd', 'true', 9],
      ['vm1', 'e', '', 10],
      ['vm1', 'f', 'a=b', 11],
      ['vm1', 'g', '7', 12],
    ]);
  });

  it('accepts a byte order mark', () => {
    expect(values('\ufeff[a]\nb = 1')).toEqual([['a', 'b', '1', 2]]);
  });

  it('finds the byte that is not UTF-8, also in the middle of a character and at the end', () => {
    const at = (bytes: number[]) => parseIni('f', Buffer.from(bytes)).problems[0]?.cause;
    expect(at([0x61, 0xc3, 0x28])).toMatch(/at byte 1$/);
    expect(at([0x61, 0x0a, 0x80])).toMatch(/at byte 2$/);
    expect(at([0xc3, 0xa9, 0xe2, 0x82])).toMatch(/at byte [23]$/);
  });

  it('agrees with the ini package about everything it accepts', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(iniLike, nearlyIni), (text) => {
        const { sections, problems } = parse(text);
        if (problems.length > 0) return;
        const all: Record<string, Record<string, unknown>> = decode(text.replace(/^\ufeff/, ''));
        expect(Object.keys(all).sort()).toEqual(sections.map(({ name }) => name).sort());
        for (const { name, entries } of sections) {
          expect(Object.keys(all[name] ?? {}).sort()).toEqual(entries.map(({ key }) => key).sort());
          for (const { key, value } of entries) expect(String(all[name]?.[key])).toBe(value);
          accepted += entries.length;
        }
      }),
      { numRuns: 5000, seed: 7 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('never throws, and ignores no text silently', () => {
    const check = (bytes: Uint8Array): void => {
      const { sections, problems } = parseIni('f', bytes);
      const seen = new Set([...sections, ...problems].map(({ line }) => line));
      for (const { entries } of sections) for (const { line } of entries) seen.add(line);
      if (/not UTF-8/.test(problems[0]?.cause ?? '')) return;
      let refusedHeader = false;
      for (const [index, line] of Buffer.from(bytes)
        .toString()
        .replace(/^\ufeff/, '')
        .split('\n')
        .entries()) {
        const text = line.trim();
        const isProblem = problems.some((problem) => problem.line === index + 1);
        if (text.startsWith('[')) refusedHeader = isProblem;
        if (text === '' || /^[#;]/.test(text) || refusedHeader) continue;
        expect(seen.has(index + 1)).toBe(true);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check));
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => check(Buffer.from(text))));
    fc.assert(
      fc.property(fc.oneof(iniLike, nearlyIni), (text) => check(Buffer.from(text))),
      { numRuns: 1000 },
    );
  });

  it('reads back what quoteValue writes', () => {
    const printable = fc
      .string({ unit: 'grapheme', maxLength: 60 })
      .filter((text) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(text));
    fc.assert(
      fc.property(printable, (value) => {
        expect(values(`[a]\nb = ${quoteValue(value)}`)).toEqual([['a', 'b', value, 2]]);
      }),
      { numRuns: 1000 },
    );
  });
});

it('a tab in double quotes, which programs read differently, is refused with a way out', () => {
  const read = (line: string) => parseIni('file', Buffer.from(`[vm1]\n${line}`));
  const { cause, hint } = read('append = "a\tb"').problems[0] ?? {};
  expect({ cause, hint }).toEqual({
    cause: 'a tab inside double quotes',
    hint: 'write a blank, or use single quotes around the value',
  });
  expect(read("append = 'a\tb'").sections[0]?.entries[0]?.value).toBe('a\tb');
  expect(read('append = a\tb').sections[0]?.entries[0]?.value).toBe('a\tb');
});
