import { hostname } from 'node:os';
import type { GlobalConfig } from '../config/config.ts';
import { readConfig } from '../config/file/locate.ts';
import type { EtcdEndpoint } from '../config/keys/directory-keys.ts';
import { configError } from '../config/problem.ts';
import { portOf } from '../config/services.ts';
import { plainHost } from '../system/plain-host.ts';

/** The settings of umldir. */
export interface DirectorySettings {
  /** The name of this host, as `plainHost` has it. */
  readonly here: string;
  readonly runDir: string;
  /** The user to switch to; '' = none. */
  readonly user: string;
  /** Address and port of the directory server; an empty address = all addresses. */
  readonly address: string;
  readonly port: number;
  /** 0 = no redirector. */
  readonly redirectorPort: number;
  readonly hostAddress: string;
  readonly etcd: readonly EtcdEndpoint[];
  /** In milliseconds. */
  readonly lease: number;
}

/**
 * Reads the configuration. Errors of single VMs are ignored.
 *
 * @param uid the user whose configuration is read if no path is given
 * @throws UmlmonError CONFIG_*
 */
export function readSettings(configPath: string | undefined, uid: number): DirectorySettings {
  const { config, problems } = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid,
  });
  if (!config) throw configError(problems);
  return settingsOf(config.global);
}

/** Address and port of the directory server of this host. A missing configuration is not an error: such hosts can use other servers. */
export function directoryPlace(configPath: string | undefined): {
  readonly address: string;
  readonly port: number;
} {
  const { config } = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  });
  const { umldir_address: address = '', umldir_port: port = 0 } = config?.global ?? {};
  return { address, port: portOf('umldir', port) };
}

function settingsOf(global: GlobalConfig): DirectorySettings {
  const name = global.host_name || hostname();
  const here = plainHost(name);
  return {
    here,
    runDir: global.rundir,
    user: global.umldir_user,
    address: global.umldir_address,
    port: portOf('umldir', global.umldir_port),
    redirectorPort: global.tcp_redir ? portOf('umlredir', global.umlredir_port) : 0,
    hostAddress: global.host_address || name,
    etcd: global.etcd,
    lease: global.etcd_lease,
  };
}
