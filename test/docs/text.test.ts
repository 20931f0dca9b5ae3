import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'test/README.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const read = (page: string) => readFileSync(join(root, page), 'utf8');

describe.each(pages)('%s', (page) => {
  const text = read(page);

  test('links to what exists', () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  test('names files of the sources that exist', () => {
    const named = [...text.matchAll(/(?<![\w/.])(?:src|test|docs)\/[\w./-]*\w/g)].map(([path]) => path);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('names sections of the manual pages that exist', () => {
    const named = [...text.replace(/\s+/g, ' ').matchAll(/(uml\w+)\((\d)\), ([A-Z][A-Z ]+[A-Z])(?![a-z])/g)];
    const missing = named.flatMap(([, name = '', section = '', heading = '']) => {
      const manual = `docs/${name}.${section}.md`;
      return existsSync(join(root, manual)) && !read(manual).includes(`\n# ${heading}\n`)
        ? [`${name}(${section}), ${heading}`]
        : [];
    });
    expect(missing).toEqual([]);
  });

  test('names commands of npm that exist', () => {
    const named = [...text.matchAll(/npm run ([\w-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !Object.hasOwn(packageJson.scripts, name))).toEqual([]);
  });
});

test('docs/install.md names every Debian package that umlmon runs with and is built with', () => {
  const script = read('src/setup/packages.sh');
  const lists = [...script.matchAll(/^(?:run|build)='(.*)'$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  expect(lists.length).toBeGreaterThan(8);
  const page = read('docs/install.md');
  expect(lists.filter((name) => !page.includes(name))).toEqual([]);
});

test('each decision has a number of its own', () => {
  const files = readdirSync(join(root, 'docs/decisions'));
  const numbers = files.map((file) => Number(/^(\d{4})-/.exec(file)?.[1]));
  expect(new Set(numbers).size).toBe(files.length);
  const titles = files.map((file) => Number(/^# (\d+)\. /.exec(read(`docs/decisions/${file}`))?.[1]));
  expect(titles).toEqual(numbers);
});

test('CHANGELOG.md has the version of the package', () => {
  expect(read('CHANGELOG.md')).toContain(`## [${packageJson.version}]`);
});
