/** Pure. */
import type { Field, ProgramDefinition, Specification, Type, TypeDefinition } from './ast.ts';
import { codecOf, codecText, enumValueNames, plainTypes } from './emit-codecs.ts';
import { camelCase, enumWords, pascalCase, procedureNames } from './names.ts';
import { measureTypes, sizeOf, type WireSize } from './wire-size.ts';

type Sizes = ReadonlyMap<string, WireSize>;

/**
 * The TypeScript of a specification: constants, types, codecs, and one value that describes the program.
 *
 * @param origin the `.x` file's name, for the head of the file
 */
export function emitTypes(specification: Specification, origin: string): string {
  const sizes = measureTypes(specification);
  const body = [
    ...specification.constants.map(
      ({ name, value, comment }) => `${doc(comment)}export const ${name} = ${value};`,
    ),
    ...specification.types.map(
      (type) => `${doc(type.comment)}${typeText(type)}\n\n${codecText(type, sizes)}`,
    ),
    programText(specification.program, sizes),
  ].join('\n\n');
  return [
    `// Generated from ${origin} by \`npm run generate\`: change that file, not this one.`,
    importText(body),
    '',
    `${body}\n`,
  ].join('\n');
}

/** Imports what `body` uses: an unused import is an error of the compiler. */
function importText(body: string): string {
  const values = ['XdrError', ...Object.values(plainTypes).map(({ codec }) => codec)];
  const used = values.filter((name) => new RegExp(`\\b${name}\\b`).test(body)).sort();
  return `import { type Codec, ${used.join(', ')} } from './codec/xdr.ts';`;
}

function typeText(type: TypeDefinition): string {
  const name = pascalCase(type.name);
  switch (type.kind) {
    case 'typedef':
      return `export type ${name} = ${typeOf(type.type)};`;
    case 'enum': {
      const words = enumWords(type);
      const members = type.members.map(({ comment }, i) => `${doc(comment, '  ')}  | '${words[i]}'`);
      return `export type ${name} =\n${members.join('\n')};`;
    }
    case 'struct':
      return `export interface ${name} {\n${type.fields.map(fieldText).join('\n')}\n}`;
    case 'union': {
      const arms = type.arms.map(({ cases, field }) => {
        const words = enumValueNames(
          type.discriminant.of,
          cases.map((one) => one.name),
        );
        const tag = `readonly ${camelCase(type.discriminant.name)}: ${words.map((word) => `'${word}'`).join(' | ')}`;
        const payload = field ? `; readonly ${camelCase(field.name)}: ${typeOf(field.type)}` : '';
        return `  | { ${tag}${payload} }`;
      });
      return `export type ${name} =\n${arms.join('\n')};`;
    }
  }
}

function fieldText({ name, type, comment }: Field): string {
  return `${doc(comment, '  ')}  readonly ${camelCase(name)}: ${typeOf(type)};`;
}

function typeOf(type: Type): string {
  switch (type.kind) {
    case 'string':
      return 'string';
    case 'opaque':
      return 'Uint8Array';
    case 'named':
      return pascalCase(type.name);
    case 'array':
      return `readonly ${typeOf(type.of)}[]`;
    case 'optional':
      return `${typeOf(type.of)} | null`;
    default:
      return plainTypes[type.kind].text;
  }
}

function programText(program: ProgramDefinition, sizes: Sizes): string {
  const names = procedureNames(program);
  const argsMax = Math.max(0, ...program.procedures.map(({ args }) => sizeOf(args, sizes).max));
  return [
    `${doc(program.comment)}export const ${camelCase(program.name)} = {`,
    `  program: 0x${program.number.toString(16)},`,
    `  version: ${program.version.number},`,
    `  argsBytesMax: ${argsMax},`,
    '  procedures: {',
    ...program.procedures.map(
      ({ number, args, result, comment }, i) =>
        `${doc(comment, '    ')}    ${names[i]}: { number: ${number}, args: ${codecOf(args)}, result: ${codecOf(result)} },`,
    ),
    '  },',
    '} as const;',
  ].join('\n');
}

function doc(comment: string, indent = ''): string {
  if (!comment) return '';
  const rows = comment.split('\n');
  if (rows.length === 1) return `${indent}/** ${comment} */\n`;
  return [`${indent}/**`, ...rows.map((row) => `${indent} * ${row}`.trimEnd()), `${indent} */`, ''].join(
    '\n',
  );
}
