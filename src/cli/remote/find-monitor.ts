import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../config/file/locate.ts';
import { configError } from '../../config/problem.ts';
import { portOf } from '../../config/services.ts';
import { didYouMean } from '../../config/suggest.ts';
import { layoutOf } from '../../jail/layout.ts';
import { DerivedKeys } from '../../rpc/auth/derived-keys.ts';
import { KnownHosts } from '../../rpc/auth/known-hosts.ts';
import { connectTcp } from '../../rpc/client/connect-remote.ts';
import { answerMs, MonitorClient } from '../../rpc/client/monitor-client.ts';
import { connectThroughDirectory } from '../../rpc/client/through-directory.ts';
import type { Authorities } from '../../rpc/server/remote-access.ts';
import { isSystemError, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { badEndOf, readMonitorEnd } from '../../system/errors/monitor-exit-record.ts';
import { stateHome } from '../../system/home.ts';
import { type EscapeKey, escapeKey } from '../session/escape-key.ts';
import type { CommandLine } from '../umlwatch-command-line.ts';
import { RemoteMonitor } from './remote-monitor.ts';
import { parseVmAddress, type VmAddress } from './vm-address.ts';

/** What umlwatch needs of a monitor. */
export interface FoundMonitor {
  readonly escapeKey: EscapeKey;
  /** Opens a connection. */
  readonly connect: () => Promise<MonitorClient>;
}

export type FindOptions = Pick<CommandLine, 'configPath' | 'passwordFile' | 'ca' | 'plain'>;

/** The monitor of a VM, of this host or another: `VM`, `VM@HOST`, `VM@HOST:PORT`. Errors: USAGE, CONFIG_*. */
export function findMonitor(text: string, options: FindOptions): FoundMonitor {
  const address = parseVmAddress(text);
  return address.host === undefined
    ? findLocal(address.vm, options)
    : findRemote(text, address, address.host, options);
}

/** A missing local configuration is not an error here. */
function findRemote(
  text: string,
  { vm, port }: VmAddress,
  host: string,
  { configPath, passwordFile: file, ca, plain }: FindOptions,
): FoundMonitor {
  const { config } = configOf(configPath);
  const directory = portOf('umldir', config?.global.umldir_port ?? 0);
  const endpoint = { host, port: port ?? directory };
  const { env } = process;
  const home = stateHome(env);
  const way = {
    vm,
    address: text,
    endpoint,
    open: () =>
      port === undefined
        ? connectThroughDirectory({ vm, host: '' }, endpoint)
        : connectTcp(endpoint, answerMs),
    plain,
    authorities: ca === undefined ? undefined : readAuthorities(ca),
    knownHosts: new KnownHosts(home && join(home, 'umlwatch_known_hosts')),
    keys: new DerivedKeys(),
  };
  const monitor = new RemoteMonitor(way, { file, env });
  return { escapeKey: escapeKey(config?.global.escape ?? defaultEscape), connect: () => monitor.connect() };
}

/** Errors: USAGE. */
function readAuthorities(path: string): Authorities {
  try {
    return { path, pem: readFileSync(path, 'utf8') };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('USAGE', { place: '-ca', cause: error.message, hint: 'a file in PEM form' });
  }
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

/** A configuration with problems elsewhere still names the socket of the monitor. */
function findLocal(vm: string, { configPath }: FindOptions): FoundMonitor {
  const { config, broken, problems, file } = configOf(configPath, vm);
  if (!config) throw configError(problems);
  const { vardir, rundir, shared } = config.global;
  const { ctrl, monitorEnd } = layoutOf(vm, { varDir: vardir, runDir: rundir, shared });
  const known = [...config.vms.keys(), ...broken.keys()];
  const connect = async () => {
    try {
      return await MonitorClient.connect(ctrl, vm);
    } catch (thrown) {
      const error = withFormerEnd(thrown, monitorEnd);
      // A monitor may well serve a VM that is no longer in the configuration; but none does.
      if (known.includes(vm) || toFailure(error).code !== 'MONITOR_UNREACHABLE') throw error;
      const hint = didYouMean(vm, known, known.length > 0 ? `it has ${known.join(', ')}` : 'it has none');
      throw new UmlmonError('CONFIG_NO_VM', {
        place: file,
        cause: `VM ${vm} does not exist, and has no monitor`,
        hint,
      });
    }
  };
  return { escapeKey: escapeKey(config.global.escape), connect };
}

/** The same, with how the last monitor ended, if its exit record is there and is readable. */
function withFormerEnd(error: unknown, monitorEnd: string): unknown {
  const { code, place, cause, hint } = toFailure(error);
  const end = code === 'MONITOR_UNREACHABLE' ? readMonitorEnd(monitorEnd) : undefined;
  const why = end && badEndOf(end);
  if (!end || why === undefined) return error;
  const last = `the last monitor, process ${end.pid}: ${why}`;
  return new UmlmonError('MONITOR_UNREACHABLE', { place, cause: `${cause}; ${last}`, hint });
}
