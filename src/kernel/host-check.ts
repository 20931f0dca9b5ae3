/** Whether a kernel can run on a host, decided before it is tried. */
import type { ErrorCode, Failure } from '../system/errors/errors.ts';
import type { KernelProbe } from './probe.ts';

export interface HostProcessor {
  /** As `uname -m` prints it. */
  readonly machine: string;
  /** Flags of /proc/cpuinfo. */
  readonly flags: ReadonlySet<string>;
}

/** The first kernel that asks the host how large the floating point registers are. */
const firstWithLargeRegisters = { major: 6, minor: 13 };

/** All reasons why the kernel cannot run; none: it can. */
export function checkKernel(
  kernel: Pick<KernelProbe, 'file' | 'uml' | 'machine' | 'version'>,
  host: HostProcessor,
): readonly Failure[] {
  const problem = (code: ErrorCode, cause: string, hint: string): Failure => ({
    code,
    place: kernel.file,
    cause,
    hint,
  });
  if (!kernel.uml)
    return [
      problem(
        'KERNEL_NOT_UML',
        'the program is not a User Mode Linux kernel',
        'install one, on Debian the package user-mode-linux; an ordinary kernel (vmlinux, bzImage) does not work',
      ),
    ];
  if (kernel.machine !== host.machine)
    return [
      problem(
        'KERNEL_MACHINE',
        `the kernel is built for ${kernel.machine}, but the host is ${host.machine}`,
        'use a User Mode Linux kernel that is built for the architecture of the host',
      ),
    ];
  if (host.flags.has('amx_tile') && isBefore(kernel.version, firstWithLargeRegisters))
    return [
      problem(
        'KERNEL_TOO_OLD',
        `Linux ${kernel.version} cannot save the AMX registers of this processor: its first process would ` +
          'end in "ptrace set fp regs failed" and a panic',
        'use a newer kernel (Debian: user-mode-linux 7.2), or a host without AMX',
      ),
    ];
  return [];
}

/** The flags of the first processor in the text of /proc/cpuinfo (x86: `flags`, ARM: `Features`). */
export function parseCpuFlags(cpuinfo: string): ReadonlySet<string> {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return new Set(line.split(/\s+/).filter((flag) => flag !== ''));
}

function isBefore(version: string, { major, minor }: { major: number; minor: number }): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(ownMajor) < major || (Number(ownMajor) === major && Number(ownMinor) < minor);
}
