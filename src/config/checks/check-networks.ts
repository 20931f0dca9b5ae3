import { type Config, originOf, type VmConfig } from '../config.ts';
import { isTransport, type NetworkSpec } from '../networks/kinds.ts';
import { forwardText, termsOf } from '../networks/shared.ts';
import { type TransportNeeds, transportNeeds } from '../networks/transports.ts';
import { type Problem, problemAt } from '../problem.ts';

/** Names and addresses of an interface that no other interface of the host, or of its guests, may have. */
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
    // Several may be at one interface, in one network, and at one switch.
    case 'raw':
    case 'hybrid':
    case 'network':
    case 'bess':
      return [];
  }
}

/** Interfaces of one VM that are in each other's way. */
export function checkOwnNetworks(vm: VmConfig): Problem[] {
  return [...checkOwnNames(vm), ...checkConnections(vm), ...checkNamespaces(vm)];
}

/** Which network namespace an interface needs its kernel to be in. */
export function namespaceOf(spec: NetworkSpec): TransportNeeds['network'] {
  if (spec.kind === 'user') return 'own';
  return isTransport(spec) ? transportNeeds(spec).network : 'host';
}

/** A kernel is in one network namespace: that of the host, or, with raw sockets, one of its own. */
function checkNamespaces(vm: VmConfig): Problem[] {
  const inHost = vm.eth.find((spec) => namespaceOf(spec) === 'host');
  const apart = vm.eth.find((spec) => namespaceOf(spec) === 'own');
  if (!inHost || !apart) return [];
  const cause = `a kernel with ${apart.kind} is kept apart from the network of the host, where eth${inHost.unit} needs it to be`;
  const why = { code: 'CONFIG_CONFLICT', cause, hint: 'give one of the two to another VM' } as const;
  return [problemAt(originOf(vm, `eth${apart.unit}`), why)];
}

/** A kernel in the network of the host may not connect: there are sockets of others without a file. */
function checkConnections(vm: VmConfig): Problem[] {
  const inHost = vm.eth.find((spec) => namespaceOf(spec) === 'host');
  const bess = vm.eth.find(({ kind }) => kind === 'bess');
  if (!inHost || !bess) return [];
  const cause = `bess connects, which a kernel in the network of the host may not; eth${inHost.unit} needs it to be there`;
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
      const cause = `${argument}: eth${first} has ${text} too`;
      const why = { code: 'CONFIG_CONFLICT', cause, hint: 'every interface needs its own' } as const;
      return [problemAt(originOf(vm, `eth${spec.unit}`), why)];
    }),
  );
}

/** Interfaces of several VMs that are in each other's way: the VMs cannot run at the same time. */
export function checkCommonNetworks(config: Config): Problem[] {
  const owner = new Map<string, string>();
  const names = [...config.vms.values()].flatMap((vm) =>
    vm.eth.flatMap((spec) =>
      ownNames(spec).flatMap(({ argument, text }) => {
        const first = owner.get(text);
        owner.set(text, first ?? vm.name);
        if (first === undefined || first === vm.name) return [];
        const cause = `${argument}: ${first} has ${text} too, so only one of the two VMs can run at a time`;
        const why = { code: 'CONFIG_UNUSUAL', cause, hint: 'every interface needs its own' } as const;
        return [problemAt(originOf(vm, `eth${spec.unit}`), why, 'warning')];
      }),
    ),
  );
  return [...names, ...checkTerms(config)];
}

/** What all VMs in one named network must say of it, and do not. */
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
      const cause = `${name}: ${before.vm} says ${before.terms}, and this says ${terms}, so only one of the two VMs can run at a time`;
      const why = { code: 'CONFIG_UNUSUAL', cause, hint: 'all VMs of a network must say the same' } as const;
      return [problemAt(originOf(vm, `eth${spec.unit}`), why, 'warning')];
    }),
  );
}
