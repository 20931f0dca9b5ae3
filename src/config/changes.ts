/** Pure. */
import type { GlobalConfig, Setting, VmConfig } from './config.ts';
import { specOf } from './file/read-keys.ts';
import { globalKeys } from './keys/global-keys.ts';
import type { KeyTable, MonitorEffect } from './keys/key.ts';
import { vmKeys } from './keys/vm-keys.ts';

/** A setting whose value in the files differs from the one in force. */
export interface SettingChange {
  /** `GLOBAL`, or the name of the VM. */
  readonly section: string;
  readonly key: string;
  /** Empty if the key was not set; so is `after` if it is not set now. */
  readonly before: string;
  readonly after: string;
  readonly effect: MonitorEffect;
}

export interface Configured {
  readonly global: GlobalConfig;
  readonly vm: VmConfig;
}

/**
 * Differences between the files and the settings in force. Keys with the effect `monitor` are compared with
 * `atMonitorStart`, others with `atVmStart`, the last start of the VM. Keys of [GLOBAL] with the effect `now` are always
 * in force. Keys of other programs are omitted.
 */
export function pendingChanges(
  atMonitorStart: Configured,
  atVmStart: Configured,
  written: Configured,
): SettingChange[] {
  const compare = (section: string, table: KeyTable, part: keyof Configured): SettingChange[] =>
    differences(
      (effect) => (effect === 'monitor' ? atMonitorStart : atVmStart)[part].settings,
      written[part].settings,
      table,
    ).map((change) => ({ section, ...change }));
  return [
    ...compare('GLOBAL', globalKeys, 'global').filter(({ effect }) => effect !== 'now'),
    ...compare(written.vm.name, vmKeys, 'vm'),
  ];
}

function differences(
  inForce: (effect: MonitorEffect) => readonly Setting[],
  written: readonly Setting[],
  table: KeyTable,
): Omit<SettingChange, 'section'>[] {
  const keys = new Set([...inForce('monitor'), ...inForce('vm'), ...written].map(({ key }) => key));
  return [...keys].flatMap((key) => {
    const effect = specOf(table, key)?.effect ?? 'vm';
    if (effect === 'umldir' || effect === 'umlweb') return [];
    const before = valueIn(inForce(effect), key);
    const after = valueIn(written, key);
    return before === after ? [] : [{ key, before, after, effect }];
  });
}

function valueIn(settings: readonly Setting[], key: string): string {
  return settings.find((setting) => setting.key === key)?.value ?? '';
}

/** The configuration in force, with the current values of keys that take effect at once. */
export function withLiveKeys(inForce: VmConfig, written: VmConfig): VmConfig {
  const live = Object.entries(vmKeys).flatMap(([key, { effect }]) => (effect === 'now' ? [key] : []));
  const isLive = ({ key }: Setting) => live.includes(key);
  const fresh = new Map(written.settings.filter(isLive).map((setting) => [setting.key, setting]));
  return Object.freeze({
    ...inForce,
    ...Object.fromEntries(live.map((key) => [key, written[key as keyof VmConfig]])),
    settings: inForce.settings.map((setting) => fresh.get(setting.key) ?? setting),
  });
}
