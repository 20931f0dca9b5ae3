import { describe, expect, test } from 'vitest';
import { type Outcome, type Path, paths } from './environment.ts';
import { judge } from './judge.ts';
import { summaryText, tableText } from './table.ts';

const works: Readonly<Record<Path, Outcome>> = {
  start: { status: 0, text: 'vm1: monitor 25 started; kernel, after 154 ms' },
  console: { status: 0, text: '\r\n42\r\nvm1:/root# ' },
  exec: { status: 0, text: '42' },
  'under way': { status: 0, text: '' },
  stop: { status: 0, text: 'vm1: stopped cleanly, after 0.1 s' },
  umlrun: { status: 0, text: '42' },
  'umlrun -root': { status: 0, text: '42' },
  left: { status: 0, text: '' },
};
const outcomesWith = (changes: Partial<Record<Path, Outcome | undefined>>) =>
  new Map(
    paths.flatMap((path) => {
      const outcome = path in changes ? changes[path] : works[path];
      return outcome ? [[path, outcome] as const] : [];
    }),
  );
const wordsOf = (...request: Parameters<typeof judge>) => judge(...request).map(({ word }) => word);

describe('a row', () => {
  test('works', () => {
    expect(wordsOf({}, outcomesWith({}))).toEqual(paths.map(() => 'works'));
  });

  test('works with another status, without the output, and without a result is wrong', () => {
    for (const outcome of [{ status: 1, text: '42' }, { status: 0, text: 'x' }, undefined])
      expect(judge({}, outcomesWith({ exec: outcome })).filter(({ right }) => !right)).toMatchObject([
        { path: 'exec', word: 'WRONG', why: expect.stringMatching(/^exec: expected /) },
      ]);
    expect(judge({ says: { umlrun: /24 80/ } }, outcomesWith({}))[5]).toMatchObject({ right: false });
  });

  const refused = { start: { cause: /40 open files/, hint: /ulimit/ } };
  const refusal = { status: 3, text: 'vm1: the limit is 40 open files (hint: ulimit -Hn shows it)' };
  const without = { console: undefined, exec: undefined, 'under way': undefined };

  test('is refused with cause and hint, and has no VM for the paths between', () => {
    const outcomes = outcomesWith({ start: refusal, ...without, stop: { status: 4, text: 'none' } });
    expect(wordsOf({ refused }, outcomes)).toEqual([
      ...['refused', '-', '-', '-', '-'],
      ...['works', 'works', 'works'],
    ]);
  });

  test('that works where it must be refused, or has another hint, is wrong', () => {
    expect(wordsOf({ refused }, outcomesWith({}))[0]).toBe('WRONG');
    const other = { status: 3, text: 'the limit is 40 open files (hint: see the log)' };
    expect(wordsOf({ refused }, outcomesWith({ start: other, ...without }))[0]).toBe('WRONG');
  });
});

const plain = { who: 'root', ms: 912.4, name: 'plain', cells: judge({}, outcomesWith({})) };
const broken = {
  ...plain,
  name: 'broken',
  cells: judge({}, outcomesWith({ exec: { status: 1, text: '' } })),
};
const impossible = { ...plain, name: 'version 2', cells: [], impossible: 'no controller of cgroup v2\n' };
const linesOf = (text: string) => text.split('\n').map((line) => line.replace(/ +/g, ' '));
const heading = 'environment who start console exec under way stop umlrun umlrun -root left';
const brokenLine = 'broken root works works WRONG works works works works works 912 ms';
const impossibleLine = 'version 2 root NOT TRIED: no controller of cgroup v2';
const totals = '2 environments tried, 1 wrong, 1 not possible on this host';

test('the whole matrix has every environment', () => {
  expect(linesOf(tableText([plain, broken, impossible]))).toEqual([
    heading,
    'plain root works works works works works works works works 912 ms',
    brokenLine,
    impossibleLine,
    totals,
  ]);
});

test('the summary has only wrong and impossible environments, and names the file of the matrix', () => {
  const end = `${totals}; the whole matrix: file.txt`;
  expect(linesOf(summaryText([plain, broken, impossible], 'file.txt'))).toEqual([
    heading,
    brokenLine,
    impossibleLine,
    end,
  ]);
  expect(summaryText([plain], 'file.txt')).toBe(
    '1 environments tried, 0 wrong, 0 not possible on this host; the whole matrix: file.txt',
  );
});
