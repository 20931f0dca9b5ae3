import { closeSync, rmSync } from 'node:fs';
import { GuestTerminals } from '../../console/input/guest-terminals.ts';
import { Pty } from '../../console/pty.ts';
import { makeDirectories, ownIds } from '../../jail/directories.ts';
import { userArguments } from '../../jail/sandbox/sandbox.ts';
import { seccompFilter } from '../../jail/sandbox/seccomp.ts';
import { endSandbox, type Sandbox } from '../../jail/spawn/sandbox-processes.ts';
import { spawnInJail } from '../../jail/spawn/spawn.ts';
import type { DeviceBind, SpawnRequest } from '../../jail/spawn/spawn-request.ts';
import { KernelWaker } from '../../jail/wake.ts';
import { KernelSender } from '../../kernel/kernel-sender.ts';
import type { Mconsole } from '../../kernel/mconsole.ts';
import { NotifyListener } from '../../kernel/notify.ts';
import { configureNetwork } from '../../network/configure.ts';
import { connectUser } from '../../network/connect-pasta.ts';
import { connectVeths } from '../../network/connect-veth.ts';
import { claimCores, releaseCores } from '../../plan/facts/core-claims.ts';
import type { Descriptor, LaunchPlan, Step, StepOf } from '../../plan/plan.ts';
import { stepOf } from '../../plan/step-of.ts';
import type { Moment } from '../../system/clock.ts';
import { type Failure, isErrorCode, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { lockReadOnly } from '../../system/files/held-lock.ts';
import { discard, emptyTrash, roomInTrash } from '../../system/files/trash.ts';
import type { ProcessIdentity } from '../../system/native/process.ts';
import { shellWord } from '../../system/shell-word.ts';
import { Disks } from '../disks/disks.ts';
import type { KernelOwner } from '../kernel-owner.ts';
import { Networks } from '../networks/networks.ts';
import { passedDescriptor } from '../networks/passed-descriptors.ts';
import { keepOffCores } from '../program/avoid-cores.ts';
import { RunningKernel } from '../running-kernel.ts';
import { assertNotKilled } from '../start-killed.ts';
import { writeRunRecord } from '../takeover/run-record.ts';
import { awaitKernel } from './await-kernel.ts';
import { openCopied } from './copied-files.ts';
import { UndoStack } from './undo.ts';

/** What the steps have opened so far. */
interface Progress {
  readonly plan: LaunchPlan;
  readonly owner: KernelOwner;
  readonly undo: UndoStack;
  readonly moment: Moment;
  /** Offset on con0 of the output of this start. */
  readonly con0From: number;
  /** Our descriptor for each descriptor of the plan, by `nameOf`. */
  readonly opened: Map<string, number>;
  notified: Promise<void>;
  listener: NotifyListener | undefined;
  /** Known when the kernel is. */
  sender: KernelSender | undefined;
  sandbox: Sandbox | undefined;
  waker: KernelWaker | undefined;
  mconsole: Mconsole | undefined;
  disks: Disks | undefined;
  readonly networks: Networks;
  version: string;
}

/**
 * Executes a launch plan step by step. If one fails, everything before it is released in reverse order, and the
 * error names the step.
 */
export async function executePlan(plan: LaunchPlan, owner: KernelOwner): Promise<RunningKernel> {
  const undo = new UndoStack();
  const progress: Progress = {
    plan,
    owner,
    undo,
    moment: owner.clock.moment(),
    con0From: owner.channels.find('con0')?.ring.next ?? 0,
    opened: new Map(),
    notified: Promise.resolve(),
    listener: undefined,
    sender: undefined,
    sandbox: undefined,
    waker: undefined,
    mconsole: undefined,
    disks: undefined,
    networks: new Networks(plan),
    version: '',
  };
  for (const step of plan.steps) {
    try {
      assertNotKilled(owner.signal);
      await perform(step, progress);
      owner.stepDone(step.do);
    } catch (error) {
      const why = failureOfStep(step, error);
      for (const release of await undo.unwind()) owner.warnings.report(release.error);
      throw why;
    }
  }
  const { sandbox, mconsole, disks, networks, moment, version } = progress;
  if (!sandbox || !mconsole || !disks) throw new Error('the plan has no step that spawns a kernel');
  return new RunningKernel({
    plan,
    began: moment.wall,
    moment,
    version,
    undo,
    sandbox,
    mconsole,
    disks,
    networks,
    clock: owner.clock,
  });
}

function perform(step: Step, progress: Progress): void | Promise<void> {
  switch (step.do) {
    case 'make-directories':
      return void makeDirectories(step.directories, ownIds(), progress.plan.user);
    case 'lock-vm':
      return lockVm(step, progress);
    case 'empty-directory':
      return emptyDirectory(step, progress);
    case 'lock-images':
      return lockImages(step, progress);
    case 'claim-cores':
      claimCores(step.directory, progress.plan.vm, step.cores);
      progress.undo.push('cores', () => releaseCores(step.directory, progress.plan.vm));
      return;
    case 'configure-network':
      // Before anything is done: a part of it may be there even if it fails.
      progress.undo.push('network', () => progress.networks.close());
      return configureNetwork(step.record, step.programs, step.interfaces, step.device);
    case 'open-consoles':
      return openConsoles(step, progress);
    case 'listen-notify':
      return listenNotify(step, progress);
    case 'record':
      writeRunRecord(step.path, {
        plan: progress.plan,
        began: progress.moment.wall,
        moment: progress.moment,
      });
      progress.undo.push(step.path, () => rmSync(step.path, { force: true }));
      return;
    case 'launch':
      return spawnKernel(step, progress);
    case 'await-kernel':
      return awaitAnnounced(step, progress);
  }
}

function lockVm({ path }: StepOf<'lock-vm'>, { plan, undo, opened }: Progress): void {
  // Not for writing: the kernel inherits it, and could fill the host's /run through it.
  const fd = lockReadOnly(path);
  if (fd === undefined)
    throw new UmlmonError('VM_ALIVE', {
      place: path,
      cause: `a kernel of ${plan.vm} still runs: it holds this lock`,
      hint: `find it with: fuser -v ${shellWord(path)}`,
    });
  undo.push(path, () => closeSync(fd));
  opened.set('vm-lock', fd);
}

/** The removal of the old directory is not awaited: the user of the VM may have filled it. */
async function emptyDirectory(
  { path, trash }: StepOf<'empty-directory'>,
  { plan, owner }: Progress,
): Promise<void> {
  await roomInTrash(trash);
  await discard(path, trash);
  const emptied = emptyTrash(trash);
  emptied.catch(owner.warnings.report);
  const fresh = [{ path, mode: 0o700, owner: 'vm', group: 'vm' }] as const;
  try {
    makeDirectories(fresh, ownIds(), plan.user);
  } catch {
    // The old one may have taken all the room that there was.
    await emptied;
    makeDirectories(fresh, ownIds(), plan.user);
  }
}

async function lockImages(step: StepOf<'lock-images'>, progress: Progress): Promise<void> {
  const { plan, owner, undo, opened } = progress;
  const disks = await Disks.lock({ vm: plan.vm, user: plan.user, step, warning: owner.warnings.report });
  undo.push('images', () => disks.close());
  progress.disks = disks;
  opened.set('image-holder', disks.holder);
  for (const { unit } of step.images)
    for (const is of ['image-lock', 'backing-lock'] as const) {
      const fd = disks.fdOf(is, unit);
      if (fd === undefined) continue;
      opened.set(nameOf({ fd: 0, is, unit }), fd);
      if (is === 'image-lock') opened.set(nameOf({ fd: 0, is: 'image-bind', unit }), fd);
    }
}

function openConsoles(step: StepOf<'open-consoles'>, progress: Progress): void {
  const { owner, undo, opened } = progress;
  owner.channels.configure(step.consoles, step.log);
  for (const { channel: name } of step.consoles) {
    const channel = owner.channels.get(name);
    const pty = Pty.open(channel.window.size);
    channel.connect(pty, () => progress.waker?.wake(), owner.channels.markOf(name));
    undo.push(name, () => channel.disconnect());
    opened.set(nameOf({ fd: 0, is: 'slave', channel: name }), pty.slave);
    opened.set(nameOf({ fd: 0, is: 'master', channel: name }), pty.master);
  }
}

function listenNotify({ path }: StepOf<'listen-notify'>, progress: Progress): void {
  progress.notified = new Promise((resolve) => {
    const listener = NotifyListener.open(path, (notification) => {
      if (notification.type === 'socket') resolve();
      progress.owner.notified(notification);
    });
    progress.undo.push(path, () => listener.close());
    progress.listener = listener;
  });
}

async function spawnKernel(step: StepOf<'launch'>, progress: Progress): Promise<void> {
  const { plan, owner, con0From, undo, opened } = progress;
  for (const descriptor of step.descriptors)
    if (descriptor.is === 'passed') opened.set(nameOf(descriptor), passedDescriptor(descriptor.name));
  const con0 = owner.channels.get('con0');
  const copied = openCopied(step.descriptors, plan.user);
  const sandbox = await spawnInJail({
    argv: step.argv,
    cwd: '/',
    descriptors: new Map([
      ...copied.numbered,
      ...step.descriptors.flatMap((descriptor) => {
        const ours = opened.get(nameOf(descriptor));
        return ours === undefined ? [] : [[descriptor.fd, ours] as const];
      }),
    ]),
    mounts: plan.sandbox,
    trial: plan.sandbox,
    devices: sharedDevices(progress),
    status: { fd: plan.sandbox.statusFd, path: step.statusFile },
    seccomp: { fd: plan.sandbox.seccompFd, filter: seccompFilter(step.filter) },
    ...gateOf(plan),
    words: () => con0.lastLines(con0.ring.capacity, con0From).join('\n'),
  }).finally(copied.close);
  progress.sandbox = sandbox;
  undo.push('sandbox', async () => {
    if (sandbox.init) await endSandbox(sandbox.init);
    await sandbox.exit;
  });
  if (sandbox.kernel)
    writeRunRecord(stepOf(plan, 'record').path, {
      plan,
      began: progress.moment.wall,
      moment: progress.moment,
      kernel: sandbox.kernel,
      ...(sandbox.init ? { init: sandbox.init } : {}),
    });
  undo.push('own cores', keepOffCores(plan.sandbox.programs.taskset, plan.cpus));
  if (sandbox.kernel) {
    progress.sender = new KernelSender(
      { vm: plan.vm, uid: plan.user.uid, pid: sandbox.kernel.pid },
      owner.warnings.report,
    );
    progress.listener?.hear(progress.sender);
    const waker = new KernelWaker(sandbox.kernel, {
      poke: () => progress.mconsole?.poke(),
      warning: owner.warnings.report,
    });
    progress.waker = waker;
    owner.channels.useTerminals(new GuestTerminals(sandbox.kernel));
    undo.push('waker', () => waker.close());
  }
}

/** Devices of the shared tree, identified by their locked descriptors. */
function sharedDevices({ plan, disks }: Progress): DeviceBind[] {
  return stepOf(plan, 'lock-images').images.flatMap(({ unit, jailPath, backing }) =>
    (
      [
        [jailPath, 'image-lock'],
        [backing?.jailPath ?? '', 'backing-lock'],
      ] as const
    ).flatMap(([to, is]) => {
      const fd = to.startsWith('/shared/') && to.endsWith('.dev') ? disks?.fdOf(is, unit) : undefined;
      return fd === undefined ? [] : [{ fd, to }];
    }),
  );
}

/** A kernel with a network of its own starts when that is connected. */
function gateOf({ sandbox, steps }: LaunchPlan): Pick<SpawnRequest, 'gate'> {
  const network = steps.find((step) => step.do === 'configure-network');
  if (sandbox.gateFd === undefined || !network) return {};
  const { record, programs, interfaces } = network;
  const open = async (jail: ProcessIdentity) => {
    if (interfaces.some(({ leg }) => leg)) await connectVeths(record, programs, interfaces, jail.pid);
    const become = userArguments(sandbox, sandbox.programs.setpriv);
    for (const { user } of interfaces) if (user) await connectUser({ ...programs, become }, user, jail.pid);
  };
  return { gate: { fd: sandbox.gateFd, open } };
}

async function awaitAnnounced(step: StepOf<'await-kernel'>, progress: Progress): Promise<void> {
  const { plan, owner, con0From, undo, sandbox, sender, notified } = progress;
  if (!sandbox) throw new Error('await-kernel before launch');
  const { signal } = owner;
  const con0 = owner.channels.get('con0');
  const wait = { plan, con0, con0From, signal, sandbox, sender, notified, undo };
  Object.assign(progress, await awaitKernel(step, wait));
}

/** The key of a descriptor among those that are open. */
function nameOf(descriptor: Descriptor): string {
  if (descriptor.is === 'image-lock' || descriptor.is === 'backing-lock' || descriptor.is === 'image-bind')
    return `${descriptor.is} ${descriptor.unit}`;
  if (descriptor.is === 'slave' || descriptor.is === 'master')
    return `${descriptor.is} ${descriptor.channel}`;
  return descriptor.is === 'passed' ? `passed ${descriptor.name}` : descriptor.is;
}

function failureOfStep(step: Step, error: unknown): UmlmonError {
  const { code, place, cause, hint }: Failure = toFailure(error, step.do);
  return new UmlmonError(isErrorCode(code) ? code : 'INTERNAL', {
    place: `start, step ${step.do}: ${place}`,
    cause,
    hint,
    words: error instanceof UmlmonError ? error.words : '',
  });
}
