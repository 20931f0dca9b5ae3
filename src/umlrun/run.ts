import { closeSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userNetwork } from '../config/networks/user.ts';
import type { KernelArgument } from '../config/values/kernel-argument.ts';
import { type SandboxPlan, sandboxArguments, userArguments } from '../jail/sandbox/sandbox.ts';
import { seccompFilter } from '../jail/sandbox/seccomp.ts';
import { killSandbox, type Sandbox } from '../jail/spawn/sandbox-processes.ts';
import { spawnInJail } from '../jail/spawn/spawn.ts';
import { connectUser } from '../network/connect-pasta.ts';
import { hasIpv6 } from '../network/host/host-network.ts';
import { planPasta } from '../network/plan/pasta-plan.ts';
import { interfaceArgument } from '../network/plan/vector-options.ts';
import { claimCores, countClaims } from '../plan/facts/core-claims.ts';
import { allowedCores } from '../plan/facts/core-load.ts';
import { chooseCore } from '../plan/facts/cores.ts';
import { rememberLpj } from '../plan/facts/lpj-cache.ts';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { currentDirectory } from '../system/files/current-directory.ts';
import { umlrunLimits } from '../system/limits/limits.ts';
import { outOfMemory } from '../system/processes/memory-cgroup.ts';
import { memoryCgroups } from '../system/processes/memory-limits.ts';
import { printable } from '../system/text.ts';
import type { RunRequest } from './arguments.ts';
import {
  type Directories,
  directoryBinds,
  leftOut,
  notExecutable,
  openDirectories,
} from './host/directories.ts';
import { GivenFiles } from './host/given.ts';
import { findRoots, type Host, inspectRunHost, lpjCacheOf } from './host/host.ts';
import { prepareImage, type RunImage } from './host/image.ts';
import { initFile, openInit } from './init-file.ts';
import { encodeJob, type Job, type Stream } from './job.ts';
import { filterOf, hasGate, planSandbox } from './plan.ts';
import { coreClaimsOf, holderName, makePlace, type Roots, type RunDirectory } from './run-directory.ts';
import { fds } from './streams/descriptors.ts';
import { Relay } from './streams/relay.ts';
import { ownStreams } from './streams/streams.ts';
import { terminalSize } from './streams/terminal.ts';

/** Where the usual image of a host is, below its shared tree. */
const usualImage = 'disks/root.dsk';

/**
 * Runs a command in a VM of its own, from nothing to nothing. Resolves to the exit status of the command; 128 + N if
 * signal N ended it, or us.
 *
 * @throws UmlmonError what has kept it from running
 */
export async function run(request: RunRequest): Promise<number> {
  const { userns, ...roots } = findRoots(request.configPath);
  const files = new GivenFiles();
  try {
    const host = await inspectRunHost(request, { ...roots, userns, files });
    const directories = openDirectories(request, { host, roots, files });
    process.umask(0o022);
    const streams = ownStreams();
    // From here on a signal does not end us at once, as there is something to remove.
    const relay = new Relay(streams);
    try {
      const place = makePlace(roots, host.user);
      try {
        return await runIn(place, { request, roots, host, directories, files, streams, relay });
      } finally {
        place.close();
      }
    } finally {
      relay.close();
    }
  } finally {
    files.close();
  }
}

interface RunParts {
  readonly request: RunRequest;
  readonly roots: Roots;
  readonly host: Host;
  readonly directories: Directories;
  readonly files: GivenFiles;
  readonly streams: readonly [Stream, Stream, Stream];
  readonly relay: Relay;
}

async function runIn(place: RunDirectory, parts: RunParts): Promise<number> {
  const { request, roots, host, directories, files, streams, relay } = parts;
  const { shares } = directories;
  const { root, image } = await prepareRoot(place, parts);
  try {
    const network = networkOf(place, host);
    const job = encodeJob({
      root,
      ...(network ? { network: userNetwork } : {}),
      shares: shares.map(({ directory, writable }, i) => ({
        jailPath: `/share/${i}`,
        guestPath: directory,
        writable,
      })),
      streams,
      size: terminalSize(streams),
      directory: workingDirectory(shares),
      environment: environmentOf(request),
      command: request.command,
    });
    writeFileSync(join(place.guest, 'job'), job, { mode: 0o644 });
    const name = holderName(place.id);
    const cpus = chooseCores(roots, name);
    claimCores(coreClaimsOf(roots), name, cpus);
    const sandbox = planSandbox({
      host,
      group: place.group,
      jail: place.jail,
      memory: request.memory,
      cpus,
      image,
      shares: shares.length > 0,
      network: network?.argument,
      init: { from: initFile, fd: fds.init },
      binds: [{ from: place.guest, to: '/guest/run', mode: 'ro' }, ...directoryBinds(directories, place)],
    });
    // What the guest makes in a shared directory has the modes that the guest gives it.
    process.umask(0);
    const memory = memoryCgroups();
    const init = openInit();
    const running = await spawnInJail({
      argv: sandboxArguments(sandbox),
      cwd: '/',
      descriptors: new Map<number, number | 'pipe'>([
        ...[0, 1, 2, fds.line].map((fd) => [fd, 'pipe'] as const),
        [fds.init, init],
        ...files.numbered(fds.binds),
      ]),
      onPipes: (pipes) => relay.connect(pipes, place.input),
      status: { fd: fds.status, path: place.status },
      mounts: sandbox,
      tied: true,
      trial: sandbox,
      seccomp: { fd: fds.seccomp, filter: seccompFilter(filterOf(host)) },
      ...(hasGate(host) ? { gate: { fd: fds.gate, open: ({ pid }) => network?.connect(pid, sandbox) } } : {}),
      words: () => relay.words,
    }).finally(() => closeSync(init));
    try {
      // The jail has it: what has no name cannot be left behind.
      if (image) rmSync(image.changes, { force: true });
      const status = await relay.untilEnd(running.exit, () => outOfMemory(memory, memoryCgroups()));
      const reasons = [
        status === 126 || status === 127 ? leftOut(directories) : undefined,
        status === 126 ? notExecutable(directories) : undefined,
      ];
      for (const reason of reasons)
        if (reason !== undefined)
          console.error(`umlrun: ${printable(reason, umlrunLimits.failureCharacters)}`);
      return status;
    } finally {
      await end(running);
      learn(roots, host, sandbox.command, relay.words);
    }
  } finally {
    image?.release();
  }
}

/** A run has its network to itself. */
const ownMac = '02:00:00:00:00:01';

interface RunNetwork {
  /** Of the kernel. */
  readonly argument: KernelArgument;
  /** Errors: NETWORK_COMMAND. */
  connect(jail: number, sandbox: SandboxPlan): Promise<void>;
}

/** What is connected ends with the directory of the run. */
function networkOf(
  { home }: RunDirectory,
  { kernel, networkPrograms: programs }: Host,
): RunNetwork | undefined {
  if (!programs) return undefined;
  const { plan, spec } = planPasta({}, 0, home, hasIpv6());
  return {
    argument: interfaceArgument(0, spec, ownMac, kernel).argument,
    connect: (jail, sandbox) =>
      connectUser({ ...programs, become: userArguments(sandbox, sandbox.programs.setpriv) }, plan, jail),
  };
}

/** By claims only: the load of the cores would take a second measurement. */
function chooseCores(roots: Roots, name: string): number[] {
  const claims = countClaims(coreClaimsOf(roots), name);
  const cores = allowedCores().map((core) => ({ core, vms: claims.get(core) ?? 0, busy: 0 }));
  const core = chooseCore(cores, name);
  return core === undefined ? [] : [core];
}

/** There is nothing in the VM that is worth an orderly end. */
async function end({ init, exit }: Sandbox): Promise<void> {
  if (init) killSandbox(init);
  await exit;
}

/** Makes the next boots faster. Several first runs at once may be in each other's way: that costs only time. */
function learn(
  roots: Roots,
  { kernel, lpj }: Host,
  [, ...own]: SandboxPlan['command'],
  bootMessages: string,
): void {
  if (lpj !== undefined) return;
  try {
    const { file, version } = kernel;
    rememberLpj(lpjCacheOf(roots), { kernel: { file, version, arguments: own } }, bootMessages);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

async function prepareRoot(
  place: RunDirectory,
  { request, roots, host, directories, files }: RunParts,
): Promise<{ root: Job['root']; image: RunImage | undefined }> {
  if (directories.root) {
    const overlay = host.overlay && '/overlay.ko';
    return { root: { from: 'directory', jailPath: '/root', overlay }, image: undefined };
  }
  const path = request.image ?? join(roots.shared, usualImage);
  if (request.image === undefined && !statSync(path, { throwIfNoEntry: false }))
    throw new UmlmonError('IMAGE_MISSING', {
      place: path,
      cause: 'the default image does not exist, and neither -image nor -root is given',
      hint: 'give an image: umlrun -image FILE -- COMMAND',
    });
  const image = await prepareImage(path, { roots, place, user: host.user, files });
  return { root: { from: 'image', type: image.type, device: image.device }, image };
}

/** That of the caller, where the guest has the same. */
function workingDirectory(shares: Directories['shares']): string {
  const own = currentDirectory();
  if (own === undefined) return '/';
  const isShared = shares.some(({ directory }) => own === directory || own.startsWith(`${directory}/`));
  return isShared ? own : '/';
}

/** What a command can rely on, and what the caller gives it. */
function environmentOf({ environment }: RunRequest): Uint8Array[] {
  const usual = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    ...(process.env.TERM === undefined ? {} : { TERM: process.env.TERM }),
  };
  const nameOf = (variable: Uint8Array) => Buffer.from(variable).toString('latin1').split('=', 1)[0] ?? '';
  const given = new Map(environment.map((variable) => [nameOf(variable), variable]));
  return [
    ...Object.entries(usual).flatMap(([name, value]) =>
      given.has(name) ? [] : [Buffer.from(`${name}=${value}`)],
    ),
    ...given.values(),
  ];
}
