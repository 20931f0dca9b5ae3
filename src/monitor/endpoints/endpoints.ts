import { existsSync, rmSync } from 'node:fs';
import type { GlobalConfig, VmConfig } from '../../config/config.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { resolveGroup } from '../../jail/user.ts';
import { registrationPlace } from '../../rpc/client/registration-place.ts';
import type { RemoteListener } from '../../rpc/server/remote-listener.ts';
import { KeepReachable } from '../../rpc/server/restore-socket.ts';
import type { RpcServer } from '../../rpc/server/server.ts';
import type { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { writePidFile } from '../program/pid-file.ts';
import type { Vm } from '../vm.ts';
import { makeRunDir } from './make-run-dir.ts';
import { MetricsServer } from './metrics-server.ts';
import { metricsText } from './metrics-text.ts';
import { openRemote } from './open-remote.ts';
import { Registration } from './registration.ts';

export interface EndpointsParts {
  readonly global: GlobalConfig;
  readonly vmConfig: VmConfig;
  readonly layout: VmLayout;
  readonly server: RpcServer<typeof umlmonctrl>;
  /** The uid of umlweb, if it has one of its own. */
  readonly web: number | undefined;
}

/** Where a monitor is reached: its control socket, a TCP port, a socket with metrics, and an entry in the host's directory. */
export class Endpoints {
  readonly #server: RpcServer<typeof umlmonctrl>;
  #remote: RemoteListener | undefined;
  #metrics: MetricsServer | undefined;
  #registration: Registration | undefined;
  #keeper: KeepReachable | undefined;

  private constructor({ server }: EndpointsParts) {
    this.#server = server;
  }

  /** Errors: those of UnixListener.open, REMOTE_LISTEN, REMOTE_CERTIFICATE; nothing listens then. */
  static async open(vm: Vm, parts: EndpointsParts): Promise<Endpoints> {
    const endpoints = new Endpoints(parts);
    try {
      await endpoints.#listen(vm, parts);
    } catch (error) {
      await endpoints.close();
      throw error;
    }
    return endpoints;
  }

  async #listen(vm: Vm, { global, vmConfig, layout, server, web }: EndpointsParts): Promise<void> {
    // Without a group of its own a socket is not for the group that happens to be the user's first: on many hosts all
    // users share it.
    const access = global.group ? { mode: 0o660, gid: await resolveGroup(global.group) } : { mode: 0o600 };
    // umlweb gets in as the owner of the socket: it needs no group for that. What it may do there is decided by who it is.
    const owner = web === undefined || process.geteuid?.() !== 0 ? {} : { uid: web };
    const listen = async () => {
      // We hold the lock, which lies beside it: a socket file here belongs to no other process that lives.
      rmSync(layout.ctrl, { force: true });
      await server.listen({ path: layout.ctrl, ...access, ...owner }, { tellsRefusals: true });
    };
    const listenForMetrics = async () => {
      rmSync(layout.metrics, { force: true });
      if (vmConfig.metrics !== 'socket') return;
      const former = this.#metrics;
      this.#metrics = await MetricsServer.open({ path: layout.metrics, ...access }, () => metricsOf(vm));
      former?.close();
    };
    await listen();
    this.#remote = await openRemote(global, vmConfig, vm.events);
    if (this.#remote) server.serveRemote(this.#remote);
    await listenForMetrics();
    this.#keeper = new KeepReachable({
      directory: layout.home,
      sockets: [
        { path: layout.ctrl, isReachable: () => server.isReachable, listenAgain: listen },
        {
          path: layout.metrics,
          isReachable: () => this.#metrics?.isReachable ?? true,
          listenAgain: listenForMetrics,
        },
      ],
      onRestored: (path) => sayRestored(vm, path),
      trouble: vm.troubles.report,
    });
  }

  /** Where the TCP port is; empty if there is none. */
  get tcp(): string {
    return this.#remote?.place ?? '';
  }

  /** From now on the directory of the host knows the VM. */
  register(vm: Vm, layout: VmLayout): void {
    const prepare = () => {
      if (!makeRunDir(layout) && existsSync(layout.pidFile)) return;
      sayRestored(vm, layout.runDir);
      vm.troubles.attempt(() => writePidFile(layout.pidFile));
    };
    this.#registration = new Registration(
      registrationPlace(layout.runDir),
      prepare,
      () => ({ ...vm.summary, address: this.#remote?.address ?? '', port: this.#remote?.port ?? 0 }),
      vm.troubles.report,
    );
    this.vmChanged();
  }

  /** What the directory says of the VM is no longer so. */
  vmChanged(): void {
    this.#registration?.update();
  }

  /** Connections end with their answers sent. */
  async close(): Promise<void> {
    this.#keeper?.close();
    this.#registration?.close();
    this.#metrics?.close();
    await this.#server.close();
  }
}

function sayRestored(vm: Vm, path: string): void {
  vm.events.publish('made-again', `${path} was removed while the monitor served; it is made again`, { path });
}

/** Of a guest that cannot be asked, what the monitor knows itself. */
async function metricsOf(vm: Vm): Promise<string> {
  const ask = async () => vm.stats.of(vm.running(['running']).kernel);
  return metricsText(vm.info(), await ask().catch(() => undefined));
}
