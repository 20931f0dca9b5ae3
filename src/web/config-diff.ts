/** Pure. */
import type { MonitorClient } from '../rpc/client/monitor-client.ts';

/** One key of a VM: as its monitor has it in force, and as the files have it now. */
export interface ComparedSetting {
  readonly key: string;
  /** Null: not in force, or no longer in the files. */
  readonly inForce: string | null;
  readonly inFiles: string | null;
  /** FILE:LINE, or `default`. */
  readonly origin: string;
}

/** The configuration of a VM with what the next start will change in it, and with its mistakes. */
export async function compareConfig(
  client: MonitorClient,
): Promise<{ settings: ComparedSetting[]; problems: readonly string[] }> {
  const { settings } = await client.call('info', undefined);
  const { settings: written, problems } = await client.call('written', undefined);
  const inForce = new Map(settings.map((setting) => [setting.key, setting]));
  const files = new Map(written.map((setting) => [setting.key, setting]));
  const keys = new Set([...inForce.keys(), ...files.keys()]);
  return {
    problems,
    settings: [...keys].map((key) => ({
      key,
      inForce: inForce.get(key)?.value ?? null,
      // With a mistake in the files, their settings are unknown.
      inFiles: (problems.length > 0 ? inForce : files).get(key)?.value ?? null,
      origin: (files.get(key) ?? inForce.get(key))?.origin ?? '',
    })),
  };
}
