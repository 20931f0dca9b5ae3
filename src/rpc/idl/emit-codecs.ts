/** Pure. */
import type { Enum, Type, TypeDefinition } from './ast.ts';
import { camelCase, enumWords, pascalCase } from './names.ts';
import { sizeOf, type WireSize } from './wire-size.ts';

/** The TypeScript, the codec in xdr.ts, and the method of XdrWriter and XdrReader for each plain type. */
export const plainTypes = {
  int: { text: 'number', codec: 'intCodec', method: 'int' },
  'unsigned int': { text: 'number', codec: 'uintCodec', method: 'uint' },
  hyper: { text: 'number', codec: 'hyperCodec', method: 'hyper' },
  'unsigned hyper': { text: 'number', codec: 'uhyperCodec', method: 'uhyper' },
  bool: { text: 'boolean', codec: 'boolCodec', method: 'bool' },
  void: { text: 'void', codec: 'voidCodec', method: '' },
} as const;

/** The codec of a type as a TypeScript declaration; `sizes` has the sizes of the types that it uses. */
export function codecText(type: TypeDefinition, sizes: ReadonlyMap<string, WireSize>): string {
  const head = `export const ${codecName(type.name)}: Codec<${pascalCase(type.name)}> = {`;
  switch (type.kind) {
    case 'typedef':
      return lines(head, [
        `encode: (w, v) => ${encode(type.type, 'v')},`,
        `decode: (r) => ${decode(type.type, sizes)},`,
      ]);
    case 'enum': {
      const words = enumWords(type);
      const name = pascalCase(type.name);
      const numbers = `${camelCase(type.name)}Numbers`;
      return [
        `const ${numbers}: Readonly<Record<${name}, number>> = {`,
        ...type.members.map(({ value }, i) => `  '${words[i]}': ${value},`),
        '};',
        lines(head, [
          `encode: (w, v) => w.int(${numbers}[v]),`,
          'decode: (r) => {',
          '  const value = r.int();',
          '  switch (value) {',
          ...type.members.map(({ value }, i) => `    case ${value}: return '${words[i]}';`),
          `    default: throw new XdrError(\`\${value} is no ${type.name}\`);`,
          '  }',
          '},',
        ]),
      ].join('\n');
    }
    case 'struct':
      return lines(head, [
        'encode: (w, v) => {',
        ...type.fields.map((field) => `  ${encode(field.type, `v.${camelCase(field.name)}`)};`),
        '},',
        'decode: (r) => ({',
        ...type.fields.map((field) => `  ${camelCase(field.name)}: ${decode(field.type, sizes)},`),
        '}),',
      ]);
    case 'union': {
      const tag = camelCase(type.discriminant.name);
      const enumCodec = codecName(type.discriminant.of.name);
      const arms = type.arms.map(({ cases, field }) => ({
        labels: enumValueNames(
          type.discriminant.of,
          cases.map((one) => one.name),
        )
          .map((word) => `case '${word}':`)
          .join(' '),
        field,
      }));
      return lines(head, [
        'encode: (w, v) => {',
        `  ${enumCodec}.encode(w, v.${tag});`,
        `  switch (v.${tag}) {`,
        ...arms.map(
          ({ labels, field }) =>
            `    ${labels} ${field ? `${encode(field.type, `v.${camelCase(field.name)}`)}; ` : ''}break;`,
        ),
        '  }',
        '},',
        'decode: (r) => {',
        `  const ${tag} = ${enumCodec}.decode(r);`,
        `  switch (${tag}) {`,
        ...arms.map(
          ({ labels, field }) =>
            `    ${labels} return { ${tag}${field ? `, ${camelCase(field.name)}: ${decode(field.type, sizes)}` : ''} };`,
        ),
        '  }',
        '},',
      ]);
    }
  }
}

/** A call that writes `value`, with the writer `w`. */
function encode(type: Type, value: string): string {
  switch (type.kind) {
    case 'string':
      return `w.string(${value}, ${type.bound.text})`;
    case 'opaque':
      return `w.${type.fixed ? 'fixedOpaque' : 'opaque'}(${value}, ${type.bound.text})`;
    case 'array':
      return `w.${type.fixed ? 'fixedArray' : 'array'}(${value}, ${type.bound.text}, ${codecOf(type.of)})`;
    case 'optional':
      return `w.optional(${value}, ${codecOf(type.of)})`;
    case 'named':
      return `${codecName(type.name)}.encode(w, ${value})`;
    default:
      return `w.${plainTypes[type.kind].method}(${value})`;
  }
}

/** A call that reads a value from the reader `r`. */
function decode(type: Type, sizes: ReadonlyMap<string, WireSize>): string {
  switch (type.kind) {
    case 'string':
      return `r.string(${type.bound.text})`;
    case 'opaque':
      return `r.${type.fixed ? 'fixedOpaque' : 'opaque'}(${type.bound.text})`;
    case 'array': {
      const codec = codecOf(type.of);
      if (type.fixed) return `r.fixedArray(${type.bound.text}, ${codec})`;
      return `r.array(${type.bound.text}, ${sizeOf(type.of, sizes).min}, ${codec})`;
    }
    case 'optional':
      return `r.optional(${codecOf(type.of)})`;
    case 'named':
      return `${codecName(type.name)}.decode(r)`;
    default:
      return `r.${plainTypes[type.kind].method}()`;
  }
}

/** The codec of what an array, an optional or a procedure holds: the grammar allows plain and named types there. */
export function codecOf(type: Type): string {
  if (type.kind === 'named') return codecName(type.name);
  if (type.kind in plainTypes) return plainTypes[type.kind as keyof typeof plainTypes].codec;
  throw new RangeError(`no codec for ${type.kind}`);
}

function codecName(name: string): string {
  return `${camelCase(name)}Codec`;
}

/** The TypeScript names of members of an enum, from their names in the `.x` file. */
export function enumValueNames(of: Enum, names: readonly string[]): string[] {
  const words = enumWords(of);
  return of.members.flatMap(({ name }, i) => (names.includes(name) ? [words[i] ?? name] : []));
}

function lines(head: string, inner: readonly string[]): string {
  return [head, ...inner.map((text) => `  ${text}`), '};'].join('\n');
}
