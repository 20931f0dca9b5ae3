import { readFileSync } from 'node:fs';

/** Numbers of users or groups that this process can use (user_namespaces(7)): first ones and counts. */
export type IdMap = readonly { readonly first: number; readonly count: number }[];

/** From the text of /proc/self/uid_map or gid_map. */
export function parseIdMap(text: string): IdMap {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([first, , count]) => (first === undefined || count === undefined ? [] : [{ first, count }]));
}

/** Of this process. Empty if /proc is missing: then every number may be mapped. */
function ownIdMap(kind: 'uid' | 'gid'): IdMap {
  try {
    return parseIdMap(readFileSync(`/proc/self/${kind}_map`, 'latin1'));
  } catch {
    // Without /proc, the system call that uses the number fails instead.
    return [];
  }
}

/** Why a user namespace has no such number, or undefined if it has. */
export function whyUnmapped(kind: 'uid' | 'gid', id: number, map = ownIdMap(kind)): string | undefined {
  if (map.length === 0 || map.some(({ first, count }) => id >= first && id < first + count)) return undefined;
  const ranges = map.map(({ first, count }) =>
    count === 1 ? `${first}` : `${first} to ${first + count - 1}`,
  );
  return `the user namespace of this process does not map ${kind} ${id}; it maps ${ranges.join(', ')}`;
}
