/** Pure. */
import type {
  Bound,
  Field,
  ProcedureDefinition,
  ProgramDefinition,
  Specification,
  Type,
  TypeDefinition,
} from './ast.ts';
import { markdownTable } from './markdown.ts';
import { measureTypes, sizeOf, type WireSize } from './wire-size.ts';

type Sizes = ReadonlyMap<string, WireSize>;

/** The paragraphs before the tables of a page. `argsMax` is the size of the largest arguments in bytes. */
export type Introduce = (program: ProgramDefinition, origin: string, argsMax: number) => string[];

/**
 * The reference page of a specification in Markdown, complete enough to write a client in another language.
 *
 * @param origin path of the `.x` file from the root of the project
 */
export function emitPage(specification: Specification, origin: string, introduce: Introduce): string {
  const sizes = measureTypes(specification);
  const { program, constants, types } = specification;
  const argsMax = Math.max(0, ...program.procedures.map(({ args }) => sizeOf(args, sizes).max));
  return `${[
    `<!-- Generated from ${origin} by \`npm run generate\`: change that file or src/rpc/idl, not this page. -->`,
    ...introduce(program, origin, argsMax),
    '## Procedures',
    markdownTable(
      ['number', 'name', 'arguments', 'result'],
      program.procedures.map(({ number, name, args, result }) => [
        String(number),
        `[${name}](#${anchor(name)})`,
        typeLink(args),
        typeLink(result),
      ]),
    ),
    ...program.procedures.map((procedure) => procedureText(procedure, sizes)),
    '## Constants',
    markdownTable(
      ['name', 'value', 'meaning'],
      constants.map(({ name, value, comment }) => [`\`${name}\``, String(value), comment]),
    ),
    '## Types',
    'In the order of definition. "Bytes" is the size of the XDR, smallest to largest, including lengths and padding.',
    ...types.map((type) => definitionText(type, sizes)),
  ].join('\n\n')}\n`;
}

function procedureText({ name, number, args, result, comment }: ProcedureDefinition, sizes: Sizes): string {
  return [
    `### ${name}`,
    ...(comment ? [comment] : []),
    markdownTable(
      ['procedure number', 'arguments', 'bytes', 'result', 'bytes'],
      [
        [
          String(number),
          typeLink(args),
          bytes(sizeOf(args, sizes)),
          typeLink(result),
          bytes(sizeOf(result, sizes)),
        ],
      ],
    ),
  ].join('\n\n');
}

function definitionText(type: TypeDefinition, sizes: Sizes): string {
  const size = sizeOf({ kind: 'named', name: type.name }, sizes);
  return [
    `### ${type.name}`,
    ...(type.comment ? [type.comment] : []),
    ...contents(type, sizes),
    `Bytes: ${bytes(size)}.`,
  ].join('\n\n');
}

function contents(type: TypeDefinition, sizes: Sizes): string[] {
  switch (type.kind) {
    case 'typedef':
      return [`Another name for ${typeLink(type.type)}.`];
    case 'enum':
      return [
        'An enum, sent as int.',
        markdownTable(
          ['value', 'name', 'meaning'],
          type.members.map(({ name, value, comment }) => [String(value), `\`${name}\``, comment]),
        ),
      ];
    case 'struct':
      return ['A struct: these fields, one after the other.', fieldTable(type.fields, sizes)];
    case 'union': {
      const { name, of } = type.discriminant;
      return [
        `A union: \`${name}\` of type ${typeLink({ kind: 'named', name: of.name })}, then`,
        markdownTable(
          [`\`${name}\``, 'what follows', 'type', 'meaning'],
          type.arms.map(({ cases, field }) => [
            cases.map((one) => `\`${one.name}\` (${one.value})`).join(', '),
            field ? `\`${field.name}\`` : 'nothing',
            field ? typeLink(field.type) : '',
            field?.comment ?? '',
          ]),
        ),
      ];
    }
  }
}

function fieldTable(fields: readonly Field[], sizes: Sizes): string {
  return markdownTable(
    ['field', 'type', 'bytes', 'meaning'],
    fields.map(({ name, type, comment }) => [
      `\`${name}\``,
      typeLink(type),
      bytes(sizeOf(type, sizes)),
      comment,
    ]),
  );
}

function typeLink(type: Type): string {
  switch (type.kind) {
    case 'named':
      return `[${type.name}](#${anchor(type.name)})`;
    case 'string':
      return `string, at most ${boundText(type.bound)} bytes of UTF-8`;
    case 'opaque':
      return `opaque, ${type.fixed ? '' : 'at most '}${boundText(type.bound)} bytes`;
    case 'array':
      return `array of ${type.fixed ? '' : 'at most '}${boundText(type.bound)} ${typeLink(type.of)}`;
    case 'optional':
      return `optional ${typeLink(type.of)}`;
    default:
      return type.kind;
  }
}

function boundText({ text, value }: Bound): string {
  return text === String(value) ? text : `${text} (${value})`;
}

function bytes({ min, max }: WireSize): string {
  return min === max ? String(min) : `${min} – ${max}`;
}

/** GitHub's anchor of a heading: lower case, `_` kept. */
function anchor(heading: string): string {
  return heading.toLowerCase();
}
