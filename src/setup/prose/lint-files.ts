import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { TextlintKernel } from '@textlint/kernel';
import * as markdownModule from '@textlint/textlint-plugin-markdown';
import type { TextlintPluginCreator } from '@textlint/types';
import { cProse, htmlProse, shellProse } from './other-prose.ts';
import { type ProseBlock, treeOf } from './prose-blocks.ts';
import { sentenceLengthRule, terminologyRule } from './prose-rules.ts';
import { typescriptProse } from './typescript-prose.ts';

/** A place in a file whose text breaks a rule of the project's language. */
export interface ProseFinding {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly rule: string;
  readonly message: string;
}

const blocksOf: Readonly<Record<string, (file: string, path: string) => ProseBlock[]>> = {
  '.ts': (file, path) => typescriptProse(file, /^test\//.test(path) ? 'titles' : 'all'),
  '.mjs': (file) => typescriptProse(file, 'all', false),
  '.c': cProse,
  '.h': cProse,
  '.x': cProse,
  '.sh': shellProse,
  '.ini': shellProse,
  '.html': htmlProse,
};

/** Finds prose in files of the project that are not Markdown. */
const sources: TextlintPluginCreator = {
  Processor: class {
    availableExtensions(): string[] {
      return Object.keys(blocksOf);
    }
    processor(extension: string) {
      return {
        preProcess: (text: string, path = '') => treeOf(text, blocksOf[extension]?.(text, path) ?? []),
        postProcess: (messages: never[], filePath = '') => ({ messages, filePath }),
      };
    }
  },
};

/** A CommonJS module: how far its default export is wrapped depends on who loads it. */
const markdown = unwrapped(markdownModule);

function unwrapped(module: object): TextlintPluginCreator {
  return 'Processor' in module
    ? (module as TextlintPluginCreator)
    : unwrapped((module as { default: object }).default);
}

const plugins = [
  { pluginId: 'markdown', plugin: markdown },
  { pluginId: 'sources', plugin: sources },
];
const rules = [
  { ruleId: 'term', rule: terminologyRule },
  { ruleId: 'sentence', rule: sentenceLengthRule },
];

/** Whether a file has prose that can be linted. */
export function hasProse(path: string): boolean {
  return extname(path) === '.md' || extname(path) in blocksOf;
}

/** What breaks the rules in a text, as if it were in the file of that path. */
export async function lintText(path: string, text: string): Promise<ProseFinding[]> {
  const ext = extname(path);
  const { messages } = await kernel.lintText(ext === '.md' ? definitionsAsLists(text) : text, {
    ext,
    filePath: path,
    plugins,
    rules,
  });
  return messages.map(({ line, column, ruleId, message }) => ({ path, line, column, rule: ruleId, message }));
}

const kernel = new TextlintKernel();

/** What breaks the rules in files; their paths are relative to the working directory. */
export async function lintFiles(paths: readonly string[]): Promise<ProseFinding[]> {
  const findings: ProseFinding[] = [];
  for (const path of paths) findings.push(...(await lintText(path, readFileSync(path, 'utf8'))));
  return findings;
}

/** Markdown of textlint has no definition lists, which manual pages have: to it they are lists. */
function definitionsAsLists(page: string): string {
  return page.replace(/^:(?= {1,3}\S)/gm, '-');
}
