/**
 * An interface → the argument of the kernel that makes it: `vecN:transport=…` (HOWTO v2, “Configuring vector
 * transports”), or, for kernels before the vector devices, `ethN=…` (the first HOWTO, chapter 6).
 */

import { commonOptions } from '../../config/networks/options.ts';
import {
  networkTransports,
  type TransportName,
  type TransportSpec,
} from '../../config/networks/transports.ts';
import { type KernelArgument, kernelArgument, wordDamage } from '../../config/values/kernel-argument.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { networkLimits } from '../../system/limits/limits.ts';

/** What the probe of a kernel finds (KernelTraits). */
export interface KernelTransports {
  readonly transports: readonly string[];
  readonly legacyTransports: readonly string[];
}

export interface InterfaceArgument {
  readonly argument: KernelArgument;
  /** Name of the interface in the guest. */
  readonly guestName: string;
}

/** Transports whose other end has segmentation offload on. */
const offloading: readonly TransportName[] = ['tap', 'hybrid', 'raw'];

/**
 * The argument for a kernel that has the transport; in the old form for a kernel that has taps in that form only.
 *
 * @param unit 0 for vec0 or eth0
 * @param mac the value of `mac=`, or else of the pool
 * @throws UmlmonError NETWORK_TRANSPORT if the kernel has it in neither form
 */
export function interfaceArgument(
  unit: number,
  spec: TransportSpec,
  mac: string,
  kernel: KernelTransports,
): InterfaceArgument {
  if (kernel.transports.includes(spec.kind))
    return { argument: vectorArgument(unit, spec, mac), guestName: `vec${unit}` };
  if (spec.kind === 'tap' && kernel.legacyTransports.includes('tuntap')) {
    const argument = legacyArgument(unit, { kind: 'tuntap', ifname: spec.ifname, mac });
    return { argument, guestName: `eth${unit}` };
  }
  const known = [...kernel.transports, ...kernel.legacyTransports].join(', ');
  throw new UmlmonError('NETWORK_TRANSPORT', {
    place: `eth${unit}`,
    cause: `the kernel does not have the transport ${spec.kind}`,
    hint: known ? `it has ${known}` : 'use a kernel with CONFIG_UML_NET_VECTOR',
  });
}

/** `vecN:transport=KIND,OPTION=VALUE,…`. Errors: KERNEL_ARGUMENT. */
export function vectorArgument(unit: number, spec: TransportSpec, mac: string): KernelArgument {
  const options = Object.entries(vectorOptions(unit, spec, mac));
  return kernelArgument(`vec${unit}:${options.map(([name, value]) => `${name}=${value}`).join(',')}`);
}

/** Options of the vector driver, in the order of the table. Errors: KERNEL_ARGUMENT. */
export function vectorOptions(unit: number, spec: TransportSpec, mac: string): Record<string, string> {
  const values: Readonly<Record<string, unknown>> = {
    ...(offloading.includes(spec.kind) ? { gro: true } : {}),
    ...('src' in spec && typeof spec.src === 'object' && spec.src.family === 6 ? { v6: true } : {}),
    ...spec,
    mac,
  };
  const names = Object.keys(networkTransports[spec.kind].arguments);
  const options = names.flatMap((name): [string, string][] =>
    values[name] === undefined ? [] : [[name, optionText(name, values[name])]],
  );
  if (options.length < networkLimits.vectorOptions && options.every(([, value]) => isPlain(value)))
    return { transport: spec.kind, ...Object.fromEntries(options) };
  throw new UmlmonError('KERNEL_ARGUMENT', {
    place: `vec${unit}:transport=${spec.kind}`,
    cause: 'the vector driver does not understand so many options, or such values',
  });
}

/** The driver splits at ',' and '=', and knows no way to quote them. */
function isPlain(value: string): boolean {
  return /^[^,="]+$/.test(value) && wordDamage(value) === undefined;
}

function optionText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'object' && value !== null && 'text' in value) return String(value.text);
  // The driver reads keys and sessions as signed numbers (kstrtoint), and takes no larger ones.
  if (typeof value === 'number' && !Object.hasOwn(commonOptions, name)) return String(value | 0);
  return String(value);
}

/** The interfaces of kernels before 6.16. A value that is left out is the kernel's own choice. */
export type LegacyInterface =
  | { readonly kind: 'tuntap'; readonly ifname?: string; readonly mac?: string; readonly host?: string }
  | {
      readonly kind: 'mcast';
      readonly mac?: string;
      readonly address?: string;
      readonly port?: number;
      readonly ttl?: number;
    }
  | {
      readonly kind: 'ucast';
      readonly mac?: string;
      readonly remote?: string;
      readonly listenPort?: number;
      readonly remotePort?: number;
    }
  | {
      readonly kind: 'daemon';
      readonly mac?: string;
      readonly socketType?: 'unix';
      readonly control?: string;
      readonly data?: string;
    };

/** `ethN=KIND,VALUE,…`: values by position, empty where one is left out, and none after the last. */
export function legacyArgument(unit: number, legacy: LegacyInterface): KernelArgument {
  const text = [legacy.kind, ...positions(legacy).map((value) => value ?? '')].join(',').replace(/,+$/, '');
  if (positions(legacy).every((value) => !/[,"]/.test(String(value ?? ''))))
    return kernelArgument(`eth${unit}=${text}`);
  throw new UmlmonError('KERNEL_ARGUMENT', {
    place: `eth${unit}=${text}`,
    cause: 'the values of an interface cannot contain blanks, commas or quotes',
  });
}

function positions(legacy: LegacyInterface): readonly (string | number | undefined)[] {
  switch (legacy.kind) {
    case 'tuntap':
      return [legacy.ifname, legacy.mac, legacy.host];
    case 'mcast':
      return [legacy.mac, legacy.address, legacy.port, legacy.ttl];
    case 'ucast':
      return [legacy.mac, legacy.remote, legacy.listenPort, legacy.remotePort];
    case 'daemon':
      return [legacy.mac, legacy.socketType, legacy.control, legacy.data];
  }
}
