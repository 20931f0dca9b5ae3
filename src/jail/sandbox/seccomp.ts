/**
 * The kernel's system call filter: classic BPF as of seccomp(2) and linux/filter.h, over struct seccomp_data
 * (nr at 0, arch at 4, args[6] as u64 from 16). A forbidden call fails with EPERM. It is not a kill, since in
 * `seccomp=on` mode the system calls of guest programs pass here too. UML's own trap has precedence over an error, not
 * over a kill.
 */
import { UmlmonError } from '../../system/errors/errors.ts';
import { kernelCalls, setprivCalls } from './system-calls.ts';

export type SocketFamily = 'unix' | 'inet' | 'inet6' | 'netlink' | 'packet';

export interface FilterRequest {
  /** As in process.arch. */
  readonly architecture: string;
  /**
   * Unix sockets, which the host has in directories that the jail may show. `none` allows only pairs; `datagram`, those of
   * the management console and its notifications. `connect` allows all of them and connect(2), which a network transport
   * (bess) needs.
   */
  readonly unix: 'none' | 'datagram' | 'connect';
  /** Other socket families that the VM's network transports need. */
  readonly families: readonly Exclude<SocketFamily, 'unix'>[];
  /** Allow also what setpriv does in the jail. */
  readonly rootLauncher: boolean;
  /**
   * Whether the kernel is in the network namespace of the host, for its taps. It then may not connect whatever `unix`
   * reports, as most Unix sockets without a file need it, nor read or change interfaces.
   */
  readonly hostNetwork: boolean;
  /** Of `inet` and `inet6` raw sockets, not those for UDP. */
  readonly rawSockets?: boolean;
}

const filteredCalls = {
  open: 2,
  ioctl: 16,
  socket: 41,
  connect: 42,
  socketpair: 53,
  clone: 56,
  fcntl: 72,
  mkdir: 83,
  creat: 85,
  chmod: 90,
  fchmod: 91,
  mknod: 133,
  openat: 257,
  mkdirat: 258,
  mknodat: 259,
  fchmodat: 268,
  clone3: 435,
} as const;

/** Which argument of a call is the mode of a file. */
const modeArguments = {
  mkdir: 1,
  creat: 1,
  chmod: 1,
  fchmod: 1,
  mknod: 1,
  mkdirat: 2,
  mknodat: 2,
  fchmodat: 2,
} as const;

/** S_ISUID and S_ISGID. */
const SET_ID = 0o6000;

/** O_CREAT, and the own bit of O_TMPFILE: only with them open(2) uses its mode. */
const CREATES = 0o100 | 0o20000000;

const familyNumbers: Readonly<Record<SocketFamily, number>> = {
  unix: 1,
  inet: 2,
  inet6: 10,
  netlink: 16,
  packet: 17,
};

/**
 * Typing into the terminal of others, its selection buffer, and line disciplines: classic ways out of a sandbox. And
 * the other way to make a descriptor blocking (see below).
 */
const deniedIoctls = { TIOCSTI: 0x5412, TIOCLINUX: 0x541c, FIONBIO: 0x5421, TIOCSETD: 0x5423 } as const;

interface Range {
  readonly start: number;
  /** The first that is not in it. */
  readonly end: number;
}

/** SIOC… of linux/sockios.h: names, addresses and flags of interfaces, which a Unix socket is good enough for. */
const socketIoctls: Range = { start: 0x8900, end: 0x8a00 };

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0x80000;
const SOCK_NONBLOCK = 0x800;

const F_SETFL = 4;
const O_NONBLOCK = 0x800;

/** CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET (linux/sched.h). */
const CLONE_NEW = 0x7e02_0000;

const AUDIT_ARCH_X86_64 = 0xc000_003e;
const EPERM = 1;
const ENOSYS = 38;

// Opcodes: BPF_LD|W|ABS, BPF_JMP|JEQ|K, JGE, JSET, BPF_RET|K.
const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_NOT_LESS = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;

interface Instruction {
  readonly code: number;
  /** Instructions to skip if the condition is true, or false. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const statement = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k });
const jump = (code: number, k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k });
const loadNumber = statement(LOAD, 0);
const loadArchitecture = statement(LOAD, 4);
/** The low half of an argument: all arguments that are filtered here are ints, or flags of which only that half counts. */
const loadArgument = (index: number) => statement(LOAD, 16 + 8 * index);
const allow = statement(RETURN, 0x7fff_0000);
const fail = (errno: number) => statement(RETURN, 0x0005_0000 | errno);

/**
 * The filter in the form that `bwrap --seccomp` reads: 8 bytes per instruction, little-endian.
 *
 * @throws UmlmonError JAIL_ARCHITECTURE
 */
export function seccompFilter(request: FilterRequest): Uint8Array {
  if (request.architecture !== 'x64') {
    const cause = `umlmon has no system call filter for ${request.architecture}`;
    throw new UmlmonError('JAIL_ARCHITECTURE', { place: 'jail', cause, hint: 'run umlmon on x86_64' });
  }
  return encode([
    loadArchitecture,
    jump(IF_EQUAL, AUDIT_ARCH_X86_64, 1, 0),
    fail(EPERM),
    loadNumber,
    ...search(segmentsOf(verdicts(request))),
  ]);
}

/** What is to happen at each system call that does not simply fail. */
function verdicts({
  unix,
  families,
  rootLauncher,
  hostNetwork,
  rawSockets = false,
}: FilterRequest): Map<number, readonly Instruction[]> {
  const ofCall = new Map<number, readonly Instruction[]>();
  for (const number of kernelCalls.values()) ofCall.set(number, allowAll);
  if (rootLauncher) for (const number of setprivCalls.values()) ofCall.set(number, allowAll);
  if (hostNetwork || unix !== 'connect') ofCall.delete(filteredCalls.connect);
  ofCall.set(
    filteredCalls.socket,
    allowSockets([
      ...families.map((family) => socketsOf(family, rawSockets)),
      ...(unix === 'none'
        ? []
        : [{ family: familyNumbers.unix, types: unix === 'datagram' ? [SOCK_DGRAM] : 'all' } as const]),
    ]),
  );
  // One of a pair of datagram sockets sends to any path; the others have one peer for good (net/unix/af_unix.c).
  ofCall.set(
    filteredCalls.socketpair,
    allowSockets([{ family: familyNumbers.unix, types: [SOCK_STREAM, SOCK_SEQPACKET] }]),
  );
  for (const [name, argument] of Object.entries(modeArguments))
    ofCall.set(filteredCalls[name as keyof typeof modeArguments], [loadArgument(argument), ...refuseSetId]);
  ofCall.set(filteredCalls.open, allowOpen(1));
  ofCall.set(filteredCalls.openat, allowOpen(2));
  ofCall.set(
    filteredCalls.ioctl,
    allowExcept(1, Object.values(deniedIoctls), hostNetwork ? socketIoctls : undefined),
  );
  ofCall.set(filteredCalls.clone, [loadArgument(0), jump(IF_ANY_BIT, CLONE_NEW, 0, 1), fail(EPERM), allow]);
  // O_NONBLOCK belongs to the open file, and the monitor shares the masters of the ptys. A process that clears it would
  // block the monitor in read(2).
  ofCall.set(filteredCalls.fcntl, [
    loadArgument(1),
    jump(IF_EQUAL, F_SETFL, 0, 3),
    loadArgument(2),
    jump(IF_ANY_BIT, O_NONBLOCK, 1, 0),
    fail(EPERM),
    allow,
  ]);
  // Its flags are behind a pointer. Without it the C library falls back to clone.
  ofCall.set(filteredCalls.clone3, [fail(ENOSYS)]);
  return ofCall;
}

const allowAll: readonly Instruction[] = [allow];
const denyAll: readonly Instruction[] = [fail(EPERM)];

/**
 * A file with a set-id bit would run as the VM's user, for any user who reaches it from outside of the jail. The call fails,
 * as the host's own rules may have it (chmod(2), EPERM).
 */
const refuseSetId: readonly Instruction[] = [jump(IF_ANY_BIT, SET_ID, 0, 1), fail(EPERM), allow];

/** @param flags the argument before the mode */
function allowOpen(flags: number): Instruction[] {
  return [
    loadArgument(flags),
    jump(IF_ANY_BIT, CREATES, 1, 0),
    allow,
    loadArgument(flags + 1),
    ...refuseSetId,
  ];
}

interface Sockets {
  readonly family: number;
  readonly types: 'all' | readonly number[];
}

/** A tunnel over UDP is no way to the TCP services of the host: sendto(2) could connect without connect(2). */
function socketsOf(family: Exclude<SocketFamily, 'unix'>, rawSockets: boolean): Sockets {
  const isIp = family === 'inet' || family === 'inet6';
  return { family: familyNumbers[family], types: isIp ? [rawSockets ? SOCK_RAW : SOCK_DGRAM] : 'all' };
}

/** The first two arguments are family and type, the latter with flags. */
function allowSockets(allowed: readonly Sockets[]): Instruction[] {
  const judged = allowed.map(({ family, types }) => {
    const verdict = types === 'all' ? allowAll : allowTypes(types);
    return [jump(IF_EQUAL, family, 0, verdict.length), ...verdict];
  });
  return [loadArgument(0), ...judged.flat(), fail(EPERM)];
}

function allowTypes(types: readonly number[]): Instruction[] {
  const flags = [0, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_CLOEXEC | SOCK_NONBLOCK];
  const values = types.flatMap((type) => flags.map((flag) => type | flag));
  const tests = values.map((value, index) => jump(IF_EQUAL, value, values.length - index, 0));
  return [loadArgument(1), ...tests, fail(EPERM), allow];
}

/** Fails for some values, and for those of a range. */
function allowExcept(argument: number, values: readonly number[], range?: Range): Instruction[] {
  const inRange = range ? [jump(IF_NOT_LESS, range.end, 1, 0), jump(IF_NOT_LESS, range.start, 1, 0)] : [];
  const toFail = values.length + inRange.length;
  const tests = values.map((value, index) => jump(IF_EQUAL, value, toFail - index, 0));
  return [loadArgument(argument), ...tests, ...inRange, allow, fail(EPERM)];
}

/** The system calls from `start` to the next segment, and what happens at them. */
interface Segment {
  readonly start: number;
  readonly verdict: readonly Instruction[];
}

function segmentsOf(ofCall: ReadonlyMap<number, readonly Instruction[]>): Segment[] {
  const segments: Segment[] = [{ start: 0, verdict: ofCall.get(0) ?? denyAll }];
  const borders = new Set([...ofCall.keys()].flatMap((number) => [number, number + 1]));
  for (const start of [...borders].sort((a, b) => a - b)) {
    const verdict = ofCall.get(start) ?? denyAll;
    if (segments.at(-1)?.verdict !== verdict) segments.push({ start, verdict });
  }
  return segments;
}

/** Binary search for the segment of the loaded number: about eight comparisons per system call. */
function search(segments: readonly Segment[]): readonly Instruction[] {
  const middle = segments.length >> 1;
  const border = segments[middle];
  if (border === undefined || middle === 0) return segments[0]?.verdict ?? denyAll;
  const below = search(segments.slice(0, middle));
  return [jump(IF_NOT_LESS, border.start, below.length, 0), ...below, ...search(segments.slice(middle))];
}

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(8 * program.length);
  program.forEach(({ code, jt, jf, k }, index) => {
    // writeUInt8 throws if a distance does not fit: the program cannot be silently wrong.
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(jt, 8 * index + 2);
    bytes.writeUInt8(jf, 8 * index + 3);
    bytes.writeUInt32LE(k, 8 * index + 4);
  });
  return bytes;
}
