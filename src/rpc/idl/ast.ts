/** The content of a `.x` file: the subset of RFC 4506 section 6 and RFC 5531 section 12 described in parse.ts. */

/** A length as written (name of a constant, or digits) and its value. */
export interface Bound {
  readonly text: string;
  readonly value: number;
}

export type PlainKind = 'int' | 'unsigned int' | 'hyper' | 'unsigned hyper' | 'bool' | 'void';

export type Type =
  | { readonly kind: PlainKind }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'string'; readonly bound: Bound }
  | { readonly kind: 'opaque'; readonly bound: Bound; readonly fixed: boolean }
  | { readonly kind: 'array'; readonly of: Type; readonly bound: Bound; readonly fixed: boolean }
  | { readonly kind: 'optional'; readonly of: Type };

/** A declaration with a name, and the comment before it or on its line. */
interface Named {
  readonly name: string;
  readonly comment: string;
}

export interface Field extends Named {
  readonly type: Type;
}

export interface Constant extends Named {
  readonly kind: 'const';
  readonly value: number;
}

export interface Typedef extends Named {
  readonly kind: 'typedef';
  readonly type: Type;
}

export interface EnumMember extends Named {
  readonly value: number;
}

export interface Enum extends Named {
  readonly kind: 'enum';
  readonly members: readonly EnumMember[];
}

export interface Struct extends Named {
  readonly kind: 'struct';
  readonly fields: readonly Field[];
}

/** `cases` are members of the enum of the discriminant; `default` is resolved to the members without a case. */
export interface Arm {
  readonly cases: readonly EnumMember[];
  /** Null for a void arm. */
  readonly field: Field | null;
}

export interface Union extends Named {
  readonly kind: 'union';
  readonly discriminant: { readonly name: string; readonly of: Enum };
  readonly arms: readonly Arm[];
}

export interface ProcedureDefinition extends Named {
  readonly number: number;
  readonly args: Type;
  readonly result: Type;
}

/** A program with its one version. */
export interface ProgramDefinition extends Named {
  readonly kind: 'program';
  readonly number: number;
  readonly version: { readonly name: string; readonly number: number };
  readonly procedures: readonly ProcedureDefinition[];
}

export type TypeDefinition = Typedef | Enum | Struct | Union;

export interface Specification {
  /** The first comment of the file. */
  readonly banner: string;
  readonly constants: readonly Constant[];
  /** In the order of the file: a type is defined before its use, so no type is recursive. */
  readonly types: readonly TypeDefinition[];
  readonly program: ProgramDefinition;
}
