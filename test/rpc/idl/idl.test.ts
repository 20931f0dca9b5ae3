import '../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { directoryIntroduction } from '../../../src/rpc/idl/directory-introduction.ts';
import { emitPage } from '../../../src/rpc/idl/emit-page.ts';
import { emitTypes } from '../../../src/rpc/idl/emit-types.ts';
import { camelCase, enumWords, pascalCase, procedureNames } from '../../../src/rpc/idl/names.ts';
import { introduction } from '../../../src/rpc/idl/page-introduction.ts';
import { parseIdl } from '../../../src/rpc/idl/parse.ts';
import { measureTypes } from '../../../src/rpc/idl/wire-size.ts';
import type { Failure } from '../../../src/rpc/umlmonctrl.gen.ts';
import type { Failure as CatalogueFailure } from '../../../src/system/errors/errors.ts';

const root = new URL('../../../', import.meta.url).pathname;
const program = 'program P { version V { void P_NULL(void) = 0; } = 1; } = 0x20000001;';

test('the generated files are current', () => {
  execFileSync(process.execPath, ['src/setup/generate/generate.mjs', '--check'], {
    cwd: root,
    stdio: 'pipe',
  });
});

test('the failure of the protocol is the failure of the error catalogue', () => {
  const there: Failure = { code: '', place: '', cause: '', hint: '' } satisfies CatalogueFailure;
  const back: CatalogueFailure = there;
  expect(back).toBe(there);
});

test.each([
  ['const A = B;', 1, 'neither a number nor a constant'],
  ['\nconst A = 1;\nconst A = 2;', 3, 'defined twice'],
  ['const A = 4294967296;', 1, '32 bits'],
  ['typedef string s<>;', 1, 'needs a bound'],
  ['typedef string s<0>;', 1, 'not a valid length'],
  ['struct s {\n  float f;\n};', 2, '"float" is not defined above'],
  ['struct s {\n  s *next;\n};', 2, '"s" is not defined above'],
  ['struct s {\n  int a;\n  int a;\n};', 3, 'two fields a'],
  ['struct s {\n};', 2, 'no field'],
  ['struct s {\n  int a\n};', 3, '";" expected, not "}"'],
  ['enum e { A = 0, B = 0 };', 1, 'value of another member'],
  ['union u switch (int k) { case 0: void; };', 1, 'needs an enum'],
  ['enum e { A = 0, B = 1 };\nunion u switch (e k) {\ncase A: void;\n};', 4, 'no arm for B'],
  ['enum e { A = 0 };\nunion u switch (e k) {\ncase A: void;\ncase A: void;\n};', 4, 'two arms'],
  ['enum e { A = 0 };\nunion u switch (e k) {\ncase C: void;\n};', 3, 'not a member of e'],
  ['program P { version V { void N(void) = 0; void M(void) = 0; } = 1; } = 1;', 1, 'have the number 0'],
  [`${program}\nconst A = 1;`, 2, 'nothing may follow'],
  ['const A = 1;', 1, 'no program'],
  ['/* open', 1, 'cannot read "/* open"'],
  ['struct s {\n  int a;', 2, 'not "the end of the file"'],
  ['const A = 08;', 1, 'neither a number'],
  ['%#include "x.h"', 1, 'cannot read'],
])('refuses %j', (source, line, words) => {
  expect(() => parseIdl(source)).toThrow(new RegExp(`^line ${line}: .*${words.replace(/[*/]/g, '\\$&')}`));
});

test('numbers are decimal, hexadecimal, octal or negative as in C', () => {
  const { constants } = parseIdl(
    `const A = 10; const B = 0x10; const C = 010; const D = -10; const E = A; ${program}`,
  );
  expect(constants.map(({ value }) => value)).toStrictEqual([10, 16, 8, -10, 10]);
});

test('comments go with what follows them or with what is on their line', () => {
  const { banner, constants, types } = parseIdl(`/*
 * banner: first line
 * second line
 */

const A = 1;  /* of A */
/* before B */
const B = 2;  /* on B */
enum e {
    E_X = 0,  /* of X */
    /* before Y */
    E_Y = 1   // of Y
};
/* of s */
struct s {
    int a;    /* of a */
    int b;
};
${program}`);
  expect(banner).toBe('banner: first line\nsecond line');
  expect(constants.map(({ comment }) => comment)).toStrictEqual(['of A', 'before B\non B']);
  const [e, s] = types;
  expect(e?.kind === 'enum' && e.members.map(({ comment }) => comment)).toStrictEqual([
    'of X',
    'before Y\nof Y',
  ]);
  expect(s?.comment).toBe('of s');
  expect(s?.kind === 'struct' && s.fields.map(({ comment }) => comment)).toStrictEqual(['of a', '']);
});

test('names', () => {
  expect(pascalCase('vm_info')).toBe('VmInfo');
  expect(camelCase('state_since')).toBe('stateSince');
  const parsed = parseIdl(`enum a { CUT_ONE_X = 0, CUT_ONE_Y = 1, CUT_TWO = 2 }; enum b { ALONE_HERE = 0 };
    program P { version V { void P_NULL(void) = 0; void P_CTRL_ALT_DEL(void) = 1; } = 1; } = 1;`);
  expect(parsed.types.map((type) => type.kind === 'enum' && enumWords(type))).toStrictEqual([
    ['one-x', 'one-y', 'two'],
    ['alone-here'],
  ]);
  expect(procedureNames(parsed.program)).toStrictEqual(['null', 'ctrlAltDel']);
});

const everything = `
const N = 3;
enum kind { K_A = 0, K_B = 1, K_C = 2 };
typedef hyper moment;
struct inner { int x; bool y; opaque id[5]; };
union choice switch (kind tag) {
case K_A: case K_B:
    inner *maybe;
default:
    void;
};
struct outer { choice choices<2>; unsigned int fixed[N]; moment when; unsigned plain; };
program P { version V { outer P_GET(inner) = 1; void P_PUT(hyper) = 2; } = 4; } = 0x20000001;`;

test('sizes on the wire', () => {
  const sizes = measureTypes(parseIdl(everything));
  expect(sizes.get('inner')).toStrictEqual({ min: 16, max: 16 });
  expect(sizes.get('choice')).toStrictEqual({ min: 4, max: 24 });
  expect(sizes.get('outer')).toStrictEqual({ min: 28, max: 76 });
});

test('every construct has its TypeScript', () => {
  const text = emitTypes(parseIdl(everything), 'everything.x');
  for (const part of [
    "import { type Codec, XdrError, hyperCodec, uintCodec, voidCodec } from './codec/xdr.ts';",
    "| { readonly tag: 'a' | 'b'; readonly maybe: Inner | null }",
    "| { readonly tag: 'c' }",
    'readonly choices: readonly Choice[];',
    'choices: r.array(2, 4, choiceCodec),',
    'fixed: r.fixedArray(N, uintCodec),',
    'id: r.fixedOpaque(5),',
    "case 'a': case 'b': return { tag, maybe: r.optional(innerCodec) };",
    'argsBytesMax: 16,',
    'get: { number: 1, args: innerCodec, result: outerCodec },',
  ])
    expect(text).toContain(part);
});

test.each([
  ['umlmonctrl', introduction],
  ['umldir', directoryIntroduction],
] as const)(
  'the page of %s names every procedure, type, field and constant, and all its links lead somewhere',
  (name, introduce) => {
    const origin = `src/rpc/${name}.x`;
    const specification = parseIdl(readFileSync(`${root}${origin}`, 'utf8'));
    const page = emitPage(specification, origin, introduce);
    const headings = new Set([...page.matchAll(/^#+ (.*)$/gm)].map((found) => found[1]?.toLowerCase()));
    for (const { name } of [...specification.types, ...specification.program.procedures])
      expect(headings).toContain(name.toLowerCase());
    for (const { name } of specification.constants) expect(page).toContain(`| \`${name}\` |`);
    for (const type of specification.types)
      if (type.kind === 'struct')
        for (const { name } of type.fields) expect(page).toContain(`| \`${name}\` |`);
    for (const link of page.matchAll(/\]\(#([^)]*)\)/g)) expect(headings).toContain(link[1]);
  },
);
