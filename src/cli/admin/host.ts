/** What umladmin knows of a host: its configuration, and the monitors that answer. */
import { existsSync, readdirSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import type { ConfigRequest, ReadConfig } from '../../config/file/locate.ts';
import { vmNameDamage } from '../../config/names.ts';
import { didYouMean } from '../../config/suggest.ts';
import { layoutOf, type VmLayout } from '../../jail/layout.ts';
import { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { toFailure, UmlmonError } from '../../system/errors/errors.ts';

export interface AdminHost {
  /** How the configuration was found. */
  readonly request: ConfigRequest;
  readonly loaded: ReadConfig;
  readonly config: Config;
  readonly json: boolean;
}

/** Where the files of a VM are, whether it has a section or not. */
export function layoutIn({ global, vms }: Config, vm: string): VmLayout {
  const backups = vms.get(vm)?.backup_dir ?? '';
  return layoutOf(vm, { varDir: global.vardir, runDir: global.rundir, shared: global.shared, backups });
}

/** A connection to the monitor of a VM; undefined if none answers. Errors: RPC_*. */
export async function connectTo(config: Config, vm: string): Promise<MonitorClient | undefined> {
  try {
    return await MonitorClient.connect(layoutIn(config, vm).ctrl, vm);
  } catch (error) {
    if (toFailure(error).code === 'MONITOR_UNREACHABLE') return undefined;
    throw error;
  }
}

/** All VMs that have a section, with mistakes or without, in the order of the configuration. */
export function configuredNames({ config, broken }: ReadConfig): string[] {
  return [...(config?.vms.keys() ?? []), ...broken.keys()];
}

/** Errors: CONFIG_NO_VM for a name that no section has, with mistakes or without. */
export function requireSection(vm: string, loaded: ReadConfig): void {
  const known = configuredNames(loaded);
  if (known.includes(vm)) return;
  throw new UmlmonError('CONFIG_NO_VM', {
    place: `VM ${vm}`,
    cause: 'the configuration has no section of this name',
    hint: didYouMean(vm, known, 'umladmin list shows all'),
  });
}

/** VMs without section that have a control socket, as their monitors may run on. */
export function removedNames({ loaded, config }: AdminHost): string[] {
  const known = new Set(configuredNames(loaded));
  const { vardir } = config.global;
  if (!existsSync(vardir)) return [];
  return readdirSync(vardir)
    .filter((name) => !known.has(name) && !vmNameDamage(name) && existsSync(layoutIn(config, name).ctrl))
    .sort();
}
