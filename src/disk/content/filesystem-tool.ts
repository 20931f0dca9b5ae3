/**
 * The one place where a program of others reads the file system of a guest (test/disk/content/tools-are-confined.test.ts). That
 * file system is hostile to it, so it runs in the confinement of confine.ts, as a user of hand-over.ts, always.
 */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { keepDescriptorsPrivate } from '../../system/native/native.ts';
import { findProgram } from '../../system/processes/find-program.ts';
import { keepMemoryFromCores, ownLimits } from '../../system/processes/host-limits.ts';
import { systemPath } from '../../system/processes/system-path.ts';
import { type ImageName, nameText } from '../names/image-name.ts';
import { confine, type Launcher } from './confine.ts';
import type { HandedImage } from './hand-over.ts';

export type FilesystemTool = 'mke2fs' | 'e2fsck' | 'resize2fs';

export interface ToolOptions {
  /** Kills it, and all that it has started. */
  readonly signal?: AbortSignal | undefined;
  /** After which it is killed; if left out, what the limits give an image of its size. */
  readonly timeMs?: number;
}

export interface ToolResult {
  /** Exit status. */
  readonly status: number;
  /** Its output, standard output and standard error. */
  readonly words: string;
}

/** Path of the image for the tool, as its own descriptor: no user can replace it by another file. */
export const toolImage = '/proc/self/fd/3';

/**
 * Runs a tool of e2fsprogs on an image, confined.
 *
 * @throws UmlmonError HOST_PROGRAM_MISSING; HOST_COMMAND if it cannot be confined, was killed, or took too long; the
 *   reason of `signal`
 */
export async function runTool(
  name: FilesystemTool,
  args: readonly string[],
  image: HandedImage,
  { signal, timeMs = timeFor(image.size) }: ToolOptions = {},
): Promise<ToolResult> {
  const run = async (launcher: Launcher) => {
    const confined = await confinementOf(name, image, launcher, timeMs);
    signal?.throwIfAborted();
    return runConfined(name, [...confined, findTool(name), ...args], image, timeMs, signal);
  };
  let result = await run('user-namespace');
  // Root does what others may not only where they may not.
  if (notConfined.test(result.words) && image.user) result = await run('root');
  if (notConfined.test(result.words)) throw confinementError(name, result.words);
  return result;
}

/** Milliseconds that a tool may take, by the bytes of its image. */
function timeFor(size: number): number {
  return diskLimits.checkTime + Math.floor(size / diskLimits.toolPace) * 1000;
}

function runConfined(
  name: FilesystemTool,
  [program = '', ...rest]: readonly string[],
  image: HandedImage,
  timeMs: number,
  signal: AbortSignal | undefined,
): Promise<ToolResult> {
  keepDescriptorsPrivate();
  keepMemoryFromCores();
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe', image.handle.fd],
      env: { PATH: systemPath, LC_ALL: 'C' },
      cwd: '/',
      // The end of bubblewrap is the end of its process namespace.
      killSignal: 'SIGKILL',
      ...(signal ? { signal } : {}),
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, timeMs);
    const pieces: Buffer[] = [];
    let kept = 0;
    const keep = (bytes: Buffer) => {
      const piece = bytes.subarray(0, diskLimits.toolBytes - kept);
      kept += piece.length;
      if (piece.length > 0) pieces.push(piece);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    // Reject only after the tool has exited: the caller may reuse the image at once.
    child.on('error', (error) => {
      if (child.pid !== undefined) return;
      clearTimeout(timer);
      reject(commandError(name, error.message));
    });
    child.on('close', (status, killer) => {
      clearTimeout(timer);
      const words = Buffer.concat(pieces).toString('utf8');
      if (signal?.aborted) reject(signal.reason);
      else if (isLate && status === null)
        reject(commandError(name, `it did not finish within ${timeMs / 1000} seconds`));
      else if (status === null) reject(commandError(name, `it was killed by ${killer}`));
      else resolve({ status, words });
    });
  });
}

/** The output of a program that failed to set up its part of the confinement: the tool itself has printed nothing. */
const notConfined = /^(?:bwrap|setpriv|choom|prlimit): /;

async function confinementOf(
  name: FilesystemTool,
  { user, size }: HandedImage,
  launcher: Launcher,
  timeMs: number,
): Promise<string[]> {
  const find = (program: string, from = 'util-linux') => findProgram(program, from, systemPath);
  const present = await tasksOf(user?.uid ?? process.geteuid?.() ?? 0);
  return confine({
    programs: {
      bwrap: find('bwrap', 'bubblewrap'),
      setpriv: find('setpriv'),
      choom: find('choom'),
      prlimit: find('prlimit'),
    },
    launcher,
    user,
    // It creates new file systems as the administrator configured, and reads no other file for that.
    files: name === 'mke2fs' ? ['/etc/mke2fs.conf'] : [],
    limits: {
      memory: diskLimits.toolMemoryBytes + Math.ceil(size / diskLimits.toolMemoryPart),
      fileSize: size,
      cpuTime: Math.ceil(timeMs / 1000),
      processes: present + diskLimits.toolProcesses,
    },
    hostLimits: ownLimits(),
  });
}

/** How many processes and threads a user has, as RLIMIT_NPROC counts them. */
async function tasksOf(uid: number): Promise<number> {
  const processes = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const tasks = await Promise.all(
    processes.map(async (pid) => {
      // A directory for each thread, and two links of its own. Gone meanwhile: none.
      const threads = await stat(`/proc/${pid}/task`).catch(() => undefined);
      return threads?.uid === uid ? threads.nlink - 2 : 0;
    }),
  );
  return tasks.reduce((sum, one) => sum + one, 0);
}

/** Not from PATH: tools run on behalf of root. */
function findTool(name: FilesystemTool): string {
  return findProgram(name, 'e2fsprogs', systemPath);
}

function commandError(name: string, cause: string, hint = ''): UmlmonError {
  return new UmlmonError('HOST_COMMAND', { place: name, cause, hint });
}

function confinementError(name: string, words: string): UmlmonError {
  const hint = 'bubblewrap must be able to create namespaces, as for VMs: umladmin doctor';
  return commandError(
    name,
    `it was not run, because it cannot be confined: ${toolLines(words)[0] ?? ''}`,
    hint,
  );
}

/** Output of a tool as lines for users: bounded, without control characters and without names of our descriptors. */
export function toolLines(words: string): string[] {
  const lines = words
    .replaceAll(toolImage, 'image')
    .split('\n')
    .map((line) => line.replace(/[\x00-\x1f\x7f]/g, '').trimEnd())
    .map((line) => line.replace(/^\/s?bin\/\w+: /, ''))
    .filter((line) => line !== '' && !/^(?:mke2fs|e2fsck|resize2fs) \d/.test(line));
  const most = diskLimits.toolReportLines;
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most / 2), '…', ...lines.slice(-most / 2)];
}

/** A result of a tool in one line. */
export function toolMessage(name: FilesystemTool, { status, words }: ToolResult): string {
  return `${name} exited with status ${status}: ${toolLines(words).join('; ')}`;
}

/**
 * Refuses a file system that is not clean after a tool has created or changed it. The tools of e2fsprogs do not report
 * all failed writes.
 *
 * @throws UmlmonError HOST_COMMAND
 */
export async function requireSound(
  image: ImageName,
  target: HandedImage,
  signal?: AbortSignal,
): Promise<void> {
  const check = await runTool('e2fsck', ['-f', '-n', toolImage], target, { signal });
  if (check.status === 0) return;
  const cause = `the new file system is damaged: ${toolMessage('e2fsck', check)}`;
  throw new UmlmonError('HOST_COMMAND', {
    place: nameText(image),
    cause,
    hint: 'free some space on the host (the image is unchanged)',
  });
}
