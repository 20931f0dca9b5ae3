import { createServer, type Server } from 'node:net';
import { Gate } from '../rpc/server/gate.ts';
import { peerAt } from '../rpc/server/peer.ts';
import { RpcServer } from '../rpc/server/server.ts';
import type { DirSharingState } from '../rpc/umldir.gen.ts';
import { umldir } from '../rpc/umldir.gen.ts';
import { toFailure } from '../system/errors/errors.ts';
import { directoryLimits, directoryShares } from '../system/limits/limits.ts';
import type { Log } from '../system/logs/log.ts';
import type { SecurityLog } from '../system/logs/security-log.ts';
import { Etcd } from './etcd.ts';
import { hostIdentity } from './identity.ts';
import { listenOnTcp } from './listen.ts';
import { type DirectoryService, directoryHandlers } from './procedures.ts';
import { Redirector } from './redirector.ts';
import type { DirectorySettings } from './settings.ts';
import { SharedDirectory } from './shared-directory.ts';

interface Part {
  /** The settings of the open part, as text. */
  readonly key: string;
  close(): Promise<void>;
}

/**
 * The parts of umldir that other hosts see: directory server, redirector, and the shared directory in etcd. Each part is
 * reopened when its settings change.
 */
export class Network {
  readonly #log: Log;
  readonly #security: Pick<SecurityLog, 'record'>;
  /** Listening sockets from the service manager, by name; a closed one cannot be reopened. */
  readonly #passed: ReadonlyMap<string, number>;
  readonly #parts = new Map<string, Part>();
  readonly #onState: () => void;
  #shared: SharedDirectory | undefined;
  #redirectorPort = 0;

  constructor(
    log: Log,
    security: Pick<SecurityLog, 'record'>,
    passed: ReadonlyMap<string, number>,
    onState: () => void,
  ) {
    this.#log = log;
    this.#security = security;
    this.#passed = passed;
    this.#onState = onState;
  }

  /** 0 = not listening. */
  get redirectorPort(): number {
    return this.#redirectorPort;
  }

  get sharing(): DirSharingState {
    return this.#shared?.state ?? { sharing: 'off', warning: '' };
  }

  /** The address of a host of the shared directory. */
  addressOf(host: string): string | undefined {
    return this.#shared?.host(host)?.address;
  }

  /** Notifies other hosts of a changed or removed VM of this host. */
  tell(name: string): void {
    this.#shared?.tell(name);
  }

  /** Opens new and changed parts and closes parts that are no longer configured. Errors: DIRECTORY_LISTEN. */
  async open(settings: DirectorySettings, service: DirectoryService): Promise<void> {
    const { address, port, redirectorPort, etcd, lease, here, hostAddress } = settings;
    await this.#replace('umldir', this.#listenKey('umldir', address, port), () =>
      this.#openDirectory(settings, service),
    );
    const redirectorKey = redirectorPort > 0 ? this.#listenKey('umlredir', address, redirectorPort) : '';
    await this.#replace('umlredir', redirectorKey, () => this.#openRedirector(settings, service));
    const sharing = etcd.length > 0 ? JSON.stringify([etcd, lease, hostAddress, redirectorPort]) : '';
    await this.#replace('etcd', sharing, () => {
      const shared = new SharedDirectory({
        etcd: new Etcd(etcd, Math.min(lease, directoryLimits.etcdTime)),
        here: {
          name: here,
          address: hostAddress,
          redirector: redirectorPort,
          identity: hostIdentity(settings.runDir),
        },
        leaseMs: lease,
        directory: service.directory,
        onState: (state) => {
          if (state.sharing === 'on') this.#log.info('the directory is shared through etcd');
          else this.#log.warn({ warning: state.warning }, 'the directory is not shared');
          this.#onState();
        },
      });
      this.#shared = shared;
      return Promise.resolve(async () => {
        this.#shared = undefined;
        await shared.close();
      });
    });
  }

  async close(): Promise<void> {
    for (const part of [...this.#parts.values()].reverse()) await part.close();
    this.#parts.clear();
  }

  /** Sockets from the service manager do not depend on the configuration. */
  #listenKey(name: string, address: string, port: number): string {
    return this.#passed.has(name) ? 'passed' : JSON.stringify([address, port]);
  }

  /** @param key the settings of the part; '' = it is not configured */
  async #replace(name: string, key: string, open: () => Promise<() => Promise<void>>): Promise<void> {
    const known = this.#parts.get(name);
    if ((known?.key ?? '') === key) return;
    this.#parts.delete(name);
    await known?.close();
    if (key !== '') this.#parts.set(name, { key, close: await open() });
  }

  async #openDirectory(
    { address, port }: DirectorySettings,
    service: DirectoryService,
  ): Promise<() => Promise<void>> {
    const gate = new Gate({ bounds: directoryShares.connections, onClosed: this.#onClosed('umldir') });
    const server = new RpcServer(umldir, directoryHandlers(service), (error, procedure) =>
      this.#log.error(toFailure(error), `bug in ${procedure}`),
    );
    const listener = createServer({ noDelay: true, keepAlive: true });
    await this.#listen('umldir', listener, { address, port, key: 'umldir_port' });
    server.serve(listener, {
      admit: (socket) => {
        socket.setTimeout(directoryLimits.idleTime, () => socket.destroy());
        return gate.admit(socket);
      },
    });
    return async () => {
      gate.close();
      await server.close();
    };
  }

  #onClosed(listener: string): (count: number) => void {
    return (count) => {
      const what = `${listener}: ${count} connections above the limit were closed`;
      this.#security.record({ kind: 'connection', who: 'clients', what, result: 'closed' });
      this.#log.warn({ listener, count }, 'connections above the limit were closed');
    };
  }

  async #openRedirector(
    { address, redirectorPort: port }: DirectorySettings,
    { here, resolve }: DirectoryService,
  ): Promise<() => Promise<void>> {
    const redirector = new Redirector({
      here,
      resolve,
      redirectorOf: (host) => {
        const record = this.#shared?.host(host);
        return record && record.redirector > 0
          ? { host: record.address, port: record.redirector }
          : undefined;
      },
      log: ({ failure, ...what }) => {
        const { client: from, vm, host, as } = what;
        const peer = peerAt(from).key;
        // The address of the client in the records of the monitor.
        const to = `${vm}@${host}${as && ` as ${as}`}`;
        const result = failure === undefined ? 'ok' : toFailure(failure).code;
        this.#security.record({ kind: 'redirected', who: 'a client', from, what: to, result, peer });
        if (failure === undefined) this.#log.info(what, 'redirected');
        else this.#log.info({ ...what, ...toFailure(failure) }, 'not redirected');
      },
      onClosed: this.#onClosed('umlredir'),
    });
    const listener = Redirector.listener();
    await this.#listen('umlredir', listener, { address, port, key: 'umlredir_port' });
    redirector.serve(listener);
    this.#redirectorPort = port;
    return async () => {
      this.#redirectorPort = 0;
      await redirector.close();
    };
  }

  async #listen(
    name: string,
    listener: Server,
    at: { readonly address: string; readonly port: number; readonly key: string },
  ): Promise<void> {
    await listenOnTcp(listener, at, this.#passed.get(name));
    this.#log.info({ listener: name, address: at.address || '*', port: at.port }, `${name} listens`);
  }
}
