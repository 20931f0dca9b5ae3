import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ownIds } from '../jail/directories.ts';
import { resolveUser } from '../jail/user.ts';
import { registrationPlace } from '../rpc/client/registration-place.ts';
import { KeepReachable } from '../rpc/server/restore-socket.ts';
import { RpcServer } from '../rpc/server/server.ts';
import { umldir } from '../rpc/umldir.gen.ts';
import { tidyMemoryWhenQuiet } from '../system/collect-garbage.ts';
import { LastWord } from '../system/errors/daemon-exit.ts';
import { toFailure } from '../system/errors/errors.ts';
import { directoryLimits } from '../system/limits/limits.ts';
import { ErrorLog } from '../system/logs/error-log.ts';
import { type Log, openLog, reopenAtSignal } from '../system/logs/log.ts';
import { securityDirectory, securityFile, securityFileText } from '../system/logs/security-file.ts';
import { SecurityLog } from '../system/logs/security-log.ts';
import { takePassedSockets } from '../system/passed-sockets.ts';
import { ServiceManager } from '../system/service-manager.ts';
import { Directory } from './directory.ts';
import { takeSocketDirectory } from './listen.ts';
import { Network } from './network.ts';
import { type DirectoryService, directoryHandlers } from './procedures.ts';
import { Registrations } from './registrations.ts';
import { resolve } from './resolve.ts';
import { type DirectorySettings, readSettings } from './settings.ts';

/**
 * Runs umldir until SIGTERM or SIGINT. SIGHUP reloads the configuration.
 *
 * Errors: CONFIG_*, DIRECTORY_RUNNING, DIRECTORY_LISTEN, JAIL_USER_*.
 */
export async function runUmldir(configPath: string | undefined): Promise<void> {
  // The current directory may be unmounted or removed while umldir runs.
  process.chdir('/');
  const uid = process.geteuid?.() ?? 0;
  const read = () => readSettings(configPath, uid);
  const settings = read();
  const ownLog = new ErrorLog();
  const log = openLog('umldir', ownLog, 'program');
  reopenAtSignal(ownLog, log);
  const place = registrationPlace(settings.runDir);
  const manager = ServiceManager.open(process.env);
  const user = settings.user !== '' && uid === 0 ? await resolveUser(settings.user) : undefined;
  let lockFd = takeSocketDirectory(place, user ?? ownIds());
  const takePlaceAgain = () => {
    if (lockFd >= 0) closeSync(lockFd);
    lockFd = -1;
    lockFd = takeSocketDirectory(place, user ?? ownIds());
  };
  const lastWord = new LastWord({
    log,
    warning: (error) => log.error(toFailure(error), 'a call to the host failed'),
  });
  try {
    const reason = await serve({ settings, read, log, manager, socket: place.path, takePlaceAgain, user });
    lastWord.end(reason);
  } finally {
    // The caller prints an error from here as the last line of the program.
    lastWord.close();
    if (lockFd >= 0) closeSync(lockFd);
    manager?.close();
  }
}

interface DaemonParts {
  readonly settings: DirectorySettings;
  /** Reads the settings again, as the user who started umldir. Errors: CONFIG_*. */
  readonly read: () => DirectorySettings;
  readonly log: Log;
  readonly manager: ServiceManager | undefined;
  /** Path of the registration socket. */
  readonly socket: string;
  /** Recreates the directory of the socket, with its lock. Errors: DIRECTORY_RUNNING, DIRECTORY_LISTEN. */
  readonly takePlaceAgain: () => void;
  /** The user to switch to. */
  readonly user: { readonly name: string; readonly uid: number; readonly gid: number } | undefined;
}

/** Resolves to the reason for which umldir exits. */
async function serve(parts: DaemonParts): Promise<string> {
  const { settings, read, log, manager, socket, user } = parts;
  const { here } = settings;
  const ending = endSignal();
  let reloading = Promise.resolve();
  const directory = new Directory();
  const security = new SecurityLog(
    securityFile(securityDirectory(process.env, dirname(socket)), (change, path) =>
      log['failed' in change ? 'error' : 'warn']({ path }, securityFileText(change)),
    ),
  );
  const status = () => {
    const { sharing } = network.sharing;
    const shared =
      sharing === 'off' ? '' : sharing === 'on' ? ', shared' : ', not shared: etcd is unavailable';
    manager?.tell({ STATUS: `${directory.vmsOf(here).length} monitors${shared}` });
  };
  const passed = takePassedSockets(process.env, process.pid);
  const network = new Network(log, security, passed, status);
  const changed = (name: string) => {
    network.tell(name);
    status();
    tidyMemoryWhenQuiet();
  };
  const registrations = new Registrations({
    ownUid: user?.uid ?? process.geteuid?.() ?? 0,
    onSet: (vm) => {
      const isNew = directory.get(here, vm.name) === undefined;
      directory.set(here, vm);
      if (isNew) log.info({ vm: vm.name, port: vm.port }, 'registered');
      changed(vm.name);
    },
    onGone: (name) => {
      directory.remove(here, name);
      log.info({ vm: name }, 'gone');
      changed(name);
    },
  });
  const service: DirectoryService = {
    here,
    directory,
    registrations,
    security,
    resolve: (target) => resolve(directory, here, target),
    addressOf: (host) => network.addressOf(host),
    redirectorPort: () => network.redirectorPort,
    sharing: () => network.sharing,
  };
  const local = new RpcServer(umldir, directoryHandlers(service), (error, procedure) =>
    log.error(toFailure(error), `bug in ${procedure}`),
  );
  let keeper: KeepReachable | undefined;
  try {
    await network.open(settings, service);
    if (user) become(user, log);
    await listen();
    process.on('SIGHUP', () => {
      reloading = reloading.then(reload);
    });
    manager?.tell({ READY: '1' });
    log.info({ host: here, pid: process.pid }, 'umldir serves');
    keeper = new KeepReachable({
      directory: dirname(socket),
      sockets: [
        {
          path: socket,
          isReachable: () => local.isReachable,
          listenAgain: () => {
            parts.takePlaceAgain();
            return listen();
          },
        },
      ],
      onRestored: (path) => log.warn({ path }, 'the registration socket was removed; it is recreated'),
      warning: (error) =>
        log.warn(
          toFailure(error),
          'monitors cannot register: the registration socket cannot be watched or recreated',
        ),
    });
    tidyMemoryWhenQuiet();
    const signal = await ending;
    await reloading;
    manager?.tell({ STOPPING: '1' });
    return signal;
  } finally {
    keeper?.close();
    // Notify the other hosts before the connections of the monitors end.
    await network.close();
    await local.close();
    security.close();
  }

  function listen(): Promise<void> {
    const bounds = { total: directoryLimits.vms, perPeer: directoryLimits.vms, reserve: 0 };
    return local.listen({ path: socket, mode: 0o600 }, { bounds });
  }

  async function reload(): Promise<void> {
    manager?.tell({ RELOADING: '1' });
    try {
      const fresh = read();
      if (fresh.here !== here || fresh.runDir !== settings.runDir || fresh.user !== settings.user)
        log.warn('changes of host_name, rundir and umldir_user take effect at the next start');
      await network.open({ ...fresh, here, runDir: settings.runDir }, service);
      log.info('the configuration was reloaded');
    } catch (error) {
      log.error(toFailure(error), 'the configuration was not reloaded');
    }
    manager?.tell({ READY: '1' });
  }
}

/** Drops the privileges of root permanently. */
function become(user: { readonly name: string; readonly uid: number; readonly gid: number }, log: Log): void {
  process.setgroups?.([user.gid]);
  process.setgid?.(user.gid);
  process.setuid?.(user.uid);
  log.info({ user: user.name }, `runs as ${user.name}`);
}

function endSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    // Further signals are ignored: they must not interrupt the exit.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}
