/** Pure. */
import type {
  Arm,
  Bound,
  Constant,
  Enum,
  EnumMember,
  Field,
  PlainKind,
  ProcedureDefinition,
  ProgramDefinition,
  Specification,
  Type,
  TypeDefinition,
} from './ast.ts';
import { TokenReader } from './token-reader.ts';

const plainKinds: ReadonlySet<string> = new Set<PlainKind>(['int', 'hyper', 'bool', 'void']);

/**
 * Parses a `.x` file: RFC 4506 section 6 with the program of RFC 5531 section 12. The protocols of umlmon do not
 * need everything. Unsupported are floating point, unnamed types, unbounded lengths, unions over types other than enums,
 * and several programs or versions. A type must be defined before its use, so no type is recursive and nesting is bounded.
 * A comment belongs to the next declaration, or to the one on its line. Throws IdlError.
 */
export function parseIdl(source: string): Specification {
  return new IdlParser(source).specification();
}

class IdlParser {
  readonly #in: TokenReader;
  readonly #constants = new Map<string, number>();
  readonly #types = new Map<string, TypeDefinition>();
  readonly #names = new Set<string>();

  constructor(source: string) {
    this.#in = new TokenReader(source);
  }

  specification(): Specification {
    const banner = this.#in.takeBanner();
    const constants: Constant[] = [];
    let program: ProgramDefinition | null = null;
    while (!this.#in.atEnd()) {
      const { line } = this.#in.peek();
      if (program) this.#in.fail(`nothing may follow program ${program.name}`, line);
      const definition = this.#definition();
      if (definition.kind === 'const') constants.push(definition);
      else if (definition.kind === 'program') program = definition;
      else this.#types.set(definition.name, definition);
    }
    if (!program) return this.#in.fail('the file defines no program');
    return { banner, constants, types: [...this.#types.values()], program };
  }

  #definition(): Constant | TypeDefinition | ProgramDefinition {
    const leading = this.#in.takeLeading();
    const keyword = this.#in.word();
    switch (keyword) {
      case 'const':
        return this.#constant(leading);
      case 'typedef': {
        const field = this.#field(leading);
        this.#claim(field.name);
        return { kind: 'typedef', ...field };
      }
      case 'enum':
        return this.#enum(leading);
      case 'struct':
        return this.#struct(leading);
      case 'union':
        return this.#union(leading);
      case 'program':
        return this.#program(leading);
      default:
        return this.#in.fail(`"${keyword}" does not start a definition`);
    }
  }

  #constant(leading: string): Constant {
    const name = this.#newName();
    this.#in.expect('=');
    const value = this.#value().value;
    this.#in.expect(';');
    this.#constants.set(name, value);
    return { kind: 'const', name, value, comment: this.#in.withTrailing(leading) };
  }

  #enum(comment: string): Enum {
    const name = this.#newName();
    const members: EnumMember[] = [];
    this.#in.expect('{');
    do {
      const leading = this.#in.takeLeading();
      const member = this.#newName();
      this.#in.expect('=');
      const { value } = this.#value();
      if (members.some((other) => other.value === value))
        this.#in.fail(`${member} has the value of another member`);
      const more = this.#in.accept(',');
      members.push({ name: member, value, comment: this.#in.withTrailing(leading) });
      this.#constants.set(member, value);
      if (!more) break;
    } while (!this.#in.sees('}'));
    this.#in.expect('}');
    this.#in.expect(';');
    return { kind: 'enum', name, members, comment };
  }

  #struct(comment: string): TypeDefinition {
    const name = this.#newName();
    this.#in.expect('{');
    const fields: Field[] = [];
    while (!this.#in.accept('}')) {
      const field = this.#field(this.#in.takeLeading());
      if (fields.some((other) => other.name === field.name))
        this.#in.fail(`${name} has two fields ${field.name}`);
      fields.push(field);
    }
    this.#in.expect(';');
    if (fields.length === 0) this.#in.fail(`${name} has no field`);
    return { kind: 'struct', name, fields, comment };
  }

  #union(comment: string): TypeDefinition {
    const name = this.#newName();
    this.#in.expect('switch');
    this.#in.expect('(');
    const enumName = this.#in.word();
    const of = this.#types.get(enumName);
    if (of?.kind !== 'enum') return this.#in.fail(`a union needs an enum, but "${enumName}" is not one`);
    const discriminant = { name: this.#in.word(), of };
    this.#in.expect(')');
    this.#in.expect('{');
    const arms: Arm[] = [];
    const open = new Set(of.members);
    while (!this.#in.accept('}')) arms.push(this.#arm(of, open));
    this.#in.expect(';');
    const [missing] = open;
    if (missing) this.#in.fail(`union ${name} has no arm for ${missing.name}`);
    return { kind: 'union', name, discriminant, arms, comment };
  }

  /** One or more `case X:`, or `default:`, with their field; removes its cases from `open`. */
  #arm(of: Enum, open: Set<EnumMember>): Arm {
    const leading = this.#in.takeLeading();
    const cases: EnumMember[] = [];
    if (this.#in.accept('default')) {
      cases.push(...open);
      if (cases.length === 0) this.#in.fail('all cases have an arm, so default is not allowed');
      this.#in.expect(':');
    } else {
      do {
        this.#in.expect('case');
        const name = this.#in.word();
        const member = of.members.find((candidate) => candidate.name === name);
        if (!member) return this.#in.fail(`${name} is not a member of ${of.name}`);
        if (!open.has(member) || cases.includes(member)) this.#in.fail(`${name} has two arms`);
        cases.push(member);
        this.#in.expect(':');
      } while (this.#in.sees('case'));
    }
    for (const member of cases) open.delete(member);
    if (this.#in.accept('void')) {
      this.#in.expect(';');
      this.#in.withTrailing('');
      return { cases, field: null };
    }
    return { cases, field: this.#field(this.#in.joinLeading(leading)) };
  }

  #program(comment: string): ProgramDefinition {
    const name = this.#newName();
    this.#in.expect('{');
    this.#in.expect('version');
    const versionName = this.#newName();
    this.#in.expect('{');
    const procedures: ProcedureDefinition[] = [];
    while (!this.#in.accept('}')) {
      const procedure = this.#procedure();
      if (procedures.some((other) => other.number === procedure.number))
        this.#in.fail(`two procedures have the number ${procedure.number}`);
      procedures.push(procedure);
    }
    const version = { name: versionName, number: this.#assignedNumber() };
    this.#in.expect('}');
    return { kind: 'program', name, version, procedures, number: this.#assignedNumber(), comment };
  }

  #procedure(): ProcedureDefinition {
    const leading = this.#in.takeLeading();
    const result = this.#typeName();
    const name = this.#newName();
    this.#in.expect('(');
    const args = this.#typeName();
    this.#in.expect(')');
    return { name, args, result, number: this.#assignedNumber(), comment: this.#in.withTrailing(leading) };
  }

  /** `= 3;` */
  #assignedNumber(): number {
    this.#in.expect('=');
    const { value } = this.#value();
    this.#in.expect(';');
    if (value < 0) this.#in.fail(`${value} is negative`);
    return value;
  }

  /** A declaration with its `;` and the comment on its line. */
  #field(leading: string): Field {
    const { name, type } = this.#declaration();
    this.#in.expect(';');
    return { name, type, comment: this.#in.withTrailing(leading) };
  }

  #declaration(): { name: string; type: Type } {
    if (this.#in.accept('string')) {
      const name = this.#in.word();
      return { name, type: { kind: 'string', bound: this.#variableBound(name) } };
    }
    if (this.#in.accept('opaque')) {
      const name = this.#in.word();
      const fixed = this.#in.sees('[');
      return {
        name,
        type: { kind: 'opaque', fixed, bound: fixed ? this.#fixedBound() : this.#variableBound(name) },
      };
    }
    const of = this.#typeName();
    if (of.kind === 'void') return this.#in.fail('void is not allowed here');
    if (this.#in.accept('*')) return { name: this.#in.word(), type: { kind: 'optional', of } };
    const name = this.#in.word();
    if (this.#in.sees('['))
      return { name, type: { kind: 'array', of, fixed: true, bound: this.#fixedBound() } };
    if (this.#in.sees('<'))
      return { name, type: { kind: 'array', of, fixed: false, bound: this.#variableBound(name) } };
    return { name, type: of };
  }

  #typeName(): Type {
    const word = this.#in.word();
    if (word === 'unsigned') {
      if (this.#in.accept('hyper')) return { kind: 'unsigned hyper' };
      this.#in.accept('int');
      return { kind: 'unsigned int' };
    }
    if (plainKinds.has(word)) return { kind: word as PlainKind };
    if (!this.#types.has(word)) return this.#in.fail(`type "${word}" is not defined above`);
    return { kind: 'named', name: word };
  }

  #variableBound(name: string): Bound {
    this.#in.expect('<');
    if (this.#in.sees('>')) this.#in.fail(`"${name}" needs a bound`);
    const bound = this.#value();
    this.#in.expect('>');
    return this.#checkBound(bound);
  }

  #fixedBound(): Bound {
    this.#in.expect('[');
    const bound = this.#value();
    this.#in.expect(']');
    return this.#checkBound(bound);
  }

  #checkBound(bound: Bound): Bound {
    if (bound.value < 1) this.#in.fail(`${bound.value} is not a valid length`);
    return bound;
  }

  /** A number, or the name of a constant or enum member. */
  #value(): Bound {
    const { kind, text } = this.#in.take();
    const value = kind === 'number' ? readNumber(text) : this.#constants.get(text);
    if (value === undefined)
      return this.#in.fail(`"${text}" is neither a number nor a constant defined above`);
    if (value < -(2 ** 31) || value >= 2 ** 32) this.#in.fail(`${text} does not fit 32 bits`);
    return { text, value };
  }

  #newName(): string {
    const name = this.#in.word();
    this.#claim(name);
    return name;
  }

  #claim(name: string): void {
    if (this.#names.has(name)) this.#in.fail(`"${name}" is defined twice`);
    this.#names.add(name);
  }
}

/** Decimal, hexadecimal (0x) or octal (leading 0) as in C; NaN never passes, the lexer has checked the digits. */
function readNumber(text: string): number | undefined {
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const octal = /^0[0-9]+$/.test(digits);
  const value = octal ? Number(`0o${digits.slice(1)}`) : Number(digits);
  if (Number.isNaN(value)) return undefined;
  return negative ? -value : value;
}
