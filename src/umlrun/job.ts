/** The job for the init of the guest: preparations and the command, as strings that each end in a NUL (init/job.c). */
import type { userNetwork } from '../config/networks/user.ts';
import type { Size } from '../console/pty.ts';

/** A descriptor of the command: the terminal, a pipe, or nothing (/dev/null). */
export type Stream = 'terminal' | 'pipe' | 'null';

export interface Job {
  /** What is mounted as the root file system. */
  readonly root:
    | { readonly from: 'image'; readonly type: string; readonly device: string }
    /** `overlay`: file in the guest's first root with the kernel's module for writable layers, if there is one. */
    | { readonly from: 'directory'; readonly jailPath: string; readonly overlay: string | undefined };
  /** Of its interface, if it has one. */
  readonly network?: typeof userNetwork;
  readonly shares: readonly {
    readonly jailPath: string;
    readonly guestPath: string;
    readonly writable: boolean;
  }[];
  readonly streams: readonly [Stream, Stream, Stream];
  readonly size: Size;
  readonly directory: string;
  readonly environment: readonly Uint8Array[];
  readonly command: readonly Uint8Array[];
}

/** include/uapi/linux/mount.h */
const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const m = (path: string) => `/m${path}`;

type Word = string | Uint8Array;
const mount = (type: string, from: string, to: string, options: string, flags: number): Word[] => [
  'mount',
  ...[type, from, to, options],
  String(flags),
];

export function encodeJob(job: Job): Buffer {
  const words: Word[] = [
    ...rootWords(job.root),
    ...mount('proc', 'proc', m('/proc'), '', 0),
    ...mount('sysfs', 'sysfs', m('/sys'), '', 0),
    ...mount('devtmpfs', 'devtmpfs', m('/dev'), '', 0),
    ...mount('devpts', 'devpts', m('/dev/pts'), 'newinstance,ptmxmode=0666,mode=620,gid=5', 0),
    ...mount('tmpfs', 'tmpfs', m('/dev/shm'), 'mode=1777', MS_NOSUID | MS_NODEV),
    ...memoryWords(job.root),
    ...job.shares.flatMap(({ jailPath, guestPath, writable }) =>
      mount('hostfs', 'hostfs', m(guestPath), jailPath, writable ? 0 : MS_RDONLY),
    ),
    ...(job.network ? networkWords(job.network) : []),
    ...(job.shares.some(({ writable }) => writable) ? ['sync'] : []),
    ...['hostname', 'umlrun'],
    ...(job.streams.includes('terminal')
      ? ['terminal', String(job.size.rows), String(job.size.columns)]
      : []),
    ...['streams', job.streams.map((stream) => stream[0]).join('')],
    ...['directory', job.directory],
    ...job.environment.flatMap((variable) => ['env', variable]),
    ...job.command.flatMap((word) => ['arg', word]),
  ];
  return Buffer.concat(words.flatMap((word) => [Buffer.from(word), Buffer.of(0)]));
}

function networkWords({ guest, mask, gateway, resolver }: typeof userNetwork): Word[] {
  return ['network', guest, mask, gateway, 'file', m('/etc/resolv.conf'), `nameserver ${resolver}\n`];
}

function rootWords(root: Job['root']): Word[] {
  if (root.from === 'image') return mount(root.type, root.device, '/m', '', 0);
  const { jailPath, overlay } = root;
  // Without the module the root stays read-only, and files are written to memory.
  if (overlay === undefined) return mount('hostfs', 'hostfs', '/m', jailPath, MS_RDONLY);
  return [
    ...['module', overlay],
    ...mount('hostfs', 'hostfs', '/lower', jailPath, MS_RDONLY),
    ...mount('tmpfs', 'tmpfs', '/upper', 'mode=755', 0),
    ...['mkdir', '/upper/files', 'mkdir', '/upper/work'],
    ...mount('overlay', 'overlay', '/m', 'lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work', 0),
  ];
}

function memoryWords(root: Job['root']): Word[] {
  const run = mount('tmpfs', 'tmpfs', m('/run'), 'mode=755', MS_NOSUID | MS_NODEV);
  if (root.from === 'image') return run;
  const tmp = mount('tmpfs', 'tmpfs', m('/tmp'), 'mode=1777', MS_NOSUID | MS_NODEV);
  if (root.overlay !== undefined) return [...run, ...tmp];
  return [...run, ...tmp, ...optional(mount('tmpfs', 'tmpfs', m('/home'), 'mode=755', MS_NOSUID | MS_NODEV))];
}

/** Of a mount that may fail, as where a root has no such directory. */
function optional([verb, ...rest]: Word[]): Word[] {
  return [`?${verb}`, ...rest];
}
