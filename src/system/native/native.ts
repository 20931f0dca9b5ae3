/**
 * System calls that Node does not have, through koffi. Every pointer and every layout of a C structure in umlmon
 * is in this file. koffi is loaded, and each C function declared, at its first use.
 *
 * Structures are built as Buffers in the layout of 64-bit Linux (sockaddr_un, ucred and termios are the same on
 * all of its architectures). Failures throw errors of the same form as those of node:fs: `code` 'EAGAIN', `errno`,
 * `syscall`, and `path` where there is one.
 */
import { constants } from 'node:fs';
import { constants as os } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { type Koffi, koffi } from './koffi.ts';

type Native = (...args: (number | string | Uint8Array)[]) => number;

const prototypes = {
  flock: 'int flock(int, int)',
  fcntl: 'int fcntl(int, int, ...)',
  ioctl: 'int ioctl(int, unsigned long, ...)',
  getsockopt: 'int getsockopt(int, int, int, _Out_ void *, _Inout_ void *)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, const void *, unsigned int)',
  sendto: 'intptr_t sendto(int, const void *, size_t, int, const void *, unsigned int)',
  recvmsg: 'intptr_t recvmsg(int, _Inout_ void *, int)',
  setsockopt: 'int setsockopt(int, int, int, const void *, unsigned int)',
  attach_filter: 'int setsockopt(int, int, int, const sock_fprog *, unsigned int)',
  close: 'int close(int)',
  syscall: 'long syscall(long, long, long, long, long)',
  tcgetattr: 'int tcgetattr(int, _Out_ void *)',
  tcsetattr: 'int tcsetattr(int, int, const void *)',
  cfmakeraw: 'void cfmakeraw(_Inout_ void *)',
  mmap: 'intptr_t mmap(void *, size_t, int, int, int, intptr_t)',
  lseek: 'int64_t lseek(int, int64_t, int)',
  mknod: 'int mknod(const char *, unsigned int, unsigned long)',
  linkat: 'int linkat(int, const char *, int, const char *, int)',
  openat2: 'long syscall(long, int, const void *, const void *, size_t)',
  malloc_trim: 'int malloc_trim(size_t)',
  setrlimit: 'int setrlimit(int, const void *)',
  statfs: 'int statfs(const char *, _Out_ void *)',
  clone_file: 'int ioctl(int, unsigned long, intptr_t)',
  flistxattr: 'intptr_t flistxattr(int, _Out_ void *, size_t)',
  fgetxattr: 'intptr_t fgetxattr(int, const char *, _Out_ void *, size_t)',
  fsetxattr: 'int fsetxattr(int, const char *, const void *, size_t, int)',
  fremovexattr: 'int fremovexattr(int, const char *)',
  fallocate: 'int fallocate(int, int, int64_t, int64_t)',
  inode_flags: 'int ioctl(int, unsigned long, _Out_ void *)',
  copy_file_range: 'intptr_t copy_file_range(int, _Inout_ void *, int, _Inout_ void *, size_t, unsigned int)',
} as const;

// Values of the Linux headers, the same on x86, arm64 and riscv64 (monitors run on x86 only, as UML does).
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const FD_CLOEXEC = 1;
const { O_NONBLOCK, O_RDWR, O_NOCTTY } = constants;
const O_CLOEXEC = 0o2000000;
const LOCK = { shared: 1, exclusive: 2 } as const;
const LOCK_NB = 4;
const LOCK_UN = 8;
const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
/** Bits of RTNLGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE, IPV4_NETCONF and IPV6_NETCONF; NFNLGRP_NFTABLES. */
const CHANGES = {
  route: {
    protocol: NETLINK_ROUTE,
    groups: [1, 5, 7, 9, 11, 24, 25].reduce((bits, group) => bits | (1 << (group - 1)), 0),
  },
  nftables: { protocol: NETLINK_NETFILTER, groups: 1 << (7 - 1) },
} as const;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
const SO_PEERCRED = 17;
const SO_TYPE = 3;
const SO_PEERGROUPS = 59;
const SO_ATTACH_FILTER = 26;
const SOCK_FPROG_BYTES = 16;
const FILTER_INSTRUCTION_BYTES = 8;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
/** Of x86-64, where monitors run; of the generic list it is 242. */
const SYS_accept4 = process.arch === 'x64' ? 288 : 242;
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;
const SYS_pidfd_send_signal = 424;
const SYS_close_range = 436;
const SYS_openat2 = 437;
const OPEN_HOW_BYTES = 24;
/** RESOLVE_NO_MAGICLINKS, NO_SYMLINKS, BENEATH (linux/openat2.h). */
const RESOLVE_STAY = 0x02 | 0x04 | 0x08;
const CLOSE_RANGE_CLOEXEC = 4;
const FD_MAX = 0x7fff_ffff;
const TIOCGPTPEER = 0x5441;
const FIONREAD = 0x541b;
const TCSANOW = 0;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const SEEK = { data: 3, hole: 4 } as const;
const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;
const FICLONE = 0x4004_9409;
const FS_IOC_GETFLAGS = 0x8008_6601;
const FALLOC_FL_KEEP_SIZE = 1;
/** XATTR_LIST_MAX and XATTR_SIZE_MAX (linux/limits.h). */
const XATTR_BYTES_MAX = 65_536;
const AT_FDCWD = -100;
const nul = Buffer.of(0);
const AT_SYMLINK_FOLLOW = 0x400;
const RLIMIT_BYTES = 16;
/** struct statfs of 64-bit Linux, and where its f_flags are. */
const STATFS_BYTES = 120;
const STATFS_FLAGS = 80;
/** ST_RDONLY, ST_NODEV, ST_NOEXEC (statfs(2)). */
const ST = { ro: 1, nodev: 4, noexec: 8 } as const;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** sun_path holds 108 bytes and a path in it ends with a NUL. */
export const SOCKET_PATH_MAX = 107;

let library: ReturnType<Koffi['load']> | undefined;
const declared = new Map<string, Native>();

/** Calls a C function. If its result is -1, koffi().errno() is the reason, until the next call of any function. */
function callRaw(name: keyof typeof prototypes, args: Parameters<Native>): number {
  return nativeOf(name)(...args);
}

function nativeOf(name: keyof typeof prototypes): Native {
  let native = declared.get(name);
  if (!native) {
    library ??= koffi().load(null);
    native = library.func(prototypes[name]) as Native;
    declared.set(name, native);
  }
  return native;
}

function call(name: keyof typeof prototypes, args: Parameters<Native>, path?: string): number {
  const result = callRaw(name, args);
  if (result === -1) throw systemError(koffi().errno(), name, path);
  return result;
}

function systemError(errno: number, syscall: string, path?: string): NodeJS.ErrnoException {
  const [code, words] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, `error ${errno}`];
  const error = new Error(`${code}: ${words}, ${syscall}${path === undefined ? '' : ` '${path}'`}`);
  return Object.assign(error, { code, errno: -errno, syscall, ...(path === undefined ? {} : { path }) });
}

/**
 * flock(2) without waiting; false if another process holds the lock. The lock belongs to the open file:
 * it lasts until all processes have closed their descriptors of it. SIGKILL releases it, too.
 */
export function lock(fd: number, mode: 'exclusive' | 'shared'): boolean {
  if (callRaw('flock', [fd, LOCK[mode] | LOCK_NB]) === 0) return true;
  const errno = koffi().errno();
  if (errno === os.errno.EWOULDBLOCK) return false;
  throw systemError(errno, 'flock');
}

/** Ends a lock of `lock`, for all who share the open file. */
export function unlock(fd: number): void {
  call('flock', [fd, LOCK_UN]);
}

/** setrlimit(2) of this process; Infinity means unlimited. */
export function setResourceLimit(resource: number, soft: number, hard: number): void {
  const value = (limit: number) => (limit === Number.POSITIVE_INFINITY ? RLIM_INFINITY : BigInt(limit));
  const limits = Buffer.alloc(RLIMIT_BYTES);
  limits.writeBigUInt64LE(value(soft), 0);
  limits.writeBigUInt64LE(value(hard), 8);
  call('setrlimit', [resource, limits]);
}

/** malloc_trim(3): gives what is free in the heap of the C library, as of buffers long gone, back to the host. */
export function trimHeap(): void {
  callRaw('malloc_trim', [0]);
}

/** struct flock (fcntl(2)): a lock on the whole file. */
function wholeFile(type = F_WRLCK): Buffer {
  const flock = Buffer.alloc(32);
  flock.writeInt16LE(type);
  return flock;
}

/**
 * Marks an open file as held: a lock like that of `lock`, which others can see with `isHeld` without taking it even
 * for a moment (fcntl_locking(2), open file description locks). False if another process holds it. On files that a UML
 * kernel opens it would exclude the kernel's own lock: for files of umlmon only.
 *
 * @param mode `exclusive` takes a descriptor that may write, `shared` one that may read. A
 *   holder of the file changes from one mode to the other at once.
 */
export function hold(fd: number, mode: 'exclusive' | 'shared' = 'exclusive'): boolean {
  const flock = wholeFile(mode === 'shared' ? F_RDLCK : F_WRLCK);
  if (callRaw('fcntl', [fd, F_OFD_SETLK, 'void *', flock]) === 0) return true;
  const errno = koffi().errno();
  if (errno === os.errno.EAGAIN || errno === os.errno.EACCES) return false;
  throw systemError(errno, 'fcntl');
}

/** Whether another open file holds the file. */
export function isHeld(fd: number): boolean {
  const flock = wholeFile();
  call('fcntl', [fd, F_OFD_GETLK, 'void *', flock]);
  return flock.readInt16LE(0) !== F_UNLCK;
}

/** Whether children lose the descriptor (true) or inherit it. */
export function setCloseOnExec(fd: number, on: boolean): void {
  call('fcntl', [fd, F_SETFD, 'int', on ? FD_CLOEXEC : 0]);
}

/**
 * From now on children inherit only the descriptors that they are given by number. Descriptors that this process has
 * inherited are not passed on either, such as a file that the shell of an administrator had open.
 */
export function keepDescriptorsPrivate(): void {
  call('syscall', [SYS_close_range, 3, FD_MAX, CLOSE_RANGE_CLOEXEC, 0]);
}

/** An option of a mount (mount(8)) that keeps what is below from being used in some way. */
export type MountFlag = keyof typeof ST;

/** The options of the mount that a path is on; links are followed. */
export function mountFlags(path: string): ReadonlySet<MountFlag> {
  const found = Buffer.alloc(STATFS_BYTES);
  call('statfs', [path, found], path);
  const flags = found.readBigUInt64LE(STATFS_FLAGS);
  const names = Object.keys(ST) as MountFlag[];
  return new Set(names.filter((name) => (flags & BigInt(ST[name])) !== 0n));
}

/** Makes reads and writes of the open file fail with EAGAIN instead of waiting, for all who share it. */
export function setNonBlocking(fd: number): void {
  const flags = call('fcntl', [fd, F_GETFL, 'int', 0]);
  call('fcntl', [fd, F_SETFL, 'int', flags | O_NONBLOCK]);
}

export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Takes a connection that waits at a listening socket (accept4(2)), non-blocking and close-on-exec. Undefined if no
 * connection waits, if the client gave it up, or if this process has too many descriptors. libuv reports the reason.
 */
export function acceptConnection(listening: number): number | undefined {
  const fd = callRaw('syscall', [SYS_accept4, listening, 0, 0, O_NONBLOCK | O_CLOEXEC]);
  return fd === -1 ? undefined : fd;
}

/** Whether a descriptor is a socket that keeps packets apart: of datagrams, or of sequenced packets. */
export function isPacketSocket(fd: number): boolean {
  const type = Buffer.alloc(4);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(type.length);
  if (callRaw('getsockopt', [fd, SOL_SOCKET, SO_TYPE, type, length]) === -1) return false;
  return [SOCK_DGRAM, SOCK_SEQPACKET].includes(type.readInt32LE(0));
}

/** Who connected a Unix stream socket, as the kernel noted at connect(2) (unix(7), SO_PEERCRED). */
export function peerCredentials(fd: number): Credentials {
  const credentials = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(credentials.length);
  call('getsockopt', [fd, SOL_SOCKET, SO_PEERCRED, credentials, length]);
  return credentialsIn(credentials);
}

/** The groups of that process besides its `gid` (SO_PEERGROUPS), as noted at the same time. */
export function peerGroups(fd: number): number[] {
  const length = Buffer.alloc(4);
  const read = (bytes: number) => {
    const groups = Buffer.alloc(bytes);
    length.writeUInt32LE(bytes);
    call('getsockopt', [fd, SOL_SOCKET, SO_PEERGROUPS, groups, length]);
    return groups.subarray(0, length.readUInt32LE());
  };
  let groups: Buffer;
  try {
    groups = read(256);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERANGE')) throw error;
    // The kernel has written how much it takes.
    groups = read(length.readUInt32LE());
  }
  return Array.from({ length: groups.length / 4 }, (_, index) => groups.readUInt32LE(4 * index));
}

/**
 * sockaddr_un of a path, of an abstract name ('\0name', exact length) or, for '', of a name that the kernel picks
 * (unix(7)).
 */
function socketAddress(path: string): Buffer {
  const name = Buffer.from(path);
  const abstract = path === '' || path.startsWith('\0');
  const length = abstract ? name.length : name.length + 1;
  if (name.length > SOCKET_PATH_MAX) throw systemError(os.errno.ENAMETOOLONG, 'sockaddr_un', path);
  if (!abstract && name.includes(0)) throw systemError(os.errno.EINVAL, 'sockaddr_un', path);
  const address = Buffer.alloc(2 + length);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  return address;
}

/**
 * Opens a Unix datagram socket (non-blocking, close-on-exec) bound to a path, which must not exist, to an abstract
 * name ('\0name'), or to a name of the kernel's choice (''). Every process that reaches the path may send to it. Each
 * datagram carries its sender (unix(7), SO_PASSCRED, set before the socket has a name). The caller must unlink
 * the path.
 */
export function openDatagram(path: string): number {
  const address = socketAddress(path);
  const fd = call('socket', [AF_UNIX, SOCK_DGRAM | O_NONBLOCK | O_CLOEXEC, 0]);
  // The mode of a socket is set by bind; a later chmod would follow what might have been put in its place.
  const umask = process.umask(0);
  try {
    call('setsockopt', [fd, SOL_SOCKET, SO_PASSCRED, Buffer.of(1, 0, 0, 0), 4]);
    call('bind', [fd, address, address.length], path);
    return fd;
  } catch (error) {
    callRaw('close', [fd]);
    throw error;
  } finally {
    process.umask(umask);
  }
}

/**
 * Opens a socket (non-blocking, close-on-exec) on which the host reports changes in this network namespace. Nothing
 * can be queried or changed through it. `route`: links, addresses, routes, and settings of interfaces (rtnetlink(7)).
 * `nftables`: tables, chains and rules, only for CAP_NET_ADMIN. Read it by `receiveDatagram`, which throws ENOBUFS when
 * changes were lost.
 */
export function openChangeSocket(of: 'route' | 'nftables'): number {
  const { protocol, groups } = CHANGES[of];
  const fd = call('socket', [AF_NETLINK, SOCK_RAW | O_NONBLOCK | O_CLOEXEC, protocol]);
  // struct sockaddr_nl: family, padding, a port of the host's choice, groups.
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK);
  address.writeUInt32LE(groups, 8);
  try {
    call('bind', [fd, address, address.length]);
    return fd;
  } catch (error) {
    callRaw('close', [fd]);
    throw error;
  }
}

/** From now on a socket gets only what a program of classic BPF lets through (socket(7), SO_ATTACH_FILTER). */
export function attachFilter(fd: number, program: Uint8Array): void {
  if (!declared.has('attach_filter')) koffi().struct('sock_fprog', { len: 'uint16_t', filter: 'void *' });
  const attach = nativeOf('attach_filter') as unknown as (...args: unknown[]) => number;
  const fprog = { len: program.length / FILTER_INSTRUCTION_BYTES, filter: program };
  if (attach(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog, SOCK_FPROG_BYTES) === -1)
    throw systemError(koffi().errno(), 'setsockopt');
}

/** Sends one datagram to a path or abstract name. EAGAIN: the receiver's queue is full (11 datagrams). */
export function sendDatagram(fd: number, bytes: Uint8Array, path: string): void {
  const address = socketAddress(path);
  call('sendto', [fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length], path);
}

export interface Datagram {
  /** Bytes now in the buffer. */
  readonly length: number;
  /** The datagram was longer than the buffer; its end is lost. */
  readonly truncated: boolean;
  /**
   * Who sent it, as the host's kernel noted at the send: only root, in our namespaces or above them, can name another
   * process or user. A pid of 0 is a process that is not in our pid namespace. Undefined on sockets that are no
   * `openDatagram`.
   */
  readonly sender: Credentials | undefined;
}

/** struct cmsghdr (cmsg(3)): length, level, type. */
const CMSG_HEADER_BYTES = 16;
/** Exactly one SCM_CREDENTIALS, which comes first: descriptors that are sent along find no room, and the kernel drops them. */
const CONTROL_BYTES = CMSG_HEADER_BYTES + 16;

/**
 * What recvmsg(2) fills: struct msghdr, the only struct iovec, and the room for control messages, one after the other.
 * The addresses in it hold, since an ArrayBuffer of its own never moves.
 */
const message = { header: 0, vector: 56, control: 72, bytes: 72 + CONTROL_BYTES } as const;
let receiving: Buffer | undefined;

function messageFor(buffer: Uint8Array): Buffer {
  if (!receiving) {
    receiving = Buffer.from(new ArrayBuffer(message.bytes));
    const at = koffi().address(receiving);
    receiving.writeBigUInt64LE(at + BigInt(message.vector), 16);
    receiving.writeBigUInt64LE(1n, 24);
    receiving.writeBigUInt64LE(at + BigInt(message.control), 32);
  }
  receiving.writeBigUInt64LE(koffi().address(buffer), message.vector);
  receiving.writeBigUInt64LE(BigInt(buffer.length), message.vector + 8);
  // The kernel writes back how much of it is used.
  receiving.writeBigUInt64LE(BigInt(CONTROL_BYTES), 40);
  return receiving;
}

/** Takes one datagram from the queue into `buffer`; null if the queue is empty. Descriptors in it are closed. */
export function receiveDatagram(fd: number, buffer: Uint8Array): Datagram | null {
  const filled = messageFor(buffer);
  const length = callRaw('recvmsg', [fd, filled, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC]);
  if (length >= 0)
    return {
      length: Math.min(length, buffer.length),
      truncated: length > buffer.length,
      sender: senderIn(filled.subarray(message.control, message.control + filled.readUInt32LE(40))),
    };
  const errno = koffi().errno();
  if (errno === os.errno.EAGAIN) return null;
  throw systemError(errno, 'recvmsg');
}

/** The credentials among control messages, of which there is room for one. */
function senderIn(control: Buffer): Credentials | undefined {
  if (control.length < CMSG_HEADER_BYTES || control.readInt32LE(8) !== SOL_SOCKET) return undefined;
  const data = control.subarray(CMSG_HEADER_BYTES);
  const type = control.readInt32LE(12);
  if (type === SCM_RIGHTS)
    for (let at = 0; at + 4 <= data.length; at += 4) callRaw('close', [data.readInt32LE(at)]);
  return type === SCM_CREDENTIALS && data.length >= 12 ? credentialsIn(data) : undefined;
}

/** struct ucred. */
function credentialsIn(bytes: Buffer): Credentials {
  return { pid: bytes.readInt32LE(0), uid: bytes.readUInt32LE(4), gid: bytes.readUInt32LE(8) };
}

/** A descriptor of a process; it stays valid for that very process, whatever becomes of its number. */
export function pidfdOpen(pid: number): number {
  return call('syscall', [SYS_pidfd_open, pid, 0, 0, 0]);
}

/** Sends a signal to the very process of a pidfd. Throws ESRCH when it has ended. */
export function pidfdSendSignal(pidfd: number, signal: NodeJS.Signals): void {
  const result = callRaw('syscall', [SYS_pidfd_send_signal, pidfd, os.signals[signal], 0, 0]);
  if (result === -1) throw systemError(koffi().errno(), 'pidfd_send_signal');
}

/**
 * A copy, close-on-exec, of descriptor `fd` of another process, as if by dup(2). Needs the right to trace the
 * process (ptrace(2)); ESRCH if it has ended, EBADF if it has no such descriptor.
 */
export function pidfdGetfd(pidfd: number, fd: number): number {
  return call('syscall', [SYS_pidfd_getfd, pidfd, fd, 0, 0]);
}

/**
 * A new descriptor (blocking, close-on-exec, not a controlling terminal) of the slave side of a pty whose master
 * we have. Works without its name and in any mount namespace (ioctl_tty(2), TIOCGPTPEER).
 */
export function openPtyPeer(master: number): number {
  return call('ioctl', [master, TIOCGPTPEER, 'int', O_RDWR | O_NOCTTY | O_CLOEXEC]);
}

/** Bytes that wait at a terminal for its reader (ioctl_tty(2), FIONREAD). */
export function unreadBytes(fd: number): number {
  const count = Buffer.alloc(4);
  call('ioctl', [fd, FIONREAD, 'void *', count]);
  return count.readInt32LE();
}

/** Puts a terminal in raw mode: no echo, no signals from characters, no translation (termios(3), cfmakeraw). */
export function setRawMode(fd: number): void {
  const termios = Buffer.alloc(256);
  call('tcgetattr', [fd, termios]);
  callRaw('cfmakeraw', [termios]);
  call('tcsetattr', [fd, TCSANOW, termios]);
}

/**
 * The first `length` bytes of a file as memory, until the process exits (mmap(2), MAP_SHARED). A store is in the file at once,
 * also if the process is killed. The bytes must have been written, or a store may raise SIGBUS on a full disk.
 * A file must be mapped only once.
 */
export function mapFile(fd: number, length: number): ArrayBuffer {
  const address = callRaw('mmap', [0, length, PROT_READ_WRITE, MAP_SHARED, fd, 0]);
  if (address === -1) throw systemError(koffi().errno(), 'mmap');
  return koffi().view(address, length);
}

/** Where the next data (or hole) of a file starts, at or after `offset`; null if the file ends first. */
export function seekData(fd: number, offset: number): number | null {
  return seek(fd, offset, SEEK.data);
}

/** The end of a file counts as a hole. */
export function seekHole(fd: number, offset: number): number | null {
  return seek(fd, offset, SEEK.hole);
}

function seek(fd: number, offset: number, whence: number): number | null {
  const found = callRaw('lseek', [fd, offset, whence]);
  if (found !== -1) return found;
  const errno = koffi().errno();
  if (errno === os.errno.ENXIO) return null;
  throw systemError(errno, 'lseek');
}

/**
 * Opens a path below an open directory, close-on-exec, and never leaves it. Errors are a symbolic link, `..` above the
 * directory, an absolute path, and a link of /proc anywhere on the way (openat2(2), RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS,
 * RESOLVE_NO_MAGICLINKS). A user who may write to a directory on the way can only make it fail.
 *
 * Errors: ELOOP for a link, EXDEV for a way out, EAGAIN if a directory was moved at that moment.
 * ENOSYS if the host's kernel is older than 5.6.
 *
 * @param mode permission bits of a file that O_CREAT or O_TMPFILE makes, less those of the umask
 */
export function openBeneath(directory: number, path: string | Uint8Array, flags: number, mode = 0): number {
  const bytes = Buffer.from(path);
  if (bytes.length === 0 || bytes.includes(0)) throw systemError(os.errno.EINVAL, 'openat2', String(path));
  const how = Buffer.alloc(OPEN_HOW_BYTES);
  how.writeBigUInt64LE(BigInt((flags | O_CLOEXEC) >>> 0));
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(RESOLVE_STAY), 16);
  return call(
    'openat2',
    [SYS_openat2, directory, Buffer.concat([bytes, nul]), how, how.length],
    String(path),
  );
}

/** Gives a name to an open file that has none (open(2), O_TMPFILE). EEXIST if the name is taken. */
export function linkDescriptor(fd: number, path: string): void {
  call('linkat', [AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW], path);
}

/**
 * The extended attributes of an open file that this process may see, by name: access control lists
 * (`system.posix_acl_access`), security labels, and those of users (xattr(7)). Empty on file systems without them.
 */
export function extendedAttributes(fd: number): Map<string, Buffer> {
  const names = Buffer.alloc(XATTR_BYTES_MAX);
  const length = callRaw('flistxattr', [fd, names, names.length]);
  if (length === -1) {
    const errno = koffi().errno();
    if (errno === os.errno.EOPNOTSUPP) return new Map();
    throw systemError(errno, 'flistxattr');
  }
  const listed = names.toString('utf8', 0, length).split('\0').filter(Boolean);
  // One buffer for all: what is returned keeps only the bytes of the values.
  const value = names;
  return new Map(
    listed.map((name) => [
      name,
      Buffer.from(value.subarray(0, call('fgetxattr', [fd, name, value, value.length]))),
    ]),
  );
}

/** Sets an extended attribute of an open file, or removes it (null). Errors: EPERM, EOPNOTSUPP, ENOSPC. */
export function setExtendedAttribute(fd: number, name: string, value: Uint8Array | null): void {
  if (value === null) call('fremovexattr', [fd, name]);
  else call('fsetxattr', [fd, name, value, value.length, 0]);
}

/** The flags of a file that chattr(1) sets (FS_IOC_GETFLAGS); 0 on file systems without them. */
export function inodeFlags(fd: number): number {
  const flags = Buffer.alloc(8);
  return callRaw('inode_flags', [fd, FS_IOC_GETFLAGS, flags]) === 0 ? flags.readUInt32LE(0) : 0;
}

/**
 * Reserves blocks for the first `length` bytes of an open file; its size and content stay. False where the file system
 * cannot. Errors: ENOSPC, EDQUOT.
 */
export function reserveBlocks(fd: number, length: number): boolean {
  if (callRaw('fallocate', [fd, FALLOC_FL_KEEP_SIZE, 0, length]) === 0) return true;
  const errno = koffi().errno();
  if (errno === os.errno.EOPNOTSUPP || errno === os.errno.ENOSYS) return false;
  throw systemError(errno, 'fallocate');
}

/** Makes a character device that only its owner, for now this process's user, may use (mknod(2)). */
export function makeCharacterDevice(path: string, major: number, minor: number): void {
  call('mknod', [path, S_IFCHR | 0o600, (major << 8) | minor], path);
}

/** Makes another node of a block device, which root alone may use. @param device as in st_rdev (stat(2)) */
export function makeBlockDevice(path: string, device: number): void {
  call('mknod', [path, S_IFBLK, device], path);
}

/** A place in an open file. */
export interface FilePlace {
  readonly fd: number;
  readonly offset: number;
}

/**
 * copy_file_range(2) in a helper thread: copies within the host's kernel, or shares the blocks where the file system
 * can. Resolves to the number of bytes copied, 0 at the end of the source.
 */
export function copyFileRange(from: FilePlace, to: FilePlace, length: number): Promise<number> {
  const [source, target] = [from, to].map(({ offset }) => BigInt64Array.of(BigInt(offset)));
  const native = nativeOf('copy_file_range') as unknown as { async(...args: unknown[]): void };
  return new Promise((resolve, reject) => {
    native.async(from.fd, source, to.fd, target, length, 0, (error: Error | null, copied: number) => {
      // Each call keeps its own errno until its callback returns.
      if (error) reject(error);
      else if (copied === -1) reject(systemError(koffi().errno(), 'copy_file_range'));
      else resolve(copied);
    });
  });
}

/** Errors of ioctl_ficlone(2) where blocks cannot be shared (ENOTSUP is Node's name of EOPNOTSUPP). */
const cannotClone = ['EBADF', 'EINVAL', 'EISDIR', 'ENOTTY', 'ENOTSUP', 'EPERM', 'EXDEV'];

/**
 * Makes a file share all blocks of another, in a helper thread: ioctl_ficlone(2). The time it takes does not depend on
 * the size, but on what of the source has not reached the disk yet. False if the file system cannot; the target is
 * then as it was.
 */
export function cloneFile(from: number, to: number): Promise<boolean> {
  const native = nativeOf('clone_file') as unknown as { async(...args: unknown[]): void };
  return new Promise((resolve, reject) => {
    native.async(to, FICLONE, from, (error: Error | null, result: number) => {
      const failure = error ?? (result === -1 ? systemError(koffi().errno(), 'ficlone') : undefined);
      if (!failure) resolve(true);
      else if ('code' in failure && cannotClone.includes(String(failure.code))) resolve(false);
      else reject(failure);
    });
  });
}
