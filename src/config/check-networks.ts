import { type Config, originOf, type VmConfig } from './config.ts';
import type { NetworkSpec } from './network-kinds.ts';
import { type Problem, problemAt } from './problem.ts';

/** Names and addresses of an interface that no other interface of the host, or of its guests, may have. */
function ownNames(spec: NetworkSpec): { argument: string; text: string }[] {
  const addresses =
    spec.kind === 'host_to_host'
      ? [
          { argument: 'proxy_addr', text: spec.proxy_addr.text },
          { argument: 'guest_addr', text: spec.guest_addr.text },
        ]
      : [];
  return [
    { argument: 'proxy_if', text: spec.proxy_if },
    ...addresses,
    ...(spec.mac === undefined ? [] : [{ argument: 'mac', text: spec.mac }]),
  ];
}

/** Interfaces of one VM that are in each other's way. */
export function checkOwnNetworks(vm: VmConfig): Problem[] {
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
export function checkCommonNetworks({ vms }: Config): Problem[] {
  const owner = new Map<string, string>();
  return [...vms.values()].flatMap((vm) =>
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
}
