// Prints how the sources keep to their structure, and fails if a figure is not 0: node src/setup/structure.mjs [ROOT]
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Most files of a folder of src or test. */
const folderSize = 20;
/** Most lines of a file of src or test. */
const fileSize = 350;
/** One file has all pointer code (docs/decisions/0004-native-layer.md). */
const isNative = (path) => path === 'src/system/native/native.ts';
const isGenerated = (path) => path.endsWith('.gen.ts');

/**
 * Files of TypeScript as `{ path, text }` → what each rule finds.
 * @param paths all files, of any kind, below src and test
 */
export function findings(files, paths) {
  const sources = files.filter(({ path }) => path.startsWith('src/'));
  return {
    circles: circles(sources),
    'doubled exported names': doubledNames(sources.filter(({ path }) => !isGenerated(path))),
    [`folders over ${folderSize} files`]: largeFolders(paths),
    [`files over ${fileSize} lines`]: files
      .filter(({ path }) => !isNative(path) && !isGenerated(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > fileSize)
      .map(({ path, lines }) => `${path}: ${lines}`),
  };
}

/** Groups of files that import each other, by values or by types (Tarjan's strongly connected components). */
function circles(files) {
  const known = new Set(files.map(({ path }) => path));
  const imports = new Map(
    files.map(({ path, text }) => [
      path,
      [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g)]
        .map(([, target]) => normalize(join(dirname(path), target)))
        .filter((target) => known.has(target)),
    ]),
  );
  const order = new Map();
  const lowest = new Map();
  const open = [];
  const found = [];
  const visit = (path) => {
    order.set(path, order.size);
    lowest.set(path, order.get(path));
    open.push(path);
    for (const target of imports.get(path)) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) lowest.set(path, Math.min(lowest.get(path), lowest.get(target)));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const group = open.splice(open.indexOf(path));
    if (group.length > 1) found.push(group.sort().join(' '));
  };
  for (const { path } of files) if (!order.has(path)) visit(path);
  return found;
}

/** Names that two files export: an editor imports the wrong one. */
function doubledNames(files) {
  const places = new Map();
  for (const { path, text } of files)
    for (const name of new Set(exportedNames(text))) places.set(name, [...(places.get(name) ?? []), path]);
  return [...places]
    .filter(([, paths]) => paths.length > 1)
    .map(([name, paths]) => `${name}: ${paths.join(' ')}`);
}

function exportedNames(text) {
  const declared =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm;
  return [...text.matchAll(declared)].map(([, name]) => name);
}

function largeFolders(paths) {
  const sizes = new Map();
  for (const path of paths) sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
  return [...sizes].filter(([, size]) => size > folderSize).map(([folder, size]) => `${folder}: ${size}`);
}

function read(root) {
  const paths = ['src', 'test'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => normalize(join(room, entry.parentPath.slice(join(root, room).length), entry.name))),
  );
  const files = paths
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  return { files, paths };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = process.argv[2] ?? normalize(join(dirname(new URL(import.meta.url).pathname), '../..'));
  const { files, paths } = read(root);
  const found = Object.entries(findings(files, paths));
  for (const [rule, places] of found) for (const place of places) console.error(`${rule}: ${place}`);
  console.log(found.map(([rule, places]) => `${rule} ${places.length}`).join(', '));
  if (found.some(([, places]) => places.length > 0)) process.exitCode = 1;
}
