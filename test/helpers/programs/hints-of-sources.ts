import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

const source = join(import.meta.dirname, '../../../src');

type Node = { readonly type: string } & Record<string, unknown>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
const list = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : []);

/** The names of parameters, variables, properties and functions that hold or return a hint. */
const isHint = (name: string) =>
  /^(?:hint|hints|fix|advice|otherwise)$|(?:Hint|Advice)$|^(?:hint|advice)[A-Z]/.test(name);

function* walk(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node))
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) yield* walk(child);
}

const nameOf = (node: unknown): string => {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node.name);
  if (node.type === 'AssignmentPattern') return nameOf(node.left);
  if (node.type === 'MemberExpression') return nameOf(node.property);
  return '';
};

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

/** For each function by its name: which of its parameters is a hint. */
function hintParameters(program: Node): Map<string, number> {
  const found = new Map<string, number>();
  for (const node of walk(program)) {
    const [name, made] =
      node.type === 'VariableDeclarator'
        ? [nameOf(node.id), node.init]
        : [nameOf(node.id ?? node.key), node.value ?? node];
    if (!isNode(made) || !functionTypes.includes(made.type) || name === '') continue;
    const at = list(made.params).findIndex((parameter) => isHint(nameOf(parameter)));
    if (at >= 0) found.set(name, at);
  }
  return found;
}

/** The expressions of a program that become hints. */
function* hintExpressions(program: Node, known: ReadonlyMap<string, number>): Generator<Node> {
  for (const node of walk(program)) {
    if (node.type === 'Property' && isHint(nameOf(node.key)) && isNode(node.value)) yield node.value;
    if (node.type === 'AssignmentPattern' && isHint(nameOf(node.left)) && isNode(node.right))
      yield node.right;
    if (node.type === 'AssignmentExpression' && isHint(nameOf(node.left)) && isNode(node.right))
      yield node.right;
    if (node.type === 'VariableDeclarator' && isHint(nameOf(node.id)) && isNode(node.init)) yield node.init;
    if (node.type === 'FunctionDeclaration' && isHint(nameOf(node.id)))
      for (const inner of walk(node))
        if (inner.type === 'ReturnStatement' && isNode(inner.argument)) yield inner.argument;
    if (node.type === 'CallExpression') {
      const argument = list(node.arguments)[known.get(nameOf(node.callee)) ?? -1];
      if (argument) yield argument;
    }
  }
}

/** The possible texts of an expression; each inserted value is an ellipsis. */
function textsOf(node: Node): string[] {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node.value] : [];
    case 'TemplateLiteral':
      return [
        list(node.quasis)
          .map(({ value }) => (value as { cooked: string }).cooked)
          .join('…'),
      ];
    case 'ConditionalExpression':
      return [node.consequent, node.alternate].flatMap((one) => (isNode(one) ? textsOf(one) : []));
    case 'LogicalExpression':
    case 'BinaryExpression':
      return [node.left, node.right].flatMap((one) => (isNode(one) ? textsOf(one) : []));
    case 'ArrayExpression':
      return list(node.elements).flatMap(textsOf);
    case 'TSAsExpression':
      return isNode(node.expression) ? textsOf(node.expression) : [];
    case 'ArrowFunctionExpression':
      return isNode(node.body) && node.body.type !== 'BlockStatement' ? textsOf(node.body) : [];
    default:
      return [];
  }
}

/** Every hint of the sources, each once, with the files that have it. Pages of the browser and generated files have none. */
export function hintsOfSources(): Map<string, string[]> {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.ts$/.test(file) && !/\.gen\.ts$|^web\/browser\/|^setup\//.test(file),
  );
  const programs = new Map(
    files.map((file) => [
      file,
      parseAst(readFileSync(join(source, file), 'utf8'), { lang: 'ts' }, file) as unknown as Node,
    ]),
  );
  const everywhere = new Map([...programs.values()].flatMap((program) => [...hintParameters(program)]));
  const found = new Map<string, string[]>();
  for (const [file, program] of programs)
    for (const expression of hintExpressions(program, new Map([...everywhere, ...hintParameters(program)])))
      for (const text of textsOf(expression))
        if (text !== '') found.set(text, [...new Set([...(found.get(text) ?? []), file])]);
  return found;
}
