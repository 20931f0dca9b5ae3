/** The names that make a file of src impure: packages, functions of Node and globals that read or change the world. */

/** Modules of Node that only compute. */
const computingModules: readonly string[] = [
  'node:assert',
  'node:buffer',
  'node:events',
  'node:path',
  'node:querystring',
  'node:string_decoder',
  'node:url',
  'node:util',
];

/** Names that only compute, of modules that also act. */
const computingNames: Readonly<Record<string, readonly string[]>> = {
  'node:net': ['BlockList', 'isIP', 'isIPv4', 'isIPv6'],
  'node:crypto': ['createHash', 'createHmac', 'timingSafeEqual'],
};

/** Globals that act. `process.arch` is not among them: it is a constant of the program. */
const actingGlobals =
  /(?<![\w.$-])(?:Date\.now\b|new Date\(\)|performance\.\w+|set(?:Timeout|Interval|Immediate)\(|queueMicrotask\(|process\.(?!arch\b)\w+|Math\.random\b|fetch\(|console\.(?:debug|error|info|log|warn)\(|Atomics\.wait|crypto\.\w+|__dirname|__filename|import\.meta)/g;

/** Why a file acts by itself; empty if it does not. @param code JavaScript without comments, one space at most */
export function actsOf(code: string): string[] {
  const imported = [...code.matchAll(/\bimport([^;"]*?)(?:from)?"([^"]+)";/g)].flatMap(
    ([, names = '', from = '']) =>
      from.startsWith('.') || computingModules.includes(from) || areComputing(names, from) ? [] : [from],
  );
  const dynamic = [...code.matchAll(/\b(?:import|require)\("([^."][^"]*)"\)/g)].map(([, from = '']) => from);
  const body = code.replace(/\bimport[^;"]*"[^"]+"[^;]*;/g, '');
  return [...new Set([...imported, ...dynamic, ...(body.match(actingGlobals) ?? [])])];
}

function areComputing(clause: string, from: string): boolean {
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]?.split(',') ?? [];
  const allowed = computingNames[from] ?? [];
  return names.length > 0 && names.every((name) => allowed.includes(name.trim().replace(/ as .*/, '')));
}

/** The files that a file imports by a relative path, as they are written. @param code as in actsOf */
export function relativeImports(code: string): string[] {
  return [...code.matchAll(/\b(?:import|export)\b[^;"]*?"(\.[^"]*)"/g)].map(([, target = '']) => target);
}
