import { describe, expect, test } from 'vitest';
import { accountsOf, allowanceOf } from '../../../src/setup/prose/allowance.ts';
import { lintText, type ProseFinding } from '../../../src/setup/prose/lint-files.ts';
import { phrases } from '../../../src/setup/prose/phrases.ts';
import { terms } from '../../../src/setup/prose/terms.ts';

const found = async (path: string, text: string) =>
  (await lintText(path, text)).map(({ line, rule, message }) => `${line} ${rule} ${message.split(':')[0]}`);

const long =
  'one of the many things that a long sentence has, and here it has some more of them, until there are twenty-six, no, thirty of them';

describe('a page', () => {
  test('terms and long sentences are found in paragraphs, lists, tables and definitions', async () => {
    const page = `# A seat\n\nThe trouble\nis here.\n\n- the pen\n\n| a | pen |\n| --- | --- |\n| is none | b |\n\n**-x**\n:   A verb\n\n    Whoever asks.\n\n${long}.\n`;
    expect(await found('docs/umlmon.7.md', page)).toEqual([
      '1 term "seat"',
      '3 term "trouble"',
      '6 term "pen"',
      '10 term "is none"',
      '13 term "verb"',
      '15 term "Whoever"',
      '17 sentence 26 words in a sentence, at most 25',
    ]);
  });

  test('a phrase is found over the end of a line', async () => {
    expect(await found('docs/a.md', 'A viewer who comes\nlate.')).toEqual(['1 term "comes late"']);
  });

  test('code, bold names, addresses, names of the code and cited tests are not prose', async () => {
    const page =
      '`trouble` **seat** https://example.org/pen takeTurns a_verb told()\n\n```\nthe trouble\n```\n\n' +
      '| can | x | test/a.test.ts: a seat that is told |\n| --- | --- | --- |\n';
    expect(await found('docs/a.md', page)).toEqual([]);
  });

  test('parentheses count apart, a row of code counts once, an abbreviation ends nothing', async () => {
    const half = 'these are ten parts that a sentence of this test';
    expect(await found('docs/a.md', `${half} (${half}), ${half}.`)).toEqual([]);
    expect(await found('docs/a.md', `${half} ${half} \`a\`, \`b\`, \`c\` and \`d\`.`)).toEqual([]);
    expect(await found('docs/a.md', `${half}, e.g. These, ${half} and ${half}.`)).toEqual([
      '1 sentence 33 words in a sentence, at most 25',
    ]);
  });
});

describe('a source', () => {
  test('comments and texts are found where they are', async () => {
    const source = [
      '/** The trouble with this. */',
      '// Nobody waits',
      '// for a latecomer.',
      "const a = 'one seat ' +",
      "  'is told';",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source that is read
      'const b = `x ${a} is a pen of its ${`own trouble is`}`;',
      "throw new Oops('X', { hint: 'ask whoever has it' });",
      '/**',
      ' * Fine.',
      ' * @throws IMAGE_BUSY if somebody has it',
      ' */',
    ].join('\n');
    expect(await found('src/a.ts', source)).toEqual([
      '1 term "trouble"',
      '2 term "Nobody"',
      '3 term "latecomer"',
      '4 term "seat"',
      '5 term "is told"',
      '6 term "pen"',
      '6 term "trouble"',
      '7 term "whoever"',
      '10 term "somebody"',
    ]);
  });

  test('a text over lines is one sentence, and so are comments of a line each', async () => {
    const words = long.split(' ');
    const [first, second] = [words.slice(0, 15).join(' '), words.slice(15).join(' ')];
    const source = `// ${first}\n// ${second}\n\nconst a = '${first} ' +\n  '${second}';\nconst b = 'fine here' /* ${first} */;\n// ${second}\n`;
    expect(await found('src/a.ts', source)).toEqual([
      '1 sentence 26 words in a sentence, at most 25',
      '4 sentence 26 words in a sentence, at most 25',
    ]);
  });

  test('names, imports, keys, types, directives, scripts and tags are not prose', async () => {
    const source = [
      "import { seat } from './the trouble is.ts';",
      "type A = 'the trouble is' | 'seat';",
      "const pen = { 'the trouble is': 'seat', whoever: 'trouble' };",
      '// biome-ignore lint/x: the trouble',
      "const s = 'verb=$(told); for trouble in a; do nobody; done;; esac';",
      '/** @param seat the one */',
    ].join('\n');
    expect(await found('src/a.ts', source)).toEqual([]);
  });

  test('of a test only the titles are read', async () => {
    const source =
      "// trouble\ndescribe('a seat', () => {\n  test.each([['the trouble is']])('%s is told', () => 'the pen is');\n});";
    expect(await found('test/a.test.ts', source)).toEqual(['2 term "seat"', '3 term "is told"']);
  });

  test('comments of C, of protocols and of shell scripts are found, and texts of pages', async () => {
    const c = 'char *a = "/* trouble */"; /* a seat\n * is told */ // the pen\n';
    expect(await found('src/a.c', c)).toEqual(['1 term "seat"', '2 term "is told"', '2 term "pen"']);
    expect(await found('src/a.x', c)).toHaveLength(3);
    expect(await found('src/a.sh', '#!/bin/trouble is\n# a seat\necho trouble here # fine\n')).toEqual([
      '2 term "seat"',
    ]);
    expect(await found('src/a.html', '<p class="the pen">a seat</p>')).toEqual(['1 term "seat"']);
  });
});

test('every pattern is found by its own example, and good English is not', async () => {
  const missed: string[] = [];
  for (const { never } of phrases) {
    for (const example of never.split(', ')) {
      if ((await found('docs/a.md', `A sentence ${example}.`)).length !== 1) missed.push(example);
    }
  }
  expect(missed).toEqual([]);
  for (const { match } of terms) if (match) expect(() => new RegExp(match)).not.toThrow();
  const right = `The password. The link stands for it. It turns on. A Python 3 keyword. There is no image. It is no longer
    needed. No more than two. In other words, it has the words of the kernel. Context switches. One turn of the event loop.
    The user nobody runs it. Who may call what. The directory is renamed in order to help.`;
  expect(await found('docs/a.md', right)).toEqual([]);
});

describe('the allowance', () => {
  const finding = (path: string): ProseFinding => ({ path, line: 1, column: 1, rule: 'term', message: '' });

  test('the longest path counts, and none is allowed elsewhere', () => {
    const findings = ['src/disk/a.ts', 'src/disk/cow/b.ts', 'src/disks/c.ts'].map(finding);
    const accounts = accountsOf(findings, { 'src/disk': 1, 'src/disk/cow': 2 });
    expect(accounts.map(({ path, allowed, findings }) => [path, allowed, findings.length])).toEqual([
      ['src/disk/cow', 2, 1],
      ['src/disk', 1, 1],
      ['', 0, 1],
    ]);
  });

  test('is written by folder of the sources and by page', () => {
    const findings = ['src/disk/a.ts', 'src/disk/cow/b.ts', 'docs/decisions/1.md', 'README.md'].map(finding);
    expect(allowanceOf(findings)).toEqual({ 'README.md': 1, 'docs/decisions/1.md': 1, 'src/disk': 2 });
  });
});
