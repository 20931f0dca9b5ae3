import { readConfig } from '../config/locate.ts';
import { configError } from '../config/problem.ts';
import { didYouMean } from '../config/suggest.ts';
import { layoutOf } from '../jail/layout.ts';
import { toFailure, UmlmonError } from '../system/errors.ts';
import { type EscapeKey, escapeKey } from './escape-key.ts';
import { MonitorClient } from './monitor-client.ts';
import type { CommandLine } from './parse.ts';
import { RemoteMonitor } from './remote-monitor.ts';
import { parseVmAddress, type VmAddress } from './vm-address.ts';

/** What umlwatch needs of a monitor. */
export interface FoundMonitor {
  readonly escapeKey: EscapeKey;
  /** Opens a connection. */
  readonly connect: () => Promise<MonitorClient>;
}

export type FindOptions = Pick<CommandLine, 'configPath' | 'passwordFile' | 'ca' | 'plain'>;

/** The monitor of a VM, of this host or another: `VM`, `VM@HOST:PORT`. Errors: USAGE, CONFIG_*. */
export function findMonitor(text: string, options: FindOptions): FoundMonitor {
  const address = parseVmAddress(text);
  return address.host === undefined
    ? findLocal(address.vm, options)
    : findRemote(text, address, address.host, options);
}

function findRemote(
  text: string,
  { vm, port }: VmAddress,
  host: string,
  { configPath, passwordFile: file, ca, plain }: FindOptions,
): FoundMonitor {
  if (port === undefined)
    throw new UmlmonError('USAGE', {
      place: text,
      cause: 'which port?',
      hint: `umlwatch ${text}:PORT; on that host, umlwatch ${vm} -info shows it`,
    });
  const password = { file, env: process.env };
  const monitor = new RemoteMonitor(vm, text, { host, port }, { password, plain, ca });
  return { escapeKey: ownEscapeKey(configPath), connect: () => monitor.connect() };
}

/** That of this host's configuration; a host without one is none that anything is wrong with. */
function ownEscapeKey(configPath: string | undefined): EscapeKey {
  const byte = configOf(configPath).config?.global.escape;
  return escapeKey(byte ?? defaultEscape);
}

/** CTRL-], the default of the key `escape`. */
const defaultEscape = 0x1d;

function configOf(configPath: string | undefined, vm?: string) {
  return readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    ...(vm === undefined ? {} : { vm }),
  });
}

/** A configuration with mistakes elsewhere still tells where the monitor listens. */
function findLocal(vm: string, { configPath }: FindOptions): FoundMonitor {
  const { config, broken, problems, file } = configOf(configPath, vm);
  if (!config) throw configError(problems);
  const { vardir, rundir, shared } = config.global;
  const { ctrl } = layoutOf(vm, { varDir: vardir, runDir: rundir, shared });
  const known = [...config.vms.keys(), ...broken.keys()];
  const connect = async () => {
    try {
      return await MonitorClient.connect(ctrl, vm);
    } catch (error) {
      // A monitor may well serve a VM that is no longer in the configuration; but none does.
      if (known.includes(vm) || toFailure(error).code !== 'MONITOR_UNREACHABLE') throw error;
      const hint = didYouMean(vm, known, known.length > 0 ? `it has ${known.join(', ')}` : 'it has none');
      throw new UmlmonError('CONFIG_NO_VM', {
        place: file,
        cause: `there is no VM ${vm}, and no monitor for it`,
        hint,
      });
    }
  };
  return { escapeKey: escapeKey(config.global.escape), connect };
}
