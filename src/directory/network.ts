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
  /** The settings that it was opened with, as text. */
  readonly key: string;
  close(): Promise<void>;
}

/**
 * What of umldir other hosts see: the directory, the redirector, and what is shared through etcd. Each is opened anew when
 * its settings have changed.
 */
export class Network {
  readonly #log: Log;
  readonly #security: Pick<SecurityLog, 'record'>;
  /** Listening sockets of the service manager, by name; one that was closed cannot be opened again. */
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

  /** 0 = there is none now. */
  get redirectorPort(): number {
    return this.#redirectorPort;
  }

  get sharing(): DirSharingState {
    return this.#shared?.state ?? { sharing: 'off', trouble: '' };
  }

  /** Where a host of the shared directory is reached. */
  addressOf(host: string): string | undefined {
    return this.#shared?.host(host)?.address;
  }

  /** A VM of this host has changed, or is gone. */
  tell(name: string): void {
    this.#shared?.tell(name);
  }

  /** Opens what is new or has changed, and closes what is not wanted any more. Errors: DIRECTORY_LISTEN. */
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
          else this.#log.warn({ trouble: state.trouble }, 'the directory is not shared');
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

  /** The service manager's sockets stay what they are, whatever the configuration says of them. */
  #listenKey(name: string, address: string, port: number): string {
    return this.#passed.has(name) ? 'passed' : JSON.stringify([address, port]);
  }

  /** @param key the settings of the part; '' = it is not wanted */
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
      this.#log.error(toFailure(error), `fault in ${procedure}`),
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
      const what = `${listener}: ${count} connections were closed: there were too many`;
      this.#security.record({ kind: 'connection', who: 'clients', what, result: 'closed' });
      this.#log.warn({ listener, count }, 'connections were closed: there were too many');
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
        // Under which address a monitor has somebody in its records.
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
