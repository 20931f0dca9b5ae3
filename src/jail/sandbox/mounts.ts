/** What the kernel sees of the host. Every mount costs about 0.05 ms of the start, so there are few. */
import { posix } from 'node:path';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { VmLayout } from '../layout.ts';
import { type Bind, type Copy, launcherDirectory, type SandboxPlan, type Tmpfs } from './sandbox.ts';

/** What every kernel needs in its jail. */
export interface KernelContents {
  readonly launcher: SandboxPlan['launcher'];
  /** Host path of the kernel. */
  readonly kernel: string;
  /** Host directory of the kernel's modules, if it has some. */
  readonly modules?: string;
  /** The kernel's loader and libraries; `to` is the path in the jail, in /lib or /lib64. */
  readonly libraries: readonly { readonly from: string; readonly to: string }[];
  /** Which of them are copied, by their host paths. */
  readonly copied?: ReadonlyMap<string, CopiedFile>;
  /** Guest memory in bytes. */
  readonly memory: number;
  /** Root launcher only. */
  readonly launcherFiles?: LauncherFiles;
}

export interface JailContents extends KernelContents {
  readonly layout: VmLayout;
  /** Images of the shared tree that this VM may write. */
  readonly writableShared: readonly WritableImage[];
  /** Whether there are block devices in /disks. */
  readonly devices: boolean;
  /** Whose /dev/net/tun the kernel opens for its taps: the VM's own, or that of the host; undefined: it has no taps. */
  readonly tun: 'own' | 'host' | undefined;
}

export interface WritableImage {
  /** Relative to the shared tree; block devices end in .dev. */
  readonly path: string;
  /** As of Bind. */
  readonly fd?: number;
}

/** A file of the kernel on a file system that is mounted noexec. */
export interface CopiedFile {
  /** As of Copy. */
  readonly fd: number;
  readonly bytes: number;
}

/** Host paths of what the root launcher runs in the jail. */
export interface LauncherFiles {
  readonly setpriv: string;
  readonly setarch: string;
  readonly loader: string;
  readonly libraries: readonly string[];
}

const hostTun = '/dev/net/tun';
export const kernelInJail = '/kernel/linux';
const modulesInJail = '/kernel/modules';

const MIB = 1024 * 1024;
const PAGE = 4096;

/** UML takes a little more than the guest's memory; a full tmpfs would be a SIGBUS and a panic. */
const memoryReserve = 16 * MIB;

/** Bytes of the tmpfs for a guest's memory. */
export function tmpfsBytes(memory: number): number {
  return memory + memoryReserve;
}

/** A tmpfs in which nothing is written. */
export const mountPointsOnly = { size: MIB, mode: 0o755, readOnly: true } as const;

/** Bytes of the tmpfs that these files are copied to. */
export function copiesBytes(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + roundToPage(size), 0);
}

function roundToPage(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

interface Mounts {
  readonly tmpfs: readonly Tmpfs[];
  readonly binds: readonly Bind[];
  readonly copies: readonly Copy[];
}

const readOnly = (from: string, to: string): Bind => ({ from, to, mode: 'ro' });
const writable = (from: string, to: string): Bind => ({ from, to, mode: 'rw' });

/** Memory, kernel and libraries. */
export function kernelMounts(contents: KernelContents): Mounts {
  const { launcher, launcherFiles, modules, copied = new Map() } = contents;
  const kernel = { from: contents.kernel, to: kernelInJail };
  const files = [kernel, ...contents.libraries];
  const bound = ({ from, to }: typeof kernel) => (copied.has(from) ? [] : [readOnly(from, to)]);
  const copies = files.flatMap(({ from, to }) => {
    const file = copied.get(from);
    return file ? [{ from, to, fd: file.fd, bytes: file.bytes }] : [];
  });
  const place = (path: string): Tmpfs => {
    const inside = copies.filter(({ to }) => posix.dirname(to) === path).map(({ bytes }) => bytes);
    return { path, ...mountPointsOnly, size: mountPointsOnly.size + copiesBytes(inside) };
  };
  const libraryDirectories = new Set(contents.libraries.map(({ to }) => posix.dirname(to)));
  // In the user namespace the VM's user owns the tmpfs; in the root launcher root does, and one user is inside.
  const memoryMode = launcher === 'root' ? 0o1777 : 0o700;
  return {
    tmpfs: [
      { path: '/tmp', size: tmpfsBytes(contents.memory), mode: memoryMode, readOnly: false },
      ...['/kernel', ...libraryDirectories].map(place),
      ...(launcherFiles ? [{ path: launcherDirectory, ...mountPointsOnly }] : []),
    ],
    binds: [
      ...bound(kernel),
      ...(modules === undefined ? [] : [{ ...readOnly(modules, modulesInJail), submounts: 'kept' as const }]),
      ...contents.libraries.flatMap(bound),
      ...(launcherFiles
        ? [
            readOnly(launcherFiles.loader, `${launcherDirectory}/loader`),
            readOnly(launcherFiles.setpriv, `${launcherDirectory}/setpriv`),
            readOnly(launcherFiles.setarch, `${launcherDirectory}/setarch`),
            ...launcherFiles.libraries.map((path) =>
              readOnly(path, posix.join(launcherDirectory, posix.basename(path))),
            ),
          ]
        : []),
    ],
    copies: copies.map(({ from, to, fd }) => ({ from, to, fd })),
  };
}

/**
 * The mounts of a plan, tmpfs before binds.
 *
 * @throws UmlmonError JAIL_DIRECTORY if a shared image is outside of the shared tree
 */
export function jailMounts(contents: JailContents): Mounts {
  const { layout } = contents;
  const { tmpfs, binds, copies } = kernelMounts(contents);
  return {
    tmpfs,
    copies,
    binds: [
      ...binds,
      { from: layout.disks, to: '/disks', mode: contents.devices ? 'dev' : 'rw', submounts: 'kept' },
      ...tunBinds(contents.tun, layout),
      { ...readOnly(layout.shared, '/shared'), submounts: 'kept' as const },
      ...contents.writableShared.map(({ path: given, ...descriptor }): Bind => {
        const path = inShared(given);
        return {
          from: posix.join(layout.shared, path),
          to: `/shared/${path}`,
          mode: path.endsWith('.dev') ? 'dev' : 'rw',
          ...descriptor,
        };
      }),
      writable(layout.runUml, '/run/uml'),
      readOnly(layout.runMon, '/run/mon'),
    ],
  };
}

function tunBinds(tun: JailContents['tun'], layout: VmLayout): Bind[] {
  if (tun === undefined) return [];
  const [from, to] =
    tun === 'own' ? [posix.dirname(layout.tunDevice), posix.dirname(hostTun)] : [hostTun, hostTun];
  return [{ from, to, mode: 'dev' }];
}

/** bubblewrap may run as root: no name may lead it to other files of the host. */
function inShared(path: string): string {
  const inside = posix.normalize(path);
  if (path !== '' && !posix.isAbsolute(path) && inside !== '.' && !inside.startsWith('..')) return inside;
  const hint = 'give a path relative to the shared tree';
  throw new UmlmonError('JAIL_DIRECTORY', { place: path, cause: 'is not in the shared tree', hint });
}
