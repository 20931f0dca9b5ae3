import { readConfig } from '../../config/file/locate.ts';
import { clipText } from '../../rpc/clip-text.ts';
import { UMLMON_LIST_MAX, UMLMON_TEXT_MAX, type WrittenSettings } from '../../rpc/umlmonctrl.gen.ts';
import type { ConfigSource } from '../start/config-source.ts';

/** The configuration of a VM as its files are now; with problems in it, only these. */
export function writtenSettings({ vm, configPath }: ConfigSource): WrittenSettings {
  const { config, broken, problems } = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    vm,
  });
  const clip = (text: string) => clipText(text, UMLMON_TEXT_MAX);
  const settings = config?.vms.get(vm)?.settings ?? [];
  const mistakes = broken.get(vm) ?? (config ? [] : problems);
  return {
    settings: settings
      .slice(0, UMLMON_LIST_MAX)
      .map(({ key, value, origin }) => ({ key, value: clip(value), origin: clip(origin) })),
    problems: mistakes
      .slice(0, UMLMON_LIST_MAX)
      .map(({ file, line, cause }) => clip(`${file}:${line}: ${cause}`)),
  };
}
