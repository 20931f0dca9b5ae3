/** Pure. */
import type { Enum, ProgramDefinition } from './ast.ts';

/** vm_info → VmInfo */
export function pascalCase(name: string): string {
  return name
    .toLowerCase()
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/** state_since → stateSince */
export function camelCase(name: string): string {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** The names of the members of an enum, in order, without their common prefix: VM_STOPPED, VM_RUNNING → stopped, running. */
export function enumWords({ members }: Enum): string[] {
  const names = members.map(({ name }) => name);
  const prefix = commonPrefix(names);
  return names.map((name) => name.slice(prefix.length).toLowerCase().replaceAll('_', '-'));
}

/** The names of the procedures of a program: UMLMON_INFO, UMLMON_CTRL_ALT_DEL → info, ctrlAltDel. */
export function procedureNames({ procedures }: ProgramDefinition): string[] {
  const names = procedures.map(({ name }) => name);
  const prefix = commonPrefix(names);
  return names.map((name) => camelCase(name.slice(prefix.length)));
}

/** The longest common prefix that ends in `_` and leaves a rest of each name. */
function commonPrefix(names: readonly string[]): string {
  const [first = ''] = names;
  if (names.length < 2) return '';
  for (let end = first.lastIndexOf('_'); end > 0; end = first.lastIndexOf('_', end - 1)) {
    const prefix = first.slice(0, end + 1);
    if (names.every((name) => name.startsWith(prefix) && name.length > prefix.length)) return prefix;
  }
  return '';
}
