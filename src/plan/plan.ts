/**
 * The launch plan: everything a start will do, as plain data. `umlmon -plan VM` prints it without root; the monitor
 * executes exactly this value and nothing else (monitor/start/execute-plan.ts).
 */

import type { UbdFlags } from '../config/values/disk.ts';
import type { KernelArgument } from '../config/values/kernel-argument.ts';
import type { ImageStore } from '../disk/names/image-name.ts';
import type { JailDirectory } from '../jail/layout.ts';
import type { SandboxPlan } from '../jail/sandbox/sandbox.ts';
import type { FilterRequest } from '../jail/sandbox/seccomp.ts';
import type { TunDevice } from '../network/configure.ts';
import type { NetworkPrograms } from '../network/network-programs.ts';
import type { RecordPlace } from '../network/network-record.ts';
import type { InterfacePlan } from '../network/plan/interface-plan.ts';

/** A descriptor that the kernel, or a program on the way to it, inherits, under its number there. */
export type Descriptor = { readonly fd: number } & (
  | { readonly is: 'slave' | 'master'; readonly channel: string }
  | { readonly is: 'vm-lock' | 'image-holder' | 'status' | 'seccomp' | 'gate' }
  /** What this monitor was passed under this name, for a network interface. */
  | { readonly is: 'passed'; readonly name: string }
  | { readonly is: 'image-lock' | 'backing-lock'; readonly unit: number }
  /** Of a file of the kernel that is copied into the jail; bubblewrap closes it. */
  | { readonly is: 'copy'; readonly path: string }
  /** Of an image that is bound by itself; bubblewrap closes it. */
  | { readonly is: 'image-bind'; readonly unit: number }
);

/** A file behind a disk. */
export interface PlannedImageFile {
  /** As the kernel sees it. */
  readonly jailPath: string;
  readonly hostPath: string;
  /** Which file or device it was when the plan was made (ImageFacts.id). */
  readonly id: string;
}

export interface ImagePlan extends PlannedImageFile, UbdFlags {
  readonly unit: number;
  /** Of a COW image; never written. */
  readonly backing?: PlannedImageFile;
}

export interface ConsolePlan {
  readonly channel: string;
  readonly logged: boolean;
}

export interface LogPlan {
  readonly directory: string;
  /** Bytes per file, and number of old files kept. */
  readonly size: number;
  readonly count: number;
}

/** One step of a start, in the order of execution. What it acquires is released in reverse order. */
export type Step =
  | { readonly do: 'make-directories'; readonly directories: readonly JailDirectory[] }
  /** The kernel holds it too: it is locked as long as the VM runs, under any monitor. */
  | { readonly do: 'lock-vm'; readonly path: string }
  /** A stale umid directory makes the kernel take a random umid in silence: start with an empty one. */
  | { readonly do: 'empty-directory'; readonly path: string; readonly trash: string }
  | {
      readonly do: 'lock-images';
      readonly images: readonly ImagePlan[];
      readonly store: ImageStore;
      /** From a guest's write until its image is synced, in milliseconds; 0: at the end only. */
      readonly syncMs: number;
    }
  /** Shows other monitors which cores are taken. */
  | { readonly do: 'claim-cores'; readonly directory: string; readonly cores: readonly number[] }
  | { readonly do: 'open-consoles'; readonly consoles: readonly ConsolePlan[]; readonly log: LogPlan }
  | { readonly do: 'listen-notify'; readonly path: string }
  /** Only if the VM has a network. Recorded before it is executed, so that it can be undone after a SIGKILL too. */
  | {
      readonly do: 'configure-network';
      readonly interfaces: readonly InterfacePlan[];
      readonly programs: NetworkPrograms;
      readonly record: RecordPlace;
      readonly device: TunDevice;
    }
  /** Leaves the plan and later the kernel's process for a monitor that comes after this one. */
  | { readonly do: 'record'; readonly path: string }
  | {
      readonly do: 'launch';
      readonly argv: readonly string[];
      readonly statusFile: string;
      /** What the system call filter of the sandbox lets through. */
      readonly filter: FilterRequest;
      readonly descriptors: readonly Descriptor[];
    }
  /** `mconsole` is the kernel's socket and `reply` the monitor's, as both sides name them. */
  | {
      readonly do: 'await-kernel';
      readonly withinMs: number;
      readonly mconsole: string;
      readonly reply: string;
    };

export type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

export interface LaunchPlan {
  readonly vm: string;
  readonly user: { readonly name: string; readonly uid: number; readonly gid: number };
  readonly kernel: {
    readonly file: string;
    readonly version: string;
    /** The kernel's own arguments; the last part of the launch step's argv. */
    readonly arguments: readonly KernelArgument[];
  };
  /** Bytes of guest memory. */
  readonly mem: number;
  /** Host cores the VM is pinned to; empty = all. */
  readonly cpus: readonly number[];
  readonly sandbox: SandboxPlan;
  readonly steps: readonly Step[];
}
