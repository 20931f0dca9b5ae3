/** The reason of a panic, from the lines of con0. Pure. The lines come from a guest: they may contain anything. */

export interface PanicLines {
  /** The line that names the cause: one above the panic where the kernel printed one, else the text of the panic. */
  readonly reason: string;
  /** The lines before the call trace, with that of the panic as the last; `reason` is among them. */
  readonly lines: readonly string[];
}

/** What the kernel puts before the text of a panic (kernel/panic.c). */
export const panicMark = 'Kernel panic - not syncing: ';

/** Lines that are kept before that of the panic. */
const linesBefore = 10;
/** Lines before the panic in which its cause is looked for: the lists of partitions and file systems lie between. */
const linesSearched = 120;

/** `[    1.234567] ` or `<3>[    1.234567] `, if the kernel prints times. */
const printkPrefix = /^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? /;

/** Registers, stack and calls, which come before the text of some panics and after that of others. */
const traceLines: readonly RegExp[] = [
  /^\s*\[?<[0-9a-f]{8,16}>\]?/,
  /^\s*(?:Call Trace:|Stack:|Modules linked in:|Pid: |Code: |CPU: \d+|RIP: |RSP: |R[A-D]X: |R[0-9]+: |EIP: |<\/?TASK>|Hardware name:)/,
  /^\s*(?:[0-9a-f]{8,16}\s+){2,}[0-9a-f]{8,16}\s*$/,
  /^---\[ end (?:Kernel panic|trace)/,
];

/**
 * Lines that name a cause, those of the first pattern before those of the next. A root file system that is damaged makes
 * the kernel both why it does not mount it, and that it has none.
 */
const causes: readonly RegExp[] = [
  /^(?:EXT[234]-fs|XFS|BTRFS|SQUASHFS|erofs|F2FS-fs|FAT-fs|ISOFS|JFS|hostfs)\b.*(?:error|bad|exceed|can(?:'|no)t|unable|fail|corrupt|invalid|not |no |unsupported|unrecognized|unknown|smaller|larger|past|mismatch|missing)/i,
  /error while loading shared libraries|symbol lookup error|version `[^']*' not found/,
  /^(?:Failed to execute |Starting init: |Couldn't open |request_module: )/,
  /^VFS: (?:Cannot open root device|Unable to mount root|Mount of root filesystem failed)/,
  /^(?:Kernel mode (?:fault|signal)|BUG: |Kernel BUG|kernel BUG|Unable to handle kernel|Out of memory|Kernel tried to access)/,
];

/** The last panic among the lines; undefined without a panic. */
export function panicLines(output: readonly string[]): PanicLines | undefined {
  const at = output.findLastIndex((line) => line.includes(panicMark));
  const panic = output[at];
  if (panic === undefined) return undefined;
  const before = output.slice(Math.max(0, at - linesSearched), at).filter((line) => !isTrace(line));
  const cause = causeIn(before);
  const near = before.slice(-linesBefore);
  const lines = [...(cause === undefined || near.includes(cause) ? [] : [cause]), ...near, panic];
  return { reason: bare(cause ?? panic.slice(panic.indexOf(panicMark) + panicMark.length)), lines };
}

function causeIn(lines: readonly string[]): string | undefined {
  for (const pattern of causes) {
    const found = lines.findLast((line) => pattern.test(bare(line)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function isTrace(line: string): boolean {
  return traceLines.some((pattern) => pattern.test(bare(line)));
}

function bare(line: string): string {
  return line.replace(printkPrefix, '').trimEnd();
}
