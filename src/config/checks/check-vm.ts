import { configLimits } from '../../system/limits/limits.ts';
import { sizeText } from '../../system/size-text.ts';
import { originOf, type VmConfig } from '../config.ts';
import { ubdName } from '../paths.ts';
import { type Problem, problemAt, quoted, type Refusal } from '../problem.ts';
import { fastBootArguments, plainName } from '../values/kernel-arguments.ts';
import { sizeValue } from '../values/values.ts';
import { checkOwnNetworks } from './check-networks.ts';

/** Memory of monitor and kernel beyond that of the guest, in bytes; usually 30 MiB. */
const besideMemory = configLimits.memoryBeside;

/** Errors and warnings on the relations of the keys of one VM. */
export function checkVm(vm: VmConfig, root: boolean): Problem[] {
  const problems: Problem[] = [];
  const say = (key: string, why: Refusal, severity?: Problem['severity']): void => {
    problems.push(problemAt(originOf(vm, key), why, severity));
  };
  const conflict = (cause: string, hint: string): Refusal => ({ code: 'CONFIG_CONFLICT', cause, hint });
  const unusual = (cause: string, hint: string): Refusal => ({ code: 'CONFIG_WARNING', cause, hint });

  if (root && vm.vmuser === '')
    say('vmuser', {
      code: 'CONFIG_REQUIRED',
      cause: 'the VM has no user, and its kernel must not run as root',
      hint: `umladmin user ${vm.name} creates one and sets vmuser = uml-${vm.name}`,
    });

  const rootDisk = vm.ubd.find((disk) => disk.unit === vm.root.unit);
  if (!rootDisk)
    say(
      'root',
      conflict(
        `the root device ${ubdName(vm.root.unit)} is ubd${vm.root.unit}, which is not configured`,
        `add ubd${vm.root.unit} = /disks/root.dsk`,
      ),
    );
  else if (rootDisk.readOnly && vm.root_mode === 'rw')
    say(
      'root_mode',
      unusual(`root_mode is rw, but ubd${rootDisk.unit} is read-only`, 'set root_mode = ro'),
      'warning',
    );

  // Two ubd devices of one VM do not lock each other out: the kernel would write through both (ubd_kern.c).
  for (const disk of vm.ubd) {
    const twin = vm.ubd.find((other) => other.unit < disk.unit && other.path === disk.path);
    if (twin && !(twin.readOnly && disk.readOnly))
      say(
        `ubd${disk.unit}`,
        conflict(
          `ubd${twin.unit} has the same image ${quoted(disk.path)}`,
          'use a writable image for one disk only',
        ),
      );
  }

  problems.push(...checkOwnNetworks(vm));

  const channels = [...vm.con.map(({ unit }) => `con${unit}`), ...vm.ssl.map(({ unit }) => `ssl${unit}`)];
  const awaited = vm.ready_pattern;
  if (vm.ready === 'console' && !awaited)
    say('ready', {
      code: 'CONFIG_REQUIRED',
      cause: 'ready = console requires a ready_pattern',
      hint: 'add one, as in ready_pattern = con0 login:',
    });
  if (awaited && !channels.includes(awaited.channel))
    say('ready_pattern', conflict(`the VM has no ${awaited.channel}`, `add ${awaited.channel} = pty`));

  if (vm.backup_freeze !== '' && !channels.includes(vm.backup_freeze))
    say('backup_freeze', conflict(`the VM has no ${vm.backup_freeze}`, `add ${vm.backup_freeze} = pty`));

  if (vm.memory_max !== 'auto' && vm.memory_max > 0 && vm.memory_max < vm.mem + besideMemory)
    say(
      'memory_max',
      conflict(
        `the guest alone can use ${sizeText(vm.mem)}, and monitor and kernel need more`,
        `set at least ${sizeValue(vm.mem + besideMemory)}`,
      ),
    );

  const fast = vm.fast_boot ? fastBootArguments(vm.append) : [];
  if (fast.length > 0)
    say('append', {
      code: 'CONFIG_RESERVED',
      cause: `fast_boot sets ${fast.slice(0, 8).map(quoted).join(', ')}`,
      hint: 'set fast_boot = false to use it here',
    });

  const plain = vm.append.map(plainName);
  const mode = plain.findLast((argument) => argument === 'ro' || argument === 'rw');
  if (mode && mode !== vm.root_mode)
    say(
      'append',
      unusual(
        `the argument ${mode} contradicts root_mode = ${vm.root_mode}`,
        `set root_mode = ${mode} instead`,
      ),
      'warning',
    );
  if (plain.some((argument) => argument === 'seccomp=on' || argument === 'seccomp=auto'))
    say(
      'append',
      unusual(
        'with seccomp=on any program of the guest can take over the guest kernel',
        'use it only where all users of the guest are trusted',
      ),
      'warning',
    );
  return problems;
}
