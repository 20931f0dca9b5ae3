/** Which of the VM's settings this host cannot fulfil. Pure; the texts address the author of the setting. */
import { type GlobalConfig, originOf, type VmConfig } from '../../config/config.ts';
import { type Problem, problemAt, type Refusal } from '../../config/problem.ts';
import { remountHint } from '../../jail/host/remount-hint.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { tooSmall } from '../../jail/sandbox/limits.ts';
import { copiesBytes, tmpfsBytes } from '../../jail/sandbox/mounts.ts';
import type { VmUser } from '../../jail/user.ts';
import { checkKernel } from '../../kernel/host-check.ts';
import { type ErrorCode, type Failure, isErrorCode } from '../../system/errors/errors.ts';
import { memoryOwner } from '../../system/processes/memory-cgroup.ts';
import { shellWord } from '../../system/shell-word.ts';
import { sizeText } from '../../system/size-text.ts';
import type { ConfiguredImage } from '../facts/configured-images.ts';
import type { Found } from '../facts/found.ts';
import type { Inventory } from '../facts/inventory.ts';
import { checkContent } from './check-content.ts';
import { checkDisk } from './check-disk.ts';
import { checkNetwork } from './check-network.ts';

export function checkHost(global: GlobalConfig, vm: VmConfig, layout: VmLayout, host: Inventory): Problem[] {
  const at = (key: string, code: ErrorCode, cause: string, hint = ''): Problem =>
    problemAt(originOf(vm, key), { code, cause, hint });
  const missing = (key: string, found: Found<unknown> | undefined): Problem[] =>
    found && 'missing' in found ? [at(key, ...words(found.missing))] : [];
  return [
    ...host.distrusted,
    ...missing('vmuser', host.user),
    ...missing('kernel', host.kernel),
    ...('found' in host.kernel
      ? [
          ...missing('kernel', host.libraries),
          ...checkKernel(host.kernel.found, host.processor).map((why) => at('kernel', ...words(why))),
        ]
      : []),
    ...missing('', host.programs),
    ...missing('', host.launcherFiles),
    ...checkLauncher(global, host),
    ...checkUserNetworks(global, vm, host),
    ...host.closed.map(({ key, directory }) =>
      problemAt(originOf(key === 'kernel' ? vm : global, key), closedTo(host.user, key, directory)),
    ),
    ...host.unwritable.map(({ key, mount }) =>
      problemAt(originOf(global, key), {
        code: 'HOST_MOUNT',
        cause: `the monitor writes there, but ${mount} is mounted read-only`,
        hint: remountHint('ro', mount, `set ${key} to another directory`),
      }),
    ),
    ...checkMemory(vm, host, at),
    ...checkLimits(vm, host, at),
    ...checkCores(vm, host, at),
    ...missing(`eth${vm.eth[0]?.unit ?? 0}`, host.macs),
    ...vm.eth.flatMap((spec) =>
      checkNetwork(layout, spec, host).map((why) => problemAt(originOf(vm, `eth${spec.unit}`), why)),
    ),
    ...host.images.flatMap((image) => {
      const spec = vm.ubd.find((disk) => disk.unit === image.unit);
      return spec ? diskProblems(vm, spec, image, host) : [];
    }),
  ];
}

/** The content of a disk is checked only if the other checks pass. */
function diskProblems(
  vm: VmConfig,
  spec: VmConfig['ubd'][number],
  image: ConfiguredImage,
  host: Inventory,
): Problem[] {
  const { unit } = spec;
  const origin = originOf(vm, `ubd${unit}`);
  const refusals = checkDisk(vm, spec, image, host);
  if (refusals.length > 0) return refusals.map((why) => problemAt(origin, why));
  const seen = spec.kind === 'cow' ? host.backings.find((backing) => backing.unit === unit) : image;
  if (!seen?.guestContent || 'missing' in seen.facts) return [];
  const disk = { unit, hostPath: seen.facts.found.hostPath, content: seen.guestContent };
  return checkContent(vm, disk).map(({ why, severity }) => problemAt(origin, why, severity));
}

function words({ code, place, cause, hint }: Failure): [ErrorCode, string, string] {
  return [isErrorCode(code) ? code : 'HOST_SYSTEM_CALL', `${place}: ${cause}`, hint];
}

function closedTo(user: Found<VmUser>, key: string, directory: string): Refusal {
  return {
    code: key === 'kernel' ? 'KERNEL_ACCESS' : 'JAIL_ACCESS',
    cause: `user ${'found' in user ? user.found.name : '?'} cannot enter the directory ${directory}`,
    hint: `chmod a+x ${shellWord(directory)}, or move it elsewhere`,
  };
}

function checkLauncher(global: GlobalConfig, { root, namespaces }: Inventory): Problem[] {
  if (root || (global.userns === 'auto' && namespaces.allowed !== 'no')) return [];
  const cause =
    global.userns === 'off'
      ? 'without user namespaces (userns = off) a monitor must run as root'
      : `on this host only root can create a jail: ${namespaces.reason}`;
  const hint = global.userns === 'off' ? 'run umlmon as root' : `${namespaces.fix}; or run umlmon as root`;
  return [problemAt(originOf(global, 'userns'), { code: 'HOST_NAMESPACES', cause, hint })];
}

/** pasta enters a user namespace of the VM's user, which the root launcher does not make. */
function checkUserNetworks(global: GlobalConfig, vm: VmConfig, { namespaces }: Inventory): Problem[] {
  if (global.userns === 'auto' && namespaces.allowed !== 'no') return [];
  const cause = 'a user network needs user namespaces, and this monitor does not use them';
  const hint = global.userns === 'off' ? 'use nat, or remove userns = off' : `use nat; or ${namespaces.fix}`;
  return vm.eth
    .filter(({ kind }) => kind === 'user')
    .map(({ unit }) => problemAt(originOf(vm, `eth${unit}`), { code: 'HOST_NAMESPACES', cause, hint }));
}

type At = (key: string, code: ErrorCode, cause: string, hint?: string) => Problem;

function checkMemory(vm: VmConfig, { memory: { bytes, cgroup }, unrunnable }: Inventory, at: At): Problem[] {
  const need = tmpfsBytes(vm.mem) + copiesBytes(unrunnable.map((file) => file.bytes));
  if (need <= bytes) return [];
  const within = cgroup ? `, within ${memoryOwner(cgroup)}` : '';
  const cause = `the VM needs ${sizeText(need)} of host memory, but only ${sizeText(bytes)} are available${within}`;
  const hint = cgroup
    ? 'raise that limit, or reduce mem of this VM'
    : 'stop other VMs, or reduce mem of this VM';
  return [at('mem', 'HOST_MEMORY', cause, hint)];
}

function checkLimits(vm: VmConfig, { limits, images }: Inventory, at: At): Problem[] {
  const sizes = images.flatMap(({ facts }) => ('found' in facts ? [facts.found.size] : []));
  const why = tooSmall(limits, Math.max(vm.mem, ...sizes));
  return why ? [at('', 'HOST_LIMIT', why.cause, why.hint)] : [];
}

function checkCores(vm: VmConfig, { cores }: Inventory, at: At): Problem[] {
  if (typeof vm.cpu === 'string') return [];
  const usable = new Set(cores.map(({ core }) => core));
  const unusable = vm.cpu.filter((core) => !usable.has(core));
  if (unusable.length === 0) return [];
  const cause = `umlmon cannot use core ${unusable.join(', ')} of this host`;
  return [at('cpu', 'HOST_CORES', cause, `usable cores: ${[...usable].join(', ')}`)];
}
