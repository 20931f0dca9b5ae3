import { closeSync, existsSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestTerminals } from '../../console/input/guest-terminals.ts';
import { Pty } from '../../console/pty.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { resumeKernel } from '../../jail/pause.ts';
import { adoptSandbox, endSandbox } from '../../jail/spawn/sandbox-processes.ts';
import { KernelWaker } from '../../jail/wake.ts';
import { KernelSender } from '../../kernel/kernel-sender.ts';
import { Mconsole, versionOf } from '../../kernel/mconsole.ts';
import { NotifyListener } from '../../kernel/notify.ts';
import { fdOf } from '../../plan/descriptors.ts';
import { releaseCores } from '../../plan/facts/core-claims.ts';
import type { Descriptor, LaunchPlan } from '../../plan/plan.ts';
import { stepOf } from '../../plan/step-of.ts';
import { wallMoment } from '../../system/clock.ts';
import { toFailure } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { pidfdGetfd } from '../../system/native/native.ts';
import { openProcess } from '../../system/native/process.ts';
import { Disks } from '../disks/disks.ts';
import { hasDisk } from '../disks/plug-disk.ts';
import type { KernelOwner } from '../kernel-owner.ts';
import { Networks } from '../networks/networks.ts';
import { settleInterfaces } from '../networks/plug-network.ts';
import { keepOffCores } from '../program/avoid-cores.ts';
import { RunningKernel } from '../running-kernel.ts';
import { UndoStack } from '../start/undo.ts';
import type { FoundKernel } from './find-kernel.ts';
import type { RunRecord } from './run-record.ts';

/** A kernel that lives opens its management console some 10 ms after exec; a loaded host takes longer. */
const bootMs = monitorLimits.takeoverAnswer;
const pollMs = 10;

/**
 * Takes over a kernel that a previous monitor has left. Its descriptors are fetched from the kernel process itself.
 * The masters of its consoles are fetched so that no terminal hangs up, and the locks to hold and sync them.
 * Then the kernel must answer. If a step fails, everything is released and the VM is unchanged.
 */
export async function adoptKernel(
  { record, launcher, jailed }: FoundKernel,
  owner: KernelOwner,
): Promise<RunningKernel> {
  const { plan } = record;
  const undo = new UndoStack();
  // Its monitor was killed during a backup. The guard of the pause has done this already, if that was not killed, too.
  const wasPaused = existsSync(owner.layout.pauseRecord);
  if (wasPaused) resumeKernel(jailed.kernel);
  try {
    let console: Mconsole | undefined;
    const waker = new KernelWaker(jailed.kernel, {
      poke: () => console?.poke(),
      warning: owner.warnings.report,
    });
    undo.push('waker', () => waker.close());
    const pidfd = openProcess(jailed.kernel);
    if (pidfd === undefined) throw new Error(`kernel ${jailed.kernel.pid} has ended meanwhile`);
    let disks: Disks;
    let isOurs = false;
    try {
      fetchDescriptors(plan, pidfd, { owner, undo, wake: () => waker.wake() });
      owner.channels.useTerminals(new GuestTerminals(jailed.kernel));
      disks = fetchDisks(record, pidfd, owner);
      undo.push('images', () => (isOurs ? disks.close() : disks.leave()));
    } finally {
      closeSync(pidfd);
    }
    undo.push('own cores', keepOffCores(plan.sandbox.programs.taskset, plan.cpus));
    const sender = new KernelSender(
      { vm: plan.vm, uid: plan.user.uid, pid: jailed.kernel.pid },
      owner.warnings.report,
    );
    const listener = NotifyListener.open('run/mon/notify', (notification) => owner.notified(notification));
    undo.push('notify', () => listener.close());
    listener.hear(sender);
    const { mconsole: socket, reply } = stepOf(plan, 'await-kernel');
    const mconsole = Mconsole.open(reply, socket, sender);
    console = mconsole;
    undo.push('mconsole', () => mconsole.close());
    const version = await askVersion(mconsole);
    if (wasPaused) await thawAll(mconsole, owner.layout);
    await disks.relock();
    await forgetRemoved(disks, mconsole);
    // Only now, when nothing can fail any more: a VM that cannot be taken over is let be.
    const networks = new Networks(plan, record.networks);
    undo.push('network', () => networks.close());
    isOurs = true;
    undo.push('record', () => rmSync(owner.layout.runRecord, { force: true }));
    undo.push('cores', () => releaseCores(owner.layout.coreClaims, plan.vm));
    undo.push('sandbox', () => endSandbox(jailed.init));
    const sandbox = adoptSandbox(launcher, jailed, owner.layout.status);
    const { began, moment = wallMoment(began) } = record;
    const kernel = new RunningKernel({
      plan,
      began,
      moment,
      version,
      undo,
      sandbox,
      mconsole,
      disks,
      networks,
      clock: owner.clock,
    });
    // The takeover is complete even if this fails.
    await settleInterfaces(kernel).catch(owner.warnings.report);
    return kernel;
  } catch (error) {
    for (const release of await undo.unwind()) owner.warnings.report(release.error);
    throw error;
  }
}

/** A kernel whose monitor died in the middle of the start may not have come up yet. Errors: MCONSOLE_*. */
async function askVersion(mconsole: Mconsole): Promise<string> {
  const deadline = performance.now() + bootMs;
  for (;;) {
    try {
      return versionOf(await mconsole.request('version'));
    } catch (error) {
      if (toFailure(error).code !== 'MCONSOLE_DOWN' || performance.now() > deadline) throw error;
      await delay(pollMs);
    }
  }
}

/** File systems that were frozen for the backup; those that are not do not mind. */
async function thawAll(mconsole: Mconsole, { pauseRecord }: VmLayout): Promise<void> {
  await mconsole.request('sysrq j');
  rmSync(pauseRecord, { force: true });
}

/** What the kernel keeps for as long as it lives, and its monitor with it. */
const heldByKernel: ReadonlySet<Descriptor['is']> = new Set(['vm-lock']);

interface Taking {
  readonly owner: KernelOwner;
  readonly undo: UndoStack;
  readonly wake: () => void;
}

function fetchDescriptors(plan: LaunchPlan, pidfd: number, { owner, undo, wake }: Taking): void {
  for (const step of plan.steps) {
    if (step.do === 'open-consoles') owner.channels.configure(step.consoles, step.log);
    if (step.do !== 'launch') continue;
    for (const descriptor of step.descriptors) {
      if (descriptor.is === 'master') {
        const channel = owner.channels.get(descriptor.channel);
        const pty = Pty.adopt(pidfdGetfd(pidfd, descriptor.fd));
        channel.takeOver(pty, wake, owner.channels.markOf(descriptor.channel));
        undo.push(descriptor.channel, () => channel.disconnect());
      } else if (heldByKernel.has(descriptor.is)) {
        const fd = pidfdGetfd(pidfd, descriptor.fd);
        undo.push(descriptor.is, () => closeSync(fd));
      }
    }
  }
}

/** The locks of the disks that the kernel has, as far as it has inherited them; the list of them in any case. */
function fetchDisks({ plan, disks }: RunRecord, pidfd: number, { warnings }: KernelOwner): Disks {
  const step = stepOf(plan, 'lock-images');
  const { descriptors } = stepOf(plan, 'launch');
  const holder = pidfdGetfd(pidfd, fdOf(descriptors, 'image-holder'));
  return Disks.adopt(
    { vm: plan.vm, user: plan.user, step, warning: warnings.report },
    disks ?? step.images.map((image) => ({ image, plugged: false })),
    holder,
    (is, unit) => {
      const kept = descriptors.find((descriptor) => descriptor.is === is && descriptor.unit === unit);
      return kept && pidfdGetfd(pidfd, kept.fd);
    },
  );
}

/** The previous monitor may have ended in the middle of a plug or unplug: the kernel reports the result. */
async function forgetRemoved(disks: Disks, mconsole: Mconsole): Promise<void> {
  for (const { image, plugged } of [...disks.all])
    if (plugged && !(await hasDisk(mconsole, image.unit))) await disks.remove(image.unit);
}
