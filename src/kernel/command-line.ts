/** A VM's description → arguments of its kernel (linux.uml(1), kernel-parameters.txt, facts measured with 7.2). */
import type { UbdFlags } from '../config/values/disk.ts';
import { type KernelArgument, kernelArgument, userArgument } from '../config/values/kernel-argument.ts';
import { UmlmonError } from '../system/errors/errors.ts';

export interface KernelDescription {
  /** Name of the VM, for the guest. */
  readonly name: string;
  /** Bytes, a multiple of 4096. */
  readonly memory: number;
  /** Device that the guest mounts as its root: `/dev/ubda`. */
  readonly root: string;
  readonly rootMode: 'ro' | 'rw';
  readonly disks: readonly (UbdFlags & {
    /** 0…15: ubda…ubdp. */
    readonly unit: number;
    readonly jailPath: string;
    /** Of a COW image: its backing file as the jail sees it. */
    readonly backing?: string;
  })[];
  readonly consoles: readonly {
    /** `con0`…`con15`, `ssl0`…`ssl63`. */
    readonly channel: string;
    /** Descriptors the kernel inherits; the same one twice for a terminal. */
    readonly input: number;
    readonly output: number;
  }[];
  /** One argument for each interface: `vecN:transport=…` (drivers/vector_kern.c). */
  readonly networks: readonly KernelArgument[];
  /** In the jail, with a slash at the end: `/run/uml/`. */
  readonly umlDirectory: string;
  readonly umid: string;
  /** The notify socket as the jail sees it. */
  readonly notify?: string;
  /** Leaves out what only costs time. A guest that writes to a RAID 6 array needs `false`. */
  readonly fastBoot: boolean;
  /** Loops per jiffy of this host, from an earlier boot; only for a fast boot. */
  readonly loopsPerJiffy?: number;
  /** The user's own arguments, last, so that the guest's own settings win. */
  readonly append: readonly string[];
}

/** COMMAND_LINE_SIZE of arch/um less the final NUL; a longer one ends the kernel with status 1. */
export const COMMAND_LINE_MAX = 4095;

/**
 * In this order: memory, root, disks, consoles, network, management, boot, names, the user's.
 *
 * @throws UmlmonError KERNEL_ARGUMENT, KERNEL_COMMAND_LINE_TOO_LONG
 */
export function kernelArguments(vm: KernelDescription): KernelArgument[] {
  const own = [
    `mem=${memorySize(vm.memory)}`,
    `root=${vm.root}`,
    vm.rootMode,
    ...vm.disks.map(diskArgument),
    'con=null',
    'ssl=null',
    ...vm.consoles.map(({ channel, input, output }) =>
      input === output ? `${channel}=fd:${input}` : `${channel}=fd:${input},fd:${output}`,
    ),
    ...vm.networks,
    `uml_dir=${vm.umlDirectory}`,
    `umid=${vm.umid}`,
    ...(vm.notify === undefined ? [] : [`mconsole=notify:${vm.notify}`]),
    'noreboot', // The monitor starts the VM again itself, with a fresh jail and the present configuration.
    ...(vm.fastBoot ? fastBootArguments(vm.loopsPerJiffy) : []),
    `umlmon.name=${vm.name}`,
    `umlmon.consoles=${shellConsoles(vm)}`,
  ];
  const all = [...own.map(kernelArgument), ...vm.append.map(userArgument)];
  const length = Buffer.byteLength(all.join(' '));
  if (length > COMMAND_LINE_MAX)
    throw new UmlmonError('KERNEL_COMMAND_LINE_TOO_LONG', {
      place: vm.name,
      cause: `the kernel command line has ${length} bytes; the limit is ${COMMAND_LINE_MAX}`,
      hint: 'shorten paths or your own arguments',
    });
  return all;
}

function memorySize(bytes: number): string {
  const KIB = 1024;
  return bytes % (KIB * KIB) === 0 ? `${bytes / (KIB * KIB)}M` : `${Math.floor(bytes / KIB)}K`;
}

/**
 * `ubdNFLAGS=FILE,BACKING,SERIAL` (ubd_setup_common). The backing file is named even where the header names it too:
 * what the kernel opens is then what was checked and locked.
 */
export function diskArgument(disk: KernelDescription['disks'][number]): KernelArgument {
  const { unit, jailPath, backing, serial } = disk;
  const flags = [
    disk.readOnly && 'r',
    disk.sync && 's',
    !disk.kernelLock && 'c',
    !disk.trim && 't',
    // The kernel must not look for a COW header, which a guest could write to have another file opened.
    backing === undefined && 'd',
  ].filter((flag) => flag !== false);
  const parts = [jailPath, backing ?? '', serial].map(diskPath).join(',');
  return kernelArgument(`ubd${unit}${flags.join('')}=${parts.replace(/,+$/, '')}`);
}

/** Both separate an image from its backing file and its serial number. */
function diskPath(path: string): string {
  if (!/[,:]/.test(path)) return path;
  throw new UmlmonError('KERNEL_ARGUMENT', {
    place: path,
    cause: 'the name of a disk image cannot contain a comma or a colon',
    hint: 'rename the file',
  });
}

/** Measured: boot time × 0.17 without the RAID 6 benchmark, × 0.4 with lpj=, × 0.9 without the old ptys. */
function fastBootArguments(loopsPerJiffy: number | undefined): string[] {
  return [
    'initcall_blacklist=raid6_init',
    ...(loopsPerJiffy === undefined ? [] : [`lpj=${loopsPerJiffy}`]),
    'pty.legacy_count=0',
  ];
}

/** Where the guest should offer a shell: all but con0, which shows the kernel's messages. */
function shellConsoles({ consoles }: KernelDescription): string {
  return consoles
    .map(({ channel }) => channel)
    .filter((channel) => channel !== 'con0')
    .join(',');
}
