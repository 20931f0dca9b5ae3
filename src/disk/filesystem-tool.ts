import { spawn } from 'node:child_process';
import { UmlmonError } from '../system/errors.ts';
import { findProgram, systemPath } from '../system/find-program.ts';
import { diskLimits } from '../system/limits.ts';
import { type ImageName, nameText } from './image-name.ts';

export type FilesystemTool = 'mke2fs' | 'e2fsck' | 'resize2fs';

export interface ToolTarget {
  /** Of the image, open. The tool opens it once more, through this descriptor. */
  readonly fd: number;
  /** Whose rights are enough to open the image. */
  readonly uid: number;
  readonly gid: number;
  /** Words before the tool that confine it further than to have no privileges. */
  readonly confined?: readonly string[];
  /** Milliseconds after which it is killed; otherwise it may take any time. */
  readonly timeMs?: number;
}

export interface ToolResult {
  /** Exit status. */
  readonly status: number;
  /** What it said, on both of its outputs. */
  readonly words: string;
}

/** Path of the image for the tool, as its own descriptor: nobody can put another file there. */
export const toolImage = '/proc/self/fd/3';

/**
 * Runs a tool of e2fsprogs on an image. A file system that a guest has made is hostile to it, so it has no privileges:
 * it runs as the owner of the image, or for one of root's as root without capabilities; or as it is confined to.
 *
 * @throws UmlmonError HOST_PROGRAM_MISSING, HOST_COMMAND if it was killed; the reason of `signal`, which kills it
 */
export function runTool(
  name: FilesystemTool,
  args: readonly string[],
  { fd, uid, gid, confined, timeMs }: ToolTarget,
  signal?: AbortSignal,
): Promise<ToolResult> {
  const before = confined ?? (process.geteuid?.() === 0 ? withoutPrivileges(uid, gid) : []);
  const [program = '', ...rest] = [...before, findTool(name), ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe', fd],
      env: { PATH: systemPath, LC_ALL: 'C' },
      cwd: '/',
      killSignal: 'SIGKILL',
      ...(timeMs === undefined ? {} : { timeout: timeMs }),
      ...(signal ? { signal } : {}),
    });
    const pieces: Buffer[] = [];
    let kept = 0;
    const keep = (bytes: Buffer) => {
      const piece = bytes.subarray(0, diskLimits.toolBytes - kept);
      kept += piece.length;
      if (piece.length > 0) pieces.push(piece);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    // Whoever is told of an end may use the image: so an abort is told when the tool is gone.
    child.on('error', (error) => {
      if (child.pid === undefined) reject(commandError(name, error.message));
    });
    child.on('close', (status, killer) => {
      const words = Buffer.concat(pieces).toString('utf8');
      if (signal?.aborted) reject(signal.reason);
      else if (status === null) reject(commandError(name, `it was ended by ${killer}`));
      else resolve({ status, words });
    });
  });
}

function withoutPrivileges(uid: number, gid: number): string[] {
  const ids = ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'];
  return [
    findProgram('setpriv', 'util-linux', systemPath),
    ...ids,
    '--no-new-privs',
    '--inh-caps=-all',
    '--bounding-set=-all',
    '--pdeathsig',
    'KILL',
    '--',
  ];
}

/** Not from PATH: tools run on behalf of root. */
function findTool(name: FilesystemTool): string {
  return findProgram(name, 'e2fsprogs', systemPath);
}

function commandError(name: string, cause: string): UmlmonError {
  return new UmlmonError('HOST_COMMAND', { place: name, cause });
}

/** What a tool said, as lines for people: bounded, without control characters and the names of our descriptors. */
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
export function wordsOf(name: FilesystemTool, { status, words }: ToolResult): string {
  return `${name} ended with status ${status}: ${toolLines(words).join('; ')}`;
}

/**
 * Refuses a file system that another tool has just made or changed and that is not clean: the tools of e2fsprogs do not
 * tell of every write that has failed.
 *
 * @throws UmlmonError HOST_COMMAND
 */
export async function requireSound(
  image: ImageName,
  target: ToolTarget,
  signal?: AbortSignal,
): Promise<void> {
  const check = await runTool('e2fsck', ['-f', '-n', toolImage], target, signal);
  if (check.status === 0) return;
  const cause = `the new file system is damaged: ${wordsOf('e2fsck', check)}`;
  throw new UmlmonError('HOST_COMMAND', {
    place: nameText(image),
    cause,
    hint: 'is there space on the host? The image is as it was',
  });
}
