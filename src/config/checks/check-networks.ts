import { type Config, originOf, type VmConfig } from '../config.ts';
import { isTransport, type NetworkSpec } from '../networks/kinds.ts';
import { forwardText, termsOf } from '../networks/shared.ts';
import { type TransportNeeds, transportNeeds } from '../networks/transports.ts';
import { type Problem, problemAt } from '../problem.ts';

/** Names and addresses of an interface that must be unique among the interfaces of the host and its guests. */
function ownNames(spec: NetworkSpec): { argument: string; text: string }[] {
  return [...kindNames(spec), ...(spec.mac === undefined ? [] : [{ argument: 'mac', text: spec.mac }])];
}

function kindNames(spec: NetworkSpec): { argument: string; text: string }[] {
  switch (spec.kind) {
    case 'host_to_host':
      return [
        { argument: 'proxy_if', text: spec.proxy_if },
        { argument: 'proxy_addr', text: spec.proxy_addr.text },
        { argument: 'guest_addr', text: spec.guest_addr.text },
      ];
    case 'user':
      return (spec.forward ?? []).map((forward) => ({ argument: 'forward', text: forwardText(forward) }));
    case 'bridged':
      return [{ argument: 'proxy_if', text: spec.proxy_if }];
    case 'nat':
      return [
        ...(spec.guest_addr === undefined ? [] : [{ argument: 'guest_addr', text: spec.guest_addr }]),
        ...(spec.forward ?? []).map((forward) => ({ argument: 'forward', text: forwardText(forward) })),
      ];
    case 'tap':
      return [{ argument: 'ifname', text: spec.ifname }];
    case 'gre':
      return [{ argument: 'dst', text: `GRE between ${spec.src.text} and ${spec.dst.text}` }];
    case 'l2tpv3':
      return spec.srcport === undefined
        ? [{ argument: 'dst', text: `L2TP between ${spec.src.text} and ${spec.dst.text}` }]
        : [{ argument: 'srcport', text: `UDP port ${spec.srcport} of ${spec.src.text}` }];
    case 'fd':
      return [{ argument: 'fd', text: `the descriptor ${spec.fd}` }];
    // Several interfaces may share one host interface, one network or one BESS switch.
    case 'raw':
    case 'hybrid':
    case 'network':
    case 'bess':
      return [];
  }
}

/** Errors in the relations of the interfaces of one VM. */
export function checkOwnNetworks(vm: VmConfig): Problem[] {
  return [...checkOwnNames(vm), ...checkConnections(vm), ...checkNamespaces(vm)];
}

/** The network namespace that the kernel of an interface must be in. */
export function namespaceOf(spec: NetworkSpec): TransportNeeds['network'] {
  if (spec.kind === 'user') return 'own';
  return isTransport(spec) ? transportNeeds(spec).network : 'host';
}

/** A kernel is in one network namespace: that of the host, or with raw sockets its own. */
function checkNamespaces(vm: VmConfig): Problem[] {
  const inHost = vm.eth.find((spec) => namespaceOf(spec) === 'host');
  const apart = vm.eth.find((spec) => namespaceOf(spec) === 'own');
  if (!inHost || !apart) return [];
  const cause = `${apart.kind} needs a network namespace of its own, but eth${inHost.unit} needs that of the host`;
  const why = { code: 'CONFIG_CONFLICT', cause, hint: 'give one of the two to another VM' } as const;
  return [problemAt(originOf(vm, `eth${apart.unit}`), why)];
}

/** A kernel in the network of the host may not call connect(2): it could reach abstract sockets of other programs. */
function checkConnections(vm: VmConfig): Problem[] {
  const inHost = vm.eth.find((spec) => namespaceOf(spec) === 'host');
  const bess = vm.eth.find(({ kind }) => kind === 'bess');
  if (!inHost || !bess) return [];
  const cause = `bess requires connect(2), which is forbidden in the network of the host, and eth${inHost.unit} needs that network`;
  const why = { code: 'CONFIG_CONFLICT', cause, hint: 'give one of the two to another VM' } as const;
  return [problemAt(originOf(vm, `eth${bess.unit}`), why)];
}

function checkOwnNames(vm: VmConfig): Problem[] {
  const owner = new Map<string, number>();
  return vm.eth.flatMap((spec) =>
    ownNames(spec).flatMap(({ argument, text }) => {
      const first = owner.get(text);
      owner.set(text, first ?? spec.unit);
      if (first === undefined) return [];
      const cause = `${argument}: eth${first} also has ${text}`;
      const why = { code: 'CONFIG_CONFLICT', cause, hint: 'use a different one for each interface' } as const;
      return [problemAt(originOf(vm, `eth${spec.unit}`), why)];
    }),
  );
}

/** Warnings on interfaces of several VMs that conflict: these VMs cannot run at the same time. */
export function checkCommonNetworks(config: Config): Problem[] {
  const owner = new Map<string, string>();
  const names = [...config.vms.values()].flatMap((vm) =>
    vm.eth.flatMap((spec) =>
      ownNames(spec).flatMap(({ argument, text }) => {
        const first = owner.get(text);
        owner.set(text, first ?? vm.name);
        if (first === undefined || first === vm.name) return [];
        const cause = `${argument}: ${first} also has ${text}, so only one of the two VMs can run at a time`;
        const why = {
          code: 'CONFIG_WARNING',
          cause,
          hint: 'use a different one for each interface',
        } as const;
        return [problemAt(originOf(vm, `eth${spec.unit}`), why, 'warning')];
      }),
    ),
  );
  return [...names, ...checkTerms(config)];
}

/** Warnings on VMs that describe one named network differently. */
function checkTerms({ vms }: Config): Problem[] {
  const first = new Map<string, { vm: string; terms: string }>();
  return [...vms.values()].flatMap((vm) =>
    vm.eth.flatMap((spec) => {
      if (spec.kind !== 'network' && spec.kind !== 'nat') return [];
      const terms = termsOf(spec);
      const name = `${spec.kind} ${spec.name}`;
      const before = first.get(name);
      if (!before) first.set(name, { vm: vm.name, terms });
      if (!before || before.terms === terms) return [];
      const cause = `${name}: ${before.vm} has ${before.terms}, but this VM has ${terms}, so only one of the two can run at a time`;
      const why = { code: 'CONFIG_WARNING', cause, hint: 'use the same arguments in all VMs' } as const;
      return [problemAt(originOf(vm, `eth${spec.unit}`), why, 'warning')];
    }),
  );
}
