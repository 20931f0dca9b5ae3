import { closeSync, openSync, readSync } from 'node:fs';
import { openTrusted } from '../files/trusted-path.ts';

/** What the kernel reads of a script to find its interpreter (execve(2), BINPRM_BUF_SIZE). */
const headBytes = 256;

/**
 * The path by which a program can safely run with the rights of this process: the one that `openTrusted` finds. It has
 * no links, and no other user can change the file or a directory above it. So the kernel, which resolves the path again,
 * finds the same file. A script cannot run by its descriptor: the interpreter would get a path that ends at exec.
 * The interpreter that a script names is checked in the same way.
 *
 * @returns the path, and of a script that of its interpreter; or as text why it is not trusted
 * @throws NodeJS.ErrnoException where there is no such file
 */
export function trustedProgram(
  program: string,
): { readonly path: string; readonly interpreter?: string } | { readonly distrust: string } {
  const found = openTrusted(program);
  if (typeof found === 'string') return { distrust: found };
  try {
    if (!found.stat.isFile()) return { distrust: `${found.path} is not a regular file` };
    const interpreter = interpreterOf(found.fd);
    if (interpreter === undefined) return { path: found.path };
    const runs = openTrusted(interpreter);
    if (typeof runs === 'string') return { distrust: `${found.path} is run by ${interpreter}: ${runs}` };
    closeSync(runs.fd);
    return { path: found.path, interpreter: runs.path };
  } finally {
    closeSync(found.fd);
  }
}

/** Undefined for what is not a script. */
function interpreterOf(program: number): string | undefined {
  const fd = openSync(`/proc/self/fd/${program}`, 'r');
  try {
    const head = Buffer.alloc(headBytes);
    const text = head.toString('latin1', 0, readSync(fd, head, 0, headBytes, 0));
    return /^#![ \t]*([^ \t\n\0]+)/.exec(text)?.[1];
  } finally {
    closeSync(fd);
  }
}
