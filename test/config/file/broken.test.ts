import { describe, expect, it } from 'vitest';
import { configError, problemText } from '../../../src/config/problem.ts';
import { rows } from './broken-rows.ts';
import { load } from './loading.ts';

describe('a broken configuration', () => {
  it.each(rows)('%s', (_what, text, code, line, key, words) => {
    const { problems } = load(text);
    expect(problems.map(problemText)).toHaveLength(1);
    expect(problems[0]).toMatchObject({ severity: 'error', code, line, key, file: 'umlmon.ini' });
    expect(problems.map(problemText)[0]).toMatch(words);
  });

  it('reports all ten problems of a file, in their order', () => {
    const text = [
      'stray = 1', //                    1 before any section
      '[GLOBAL]', //                     2
      'vardir = var', //                 3 relative
      'tcp = maybe', //                  4 refused
      '[vm1]', //                        5
      'vmuser = root', //                6 refused
      'mem = 12', //                     7 no unit
      'ubd0 = /disks/a.img', //          8 no suffix of ours
      'con0 = off', //                   9 refused
      'what', //                        10 no =
      '[vm.2]', //                      11 dot
      '[vm3]', //                       12
      'vmuser = u3', //                 13
      'ubd0 = /disks/a.dsk', //         14
      'append = umid=x', //             15 reserved
    ].join('\n');
    const { config, problems } = load(text);
    expect(problems.map(({ line }) => line)).toEqual([1, 3, 4, 6, 7, 8, 9, 10, 11, 15]);
    expect(config).toBeUndefined();
  });

  it('is refused as a whole when it is not UTF-8, with the place', () => {
    const { config, problems } = load(
      Buffer.concat([Buffer.from('[vm1]\nmem = '), Buffer.from([0xff, 0x4d])]),
    );
    expect(config).toBeUndefined();
    expect(problems).toMatchObject([
      { code: 'CONFIG_SYNTAX', line: 2, cause: 'the file is not UTF-8 at byte 12' },
    ]);
  });

  it('is not read beyond its bounds', () => {
    expect(load('#'.repeat((1 << 20) + 1)).problems).toMatchObject([
      { cause: expect.stringMatching(/1048577 bytes/) },
    ]);
    const sections = Array.from({ length: 1001 }, (_, index) => `[vm${index}]`).join('\n');
    expect(load(sections).problems.at(-1)).toMatchObject({
      line: 1001,
      cause: expect.stringMatching(/1000 sections/),
    });
    const keys = Array.from({ length: 10_000 }, (_, index) => `k${index} = 1`).join('\n');
    expect(load(`[vm1]\n${keys}`).problems.at(-1)).toMatchObject({
      line: 258,
      cause: expect.stringMatching(/256 keys/),
    });
    const mistakes = load('bad\n'.repeat(100_000)).problems;
    expect(mistakes).toHaveLength(101);
    expect(mistakes.at(-1)?.cause).toMatch(/more than 100 problems/);
  });

  it('cannot send control characters to the terminal', () => {
    const { problems } = load('[vm1]\n\u001b]0;x\u0007\n[\u001b[2J]\n');
    for (const text of problems.map(problemText)) expect(text).not.toMatch(/\p{Cc}/u);
  });
});

it('a large file of unknown keys is refused in little time, with a hundred mistakes shown', () => {
  const sections = Array.from({ length: 999 }, (_, vm) =>
    [`[v${vm}]`, ...Array.from({ length: 140 }, (_, key) => `sl${key.toString(36)}x=`)].join('\n'),
  );
  const { problems } = load(`[GLOBAL]\n${sections.join('\n')}`);
  expect(problems.filter(({ code }) => code === 'CONFIG_UNKNOWN_KEY')).toHaveLength(999 * 140);
  // Looking for what each of them may have meant would take half a minute, beyond the time of any test.
  expect(problems.filter(({ hint }) => hint.startsWith('did you mean')).length).toBeLessThan(300);
  expect(configError(problems).reason.split('\n')).toHaveLength(101);
});
