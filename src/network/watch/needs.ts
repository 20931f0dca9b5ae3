/** What a VM needs on the host while it runs, taken from the very commands that a start executes. Pure. */
import { shortAddress } from '../../system/ip-address.ts';
import type { CommandWords } from '../host/run-ip.ts';
import type { NetworkRecord, RecordPlace } from '../network-record.ts';
import type { InterfacePlan } from '../plan/interface-plan.ts';
import type { KernelSetting } from '../plan/kernel-settings.ts';
import { forwarderOf, planForwards } from '../plan/nat-plan.ts';
import type { NftTable } from '../plan/private-bridge-plan.ts';
import { type SharedPlan, traceOf } from '../plan/shared-plan.ts';
import { chainsIn, tablesIn } from '../rules/rules-text.ts';

/** A thing that must exist, in a form that can be compared with what is found. */
export type Thing =
  /** An interface; with a mark if umlmon has made it. */
  | { readonly is: 'link'; readonly name: string; readonly alias?: string }
  | { readonly is: 'up' | 'promiscuous' | 'isolated'; readonly name: string }
  /** `10.7.0.1/24` of an interface. */
  | { readonly is: 'address' | 'route'; readonly what: string; readonly name: string }
  /** An address that an interface announces for the guest. */
  | { readonly is: 'proxy'; readonly what: string; readonly name: string }
  | { readonly is: 'port'; readonly name: string; readonly bridge: string }
  | { readonly is: 'vlan'; readonly name: string; readonly vlan: number }
  | ({ readonly is: 'setting' } & KernelSetting)
  | ({ readonly is: 'table'; readonly chains: ReadonlyMap<string, number> | undefined } & NftTable);

/** One step of its restoration; they are done in this order, up to the first that fails. */
export type MakingStep =
  | { readonly ip: readonly CommandWords[] }
  | { readonly bridge: readonly CommandWords[] }
  | { readonly rules: string }
  | { readonly setting: KernelSetting };

export interface Need {
  readonly thing: Thing;
  /** Empty for what is not restored: another program owns it, it was set on purpose, or the kernel has it open. */
  readonly make: readonly MakingStep[];
  /** What to do if it is not restored. */
  readonly cure: string;
}

/** All needs of a VM; each comes after those that it depends on. */
export function needsOf(place: RecordPlace, interfaces: readonly InterfacePlan[]): Need[] {
  const shared = new Map(
    interfaces.flatMap(({ shared: one }) => (one ? [[one.how.alias, one] as const] : [])),
  );
  const forwards = interfaces.flatMap((plan) => plan.forwards);
  const table = planForwards(forwarderOf(place), forwards);
  const restart = restartOf(place);
  const needs = [
    ...[...shared.values()].flatMap((one) => ofShared(restart, one)),
    ...interfaces.flatMap((plan) => ofInterface(restart, plan)),
    ...interfaces.flatMap(ofForwarding6),
    ...(forwards.length > 0 ? ofTables(table.rules, restart) : []),
  ];
  return [...new Map(needs.map((need) => [JSON.stringify(need.thing), need])).values()];
}

/** The needs that follow from the record of a VM alone, without the steps to restore them. */
export function needsOfRecord(place: RecordPlace, record: NetworkRecord): Need[] {
  const bare = (thing: Thing): Need => ({ thing, make: [], cure: restartOf(place) });
  const tables = [
    ...record.shared.map((use) => traceOf(use, place.directory).forget),
    ...(record.forwards.length > 0 ? [planForwards(forwarderOf(place), []).forget] : []),
  ].flatMap(tablesIn);
  return [
    ...record.shared.map((use) => {
      const { bridge: name, alias } = traceOf(use, place.directory);
      return bare({ is: 'link', name, alias });
    }),
    ...record.interfaces.map(({ name, alias }) => bare({ is: 'link', name, alias })),
    ...[...tables, ...record.tables].map((one) => bare({ is: 'table', ...one, chains: undefined })),
    ...record.announced.map(({ address, on }) =>
      bare({ is: 'proxy', what: shortAddress(address), name: on }),
    ),
    ...record.settings.map(({ name, value }) => ({
      ...bare({ is: 'setting', name, value }),
      cure: sysctl({ name, value }),
    })),
  ];
}

function restartOf({ vm }: RecordPlace): string {
  return `umlwatch ${vm} -restart`;
}

function ofShared(restart: string, { how }: SharedPlan): Need[] {
  const { bridge, alias, make, rules, open } = how;
  const parts = make.flatMap((words) =>
    words[1] === 'add' && words[3] !== bridge && words[0] === 'link' ? [words[3] ?? ''] : [],
  );
  const isOfPart = (words: CommandWords) => parts.some((part) => words.includes(part));
  return [
    {
      thing: { is: 'link', name: bridge, alias },
      make: [{ ip: make.filter((words) => !isOfPart(words)) }, { rules }, { ip: open }],
      cure: restart,
    },
    ...parts.map(
      (name): Need => ({
        thing: { is: 'link', name, alias },
        make: [{ ip: make.filter(isOfPart) }],
        cure: restart,
      }),
    ),
    ...make.flatMap((words) => ofCommand(words, [])),
    ...open.flatMap((words) => ofCommand(words, [])),
    ...ofTables(rules, restart),
  ];
}

function ofInterface(restart: string, plan: InterfacePlan): Need[] {
  const { name, alias, leg, join } = plan;
  const commands = [...plan.make, ...(leg?.outside ?? [])];
  const vlans = join.filter(([what]) => what === 'vlan');
  const own = [...plan.own, ...(leg?.settings ?? [])];
  return [
    ...(name === '' ? [] : [{ thing: link(name, alias), make: [], cure: restart }]),
    ...commands.flatMap((words) => ofCommand(words, join, plan)),
    ...vlans
      .filter(([, verb]) => verb === 'add')
      .map(
        (words): Need => ({
          thing: { is: 'vlan', name, vlan: Number(words[words.indexOf('vid') + 1]) },
          make: [{ bridge: [words] }],
          cure: `bridge ${words.join(' ')}`,
        }),
      ),
    ...own.map(
      (setting): Need => ({
        thing: { is: 'setting', ...setting },
        make: [{ setting }],
        cure: sysctl(setting),
      }),
    ),
    ...plan.others.map(
      (setting): Need => ({ thing: { is: 'setting', ...setting }, make: [], cure: sysctl(setting) }),
    ),
    ...plan.announced.map(
      ({ address, on }): Need => ({
        thing: { is: 'proxy', what: shortAddress(address), name: on },
        make: [{ ip: [['neighbour', 'add', 'proxy', address, 'dev', on]] }],
        cure: `ip neighbour add proxy ${address} dev ${on}`,
      }),
    ),
    ...plan.rules.flatMap(({ rules }) => ofTables(rules, restart)),
  ];
}

/** That the administrator has turned on before the start: with it off, the host forwards no IPv6 for anyone. */
function ofForwarding6({ own, leg, shared, announced }: InterfacePlan): Need[] {
  const isRouted =
    [...own, ...(leg?.settings ?? [])].some(({ name }) => /^net\/ipv6\/.*\/forwarding$/.test(name)) ||
    (shared?.kind === 'nat' &&
      shared.how.make.some((words) => words[0] === 'address' && words[2]?.includes(':')));
  const ofHost = announced.flatMap(({ address, on }) => (address.includes(':') ? [on] : []));
  return (isRouted ? ['all', ...ofHost] : []).map((of): Need => {
    const setting = { name: `net/ipv6/conf/${of}/forwarding`, value: '1' };
    return { thing: { is: 'setting', ...setting }, make: [], cure: sysctl(setting) };
  });
}

function link(name: string, alias: string): Thing {
  return alias === '' ? { is: 'link', name } : { is: 'link', name, alias };
}

/** What one command of ip(8) leaves behind, if it can be wiped on its own. */
function ofCommand(words: CommandWords, join: readonly CommandWords[], plan?: InterfacePlan): Need[] {
  const after = (word: string) => words[words.indexOf(word) + 1] ?? '';
  const again = [{ ip: [words] }];
  const cure = `ip ${words.join(' ')}`;
  const [object, verb] = words;
  if (object === 'address' && verb === 'add')
    return [
      { thing: { is: 'address', what: plainPrefix(after('add')), name: after('dev') }, make: again, cure },
    ];
  if (object === 'route' && verb === 'add')
    return [
      { thing: { is: 'route', what: plainPrefix(after('add')), name: after('dev') }, make: again, cure },
    ];
  if (object !== 'link' || verb !== 'set') return [];
  const name = after('dev');
  if (words.includes('master')) {
    const bridge = after('master');
    const options = (plan?.make ?? []).filter(
      (other) => other.includes(name) && other.includes('bridge_slave'),
    );
    const isOurs = plan?.shared?.how.bridge === bridge || plan === undefined;
    return [
      ...(isOurs ? [] : ofForeignBridge(bridge)),
      { thing: { is: 'port', name, bridge }, make: [{ ip: [words, ...options] }, { bridge: join }], cure },
    ];
  }
  if (words.includes('isolated')) return [{ thing: { is: 'isolated', name }, make: again, cure }];
  if (words.includes('promisc')) return [{ thing: { is: 'promiscuous', name }, make: again, cure }];
  // An administrator may have set it down on purpose.
  return words.at(-1) === 'up' ? [{ thing: { is: 'up', name }, make: [], cure }] : [];
}

/** As the host writes it. */
function plainPrefix(text: string): string {
  const [address = '', length] = text.split('/');
  return length === undefined ? shortAddress(address) : `${shortAddress(address)}/${length}`;
}

function ofForeignBridge(name: string): Need[] {
  const up = `ip link set dev ${name} up`;
  return [
    { thing: { is: 'link', name }, make: [], cure: `ip link add ${name} type bridge; ${up}` },
    { thing: { is: 'up', name }, make: [], cure: up },
  ];
}

function ofTables(rules: string, cure: string): Need[] {
  return tablesIn(rules).map((table) => ({
    thing: { is: 'table', ...table, chains: chainsIn(rules) },
    make: [{ rules }],
    cure,
  }));
}

function sysctl({ name, value }: KernelSetting): string {
  return `sysctl -w ${name}=${value}`;
}
