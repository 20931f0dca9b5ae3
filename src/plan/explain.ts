/** Pure. */
import type { InterfacePlan } from '../network/plan/interface-plan.ts';
import { shellWord } from '../system/shell-word.ts';
import type { Descriptor, LaunchPlan, Step } from './plan.ts';

/** A launch plan as text: every step with its paths, modes, owners and descriptors, then the whole command. */
export function explainPlan(plan: LaunchPlan): string {
  const { name, uid, gid } = plan.user;
  return [
    `plan for ${plan.vm}`,
    `  user     ${name} (uid ${uid}, gid ${gid})`,
    `  kernel   ${plan.kernel.file} (${plan.kernel.version})`,
    `  memory   ${plan.mem / 1024 ** 2} MiB`,
    `  cores    ${plan.cpus.length > 0 ? plan.cpus.join(',') : 'all'}`,
    `  sandbox  ${plan.sandbox.launcher} launcher, network: ${plan.sandbox.network}`,
    ...plan.steps.flatMap((step, i) => [
      '',
      `${i + 1}. ${step.do}`,
      ...explainStep(step).map((line) => `   ${line}`),
    ]),
    '',
  ].join('\n');
}

function explainStep(step: Step): string[] {
  switch (step.do) {
    case 'make-directories':
      return step.directories.map(
        ({ path, mode, owner, group }) => `${mode.toString(8).padStart(4, '0')} ${owner}:${group} ${path}`,
      );
    case 'lock-vm':
      return [step.path];
    case 'lock-images':
      return step.images.flatMap(({ unit, jailPath, hostPath, readOnly, backing }) => [
        `ubd${unit} ${readOnly ? 'read-only' : 'read-write'} ${jailPath} = ${hostPath}`,
        ...(backing ? [`ubd${unit} backing ${backing.jailPath} = ${backing.hostPath}`] : []),
      ]);
    case 'claim-cores':
      return [`${step.cores.join(',') || 'none'} in ${step.directory}`];
    case 'configure-network':
      return step.interfaces.flatMap(explainInterface);
    case 'empty-directory':
    case 'record':
      return [step.path];
    case 'open-consoles':
      return step.consoles.map(({ channel, logged }) =>
        logged
          ? `${channel}, logged in ${step.log.directory}/${channel} (${step.log.count} old files of ${step.log.size} bytes)`
          : channel,
      );
    case 'listen-notify':
      return [step.path];
    case 'launch':
      return [
        ...step.descriptors.map((descriptor) => `fd ${descriptor.fd} = ${descriptorText(descriptor)}`),
        `status in ${step.statusFile}`,
        `filter: sockets of ${[unixSockets[step.filter.unix], ...step.filter.families].join(', ')}`,
        ...commandText(step.argv),
      ];
    case 'await-kernel':
      return [
        `${step.mconsole} must be announced within ${step.withinMs / 1000} s; replies go to ${step.reply}`,
      ];
  }
}

const unixSockets = {
  none: 'no family',
  datagram: 'unix (datagrams)',
  connect: 'unix (connecting)',
} as const;

function explainInterface(network: InterfacePlan): string[] {
  const { unit, kind, guest, name, alias, make, join, rules, own, others, announced, leg, user } = network;
  return [
    `eth${unit} ${kind}: ${name && `${name} of the host, `}${guest} of the guest${alias && `; its mark is ${alias}`}`,
    ...make.map((words) => `ip ${words.join(' ')}`),
    ...join.map((words) => `bridge ${words.join(' ')}`),
    ...rules.map(({ family, table }) => `nft table ${family} ${table}`),
    ...(user
      ? [
          `pasta ${user.options.join(' ')}`,
          ...user.inside.map((words) => `ip ${words.join(' ')}, in the jail`),
        ]
      : []),
    ...(leg
      ? [
          ...leg.outside.map((words) => `ip ${words.join(' ')}`),
          ...leg.settings.map(({ name: setting, value }) => `sysctl ${setting}=${value}`),
          ...leg.inside.map((words) => `ip ${words.join(' ')}, in the jail`),
          ...(leg.rulesInside === '' ? [] : ['nft in the jail']),
        ]
      : []),
    ...[...own, ...others].map(({ name: setting, value }) => `sysctl ${setting}=${value}`),
    ...announced.map(({ address, on }) => `ip neighbour add proxy ${address} dev ${on}`),
  ];
}

function descriptorText(descriptor: Descriptor): string {
  if (descriptor.is === 'image-lock') return `lock of ubd${descriptor.unit}`;
  if (descriptor.is === 'image-bind') return `ubd${descriptor.unit}, until it is bound`;
  if (descriptor.is === 'copy') return `${descriptor.path}, until it is copied`;
  if (descriptor.is === 'backing-lock') return `lock of the backing file of ubd${descriptor.unit}`;
  if (descriptor.is === 'slave' || descriptor.is === 'master')
    return `${descriptor.channel}, pty ${descriptor.is}`;
  return descriptor.is === 'passed' ? `${descriptor.name}, passed to the monitor` : descriptor.is;
}

/** One option with its values per line, quoted for a shell. */
function commandText(argv: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of argv.map(shellWord)) {
    const last = lines.at(-1);
    if (last === undefined || word.startsWith('-') || !last.startsWith('-')) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, i) => `${i === 0 ? '$ ' : '    '}${line}${i < lines.length - 1 ? ' \\' : ''}`);
}
