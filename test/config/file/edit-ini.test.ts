import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { setKey, unsetKey } from '../../../src/config/file/edit-ini.ts';
import { parseIni } from '../../../src/config/file/ini.ts';

const place = (section: string, key: string) => ({ section, key });
/** The text after a change, or why it is refused. */
const set = (text: string, section: string, key: string, value: string): string => {
  const fresh = setKey(Buffer.from(text), place(section, key), value);
  return 'cause' in fresh ? `${fresh.code}: ${fresh.cause}` : fresh.toString();
};

const text = `# of the host
[GLOBAL]
vardir=/srv

; the first
[a]
\tmem   =  64M   
\t# and more
\tstart = boot

# the last
[b]
mem = 32M`;

describe('setKey', () => {
  test('the text before a changed value remains', () => {
    expect(set(text, 'a', 'mem', '1G')).toBe(text.replace('64M   ', '1G'));
    expect(set(text, 'GLOBAL', 'vardir', '/var')).toBe(text.replace('/srv', '/var'));
    expect(set(text, 'b', 'mem', '64M')).toBe(text.replace('32M', '64M'));
  });

  test('a new key comes after the last one of its section, indented as that', () => {
    expect(set(text, 'a', 'cpu', '1')).toBe(text.replace('start = boot\n', 'start = boot\n\tcpu = 1\n'));
    expect(set(text, 'b', 'cpu', '1')).toBe(`${text}\ncpu = 1`);
    expect(set('[a]\n# empty\n', 'a', 'cpu', '1')).toBe('[a]\ncpu = 1\n# empty\n');
  });

  test('a new section comes at the end', () => {
    expect(set('', 'GLOBAL', 'escape', '^A')).toBe('[GLOBAL]\nescape = ^A\n');
    expect(set('[b]\nmem = 32M', 'GLOBAL', 'escape', '^A')).toBe('[b]\nmem = 32M\n\n[GLOBAL]\nescape = ^A\n');
  });

  test('lines that end as on Windows go on to do so', () => {
    expect(set('[a]\r\nmem = 1G\r\n', 'a', 'mem', '2G')).toBe('[a]\r\nmem = 2G\r\n');
    expect(set('[a]\r\nmem = 1G\r\n', 'a', 'cpu', '1')).toBe('[a]\r\nmem = 1G\r\ncpu = 1\r\n');
  });

  test('a malformed line is replaced, not repeated', () => {
    expect(set('[a]\nappend = x # y\n', 'a', 'append', 'z')).toBe('[a]\nappend = z\n');
  });

  test.each(['a\nb = c', 'x\u0000', 'bell\u0007', '"\t\'', 'x\r'])('%j cannot be written', (value) => {
    expect(set(text, 'a', 'append', value)).toMatch(/^CONFIG_BAD_VALUE: /);
  });
});

test('unsetKey removes one line', () => {
  expect(unsetKey(Buffer.from(text), place('a', 'start'))?.toString()).toBe(
    text.replace('\tstart = boot\n', ''),
  );
  expect(unsetKey(Buffer.from(text), place('a', 'cpu'))).toBeUndefined();
  expect(unsetKey(Buffer.from('[a]\nmem = 1G'), place('a', 'mem'))?.toString()).toBe('[a]');
});

describe('properties', () => {
  const key = fc.constantFrom('mem', 'cpu', 'append', 'ubd0', 'a', 'b');
  const section = fc.constantFrom('GLOBAL', 'vm1', 'vm2');
  const line = fc.oneof(
    fc
      .tuple(fc.constantFrom('', ' ', '\t'), key, fc.constantFrom('=', ' = ', '\t=  '), fc.string())
      .map((parts) => parts.join('').replace(/[\r\n]/g, '')),
    section.map((name) => `[${name}]`),
    fc.string().map((comment) => `# ${comment.replace(/[\r\n]/g, '')}`),
    fc.constantFrom('', '  ', '\r', 'no setting', '[broken', '; x'),
  );
  const file = fc
    .tuple(fc.array(line, { maxLength: 30 }), fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '\n'))
    .map(([lines, newline, end]) => lines.join(newline) + end);
  const value = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('true', 'null', '{"a":1}', '"x"', "'x'", 'a;b#c', '\\', ' blanks ', '', 'é', '=', '[x]'),
  );

  test('all other lines stay, byte for byte, and the value is read back', () => {
    let done = 0;
    fc.assert(
      fc.property(file, section, key, value, (before, inSection, ofKey, newValue) => {
        const fresh = setKey(Buffer.from(before), place(inSection, ofKey), newValue);
        if ('cause' in fresh) return;
        done += 1;
        const after = fresh.toString();
        const read = parseIni('', fresh).sections.find(({ name }) => name === inSection);
        const entry = read?.entries.find((one) => one.key === ofKey);
        expect(entry?.value).toBe(newValue);
        // Take the line away that has the setting now; the others are those from before, less the one it replaced.
        const [others, old] = [after.split('\n'), before.split('\n')];
        others.splice((entry?.line ?? 0) - 1, 1);
        if (others.length === old.length - 1) old.splice((entry?.line ?? 0) - 1, 1);
        const isSection = (text: string) => text === `[${inSection}]` || text === `[${inSection}]\r`;
        const had = parseIni('', Buffer.from(before)).sections.some(({ name }) => name === inSection);
        // A section that is new brings its header, an empty line and a newline at the end of the file.
        const kept = had ? others : others.filter((text) => !isSection(text));
        const bare = (lines: readonly string[]) =>
          had ? lines : lines.filter((text) => text.trim() !== '' && !isSection(text));
        expect(bare(kept)).toEqual(bare(old));
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(done).toBeGreaterThan(1000);
  });

  test('to set and unset a key leaves the file unchanged', () => {
    const plain = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(file, section, key, plain, (before, inSection, ofKey, newValue) => {
        const document = parseIni('', Buffer.from(before));
        const had = document.sections.find(({ name }) => name === inSection);
        const isThere = [...(had?.entries ?? []), ...document.problems].some((one) => one.key === ofKey);
        if (!had || isThere) return;
        const fresh = setKey(Buffer.from(before), place(inSection, ofKey), newValue);
        if ('cause' in fresh) return;
        expect(unsetKey(fresh, place(inSection, ofKey))?.toString()).toBe(before);
      }),
      { numRuns: 3000, seed: 7 },
    );
  });
});
