import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { readConfig } from '../../config/file/locate.ts';
import { problemText } from '../../config/problem.ts';
import { judgeRestrictions } from '../../jail/host/namespace-advice.ts';
import { readRestrictions } from '../../jail/host/restrictions.ts';
import { exitStatus } from '../../system/errors/errors.ts';
import { layoutFor } from '../start/config-source.ts';
import { unitFiles } from './unit-files.ts';
import type { UnitHost } from './unit-needs.ts';

/**
 * `umlmon -units DIRECTORY`: called by the generator of systemd, when the host boots and at each daemon-reload
 * (systemd.generator(7)). A problem of one VM does not affect another, and a host without a configuration gets no units.
 *
 * @returns the exit status
 */
export function writeUnits(configPath: string | undefined, directory: string): number {
  const { config, problems } = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  });
  for (const { path, text } of unitFiles(config, config && unitHost(config))) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  const mistakes = problems.filter(({ severity, code }) => severity === 'error' && code !== 'CONFIG_MISSING');
  for (const mistake of mistakes) console.error(problemText(mistake));
  return mistakes.length > 0 ? exitStatus.config : 0;
}

function unitHost(config: Config): UnitHost {
  // By the settings of the host alone: a filter or a profile of this generator does not apply to the units.
  const { settings } = readRestrictions();
  return {
    userNamespaces: judgeRestrictions({ settings, filtered: false, profile: undefined, selinux: false })
      .allowed,
    hasDevices: (vm) => {
      const { disks, shared } = layoutFor(config, vm);
      return [disks, join(shared, 'disks')].some((directory) =>
        namesIn(directory).some((name) => name.endsWith('.dev')),
      );
    },
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, encoding: 'utf8' });
  } catch {
    // Who cannot look has none.
    return [];
  }
}
