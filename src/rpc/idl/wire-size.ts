/** Pure. */
import type { Specification, Type, TypeDefinition } from './ast.ts';

/** Smallest and largest XDR of a type, in bytes. */
export interface WireSize {
  readonly min: number;
  readonly max: number;
}

/** The size of every type that `specification` names, by name. */
export function measureTypes(specification: Specification): ReadonlyMap<string, WireSize> {
  const sizes = new Map<string, WireSize>();
  for (const type of specification.types) sizes.set(type.name, sizeOfDefinition(type, sizes));
  return sizes;
}

/** The size of a type whose named parts are in `sizes`. */
export function sizeOf(type: Type, sizes: ReadonlyMap<string, WireSize>): WireSize {
  switch (type.kind) {
    case 'void':
      return { min: 0, max: 0 };
    case 'int':
    case 'unsigned int':
    case 'bool':
      return { min: 4, max: 4 };
    case 'hyper':
    case 'unsigned hyper':
      return { min: 8, max: 8 };
    case 'string':
      return { min: 4, max: 4 + padded(type.bound.value) };
    case 'opaque': {
      const bytes = padded(type.bound.value);
      return type.fixed ? { min: bytes, max: bytes } : { min: 4, max: 4 + bytes };
    }
    case 'array': {
      const element = sizeOf(type.of, sizes);
      const { value } = type.bound;
      if (type.fixed) return { min: value * element.min, max: value * element.max };
      return { min: 4, max: 4 + value * element.max };
    }
    case 'optional':
      return { min: 4, max: 4 + sizeOf(type.of, sizes).max };
    case 'named': {
      const size = sizes.get(type.name);
      if (!size) throw new RangeError(`type ${type.name} is not measured yet`);
      return size;
    }
  }
}

function sizeOfDefinition(definition: TypeDefinition, sizes: ReadonlyMap<string, WireSize>): WireSize {
  switch (definition.kind) {
    case 'typedef':
      return sizeOf(definition.type, sizes);
    case 'enum':
      return { min: 4, max: 4 };
    case 'struct':
      return definition.fields
        .map(({ type }) => sizeOf(type, sizes))
        .reduce((sum, { min, max }) => ({ min: sum.min + min, max: sum.max + max }));
    case 'union': {
      const arms = definition.arms.map(({ field }) => sizeOf(field?.type ?? { kind: 'void' }, sizes));
      return {
        min: 4 + Math.min(...arms.map(({ min }) => min)),
        max: 4 + Math.max(...arms.map(({ max }) => max)),
      };
    }
  }
}

function padded(length: number): number {
  return 4 * Math.ceil(length / 4);
}
