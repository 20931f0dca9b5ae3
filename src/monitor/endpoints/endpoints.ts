import { existsSync, rmSync } from 'node:fs';
import type { GlobalConfig, VmConfig } from '../../config/config.ts';
import type { VmLayout } from '../../jail/layout.ts';
import { resolveGroup } from '../../jail/user.ts';
import { registrationPlace } from '../../rpc/client/registration-place.ts';
import type { RemoteListener } from '../../rpc/server/remote-listener.ts';
import { KeepReachable } from '../../rpc/server/restore-socket.ts';
import type { RpcServer } from '../../rpc/server/server.ts';
import type { DirVm } from '../../rpc/umldir.gen.ts';
import type { umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { writePidFile } from '../program/pid-file.ts';
import type { Vm } from '../vm.ts';
import type { Warnings } from '../warnings.ts';
import { makeRunDir } from './make-run-dir.ts';
import { MetricsServer, type MetricsSource } from './metrics-server.ts';
import { metricsText } from './metrics-text.ts';
import { openRemote } from './open-remote.ts';
import { Registration, type RegistrationOwner } from './registration.ts';

export interface EndpointsParts {
  readonly global: GlobalConfig;
  readonly vmConfig: VmConfig;
  readonly layout: VmLayout;
  readonly server: RpcServer<typeof umlmonctrl>;
  /** The uid of umlweb, if it has an account of its own. */
  readonly web: number | undefined;
}

/** The endpoints of a monitor: control socket, TCP port, metrics socket, and an entry in the directory of the host. */
export class Endpoints implements RegistrationOwner, MetricsSource {
  readonly #vm: Vm;
  readonly #parts: EndpointsParts;
  #remote: RemoteListener | undefined;
  #metrics: MetricsServer | undefined;
  #registration: Registration | undefined;
  #keeper: KeepReachable | undefined;

  private constructor(vm: Vm, parts: EndpointsParts) {
    this.#vm = vm;
    this.#parts = parts;
  }

  /** Errors: those of UnixListener.open, REMOTE_LISTEN, REMOTE_CERTIFICATE; nothing listens then. */
  static async open(vm: Vm, parts: EndpointsParts): Promise<Endpoints> {
    const endpoints = new Endpoints(vm, parts);
    try {
      await endpoints.#listen();
    } catch (error) {
      await endpoints.close();
      throw error;
    }
    return endpoints;
  }

  async #listen(): Promise<void> {
    const vm = this.#vm;
    const { global, vmConfig, layout, server, web } = this.#parts;
    // Without `group` the socket has no access for groups: on many hosts all users share their first group.
    const access = global.group ? { mode: 0o660, gid: await resolveGroup(global.group) } : { mode: 0o600 };
    // umlweb connects as the owner of the socket: it needs no group for that. Its uid decides its role.
    const owner = web === undefined || process.geteuid?.() !== 0 ? {} : { uid: web };
    const listen = async () => {
      // We hold the lock beside it: a socket file here belongs to no living process.
      rmSync(layout.ctrl, { force: true });
      await server.listen({ path: layout.ctrl, ...access, ...owner }, { tellsRefusals: true });
    };
    const listenForMetrics = async () => {
      rmSync(layout.metrics, { force: true });
      if (vmConfig.metrics !== 'socket') return;
      const former = this.#metrics;
      this.#metrics = await MetricsServer.open({ path: layout.metrics, ...access }, this);
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
      onRestored: (path) => publishRecreated(vm, path),
      warning: vm.warnings.report,
    });
  }

  /** Address of the TCP port, or empty. */
  get tcp(): string {
    return this.#remote?.place ?? '';
  }

  /** Enters the VM in the directory of the host. */
  register(): void {
    this.#registration = new Registration(registrationPlace(this.#parts.layout.runDir), this);
    this.vmChanged();
  }

  get warnings(): Warnings {
    return this.#vm.warnings;
  }

  recreateRunDir(): void {
    const { layout } = this.#parts;
    if (!makeRunDir(layout) && existsSync(layout.pidFile)) return;
    publishRecreated(this.#vm, layout.runDir);
    this.warnings.attempt(() => writePidFile(layout.pidFile));
  }

  describe(): DirVm {
    return { ...this.#vm.summary, address: this.#remote?.address ?? '', port: this.#remote?.port ?? 0 };
  }

  /** Without an answer of the guest, only the values of the monitor. */
  async metrics(): Promise<string> {
    const vm = this.#vm;
    const ask = async () => vm.stats.of(vm.running(['running']).kernel);
    return metricsText(vm.info(), await ask().catch(() => undefined));
  }

  /** The entry of the VM in the directory is out of date. */
  vmChanged(): void {
    this.#registration?.update();
  }

  /** Sends pending answers, then ends the connections. */
  async close(): Promise<void> {
    this.#keeper?.close();
    this.#registration?.close();
    this.#metrics?.close();
    await this.#parts.server.close();
  }
}

function publishRecreated(vm: Vm, path: string): void {
  vm.events.publish('recreated', `${path} was removed while the monitor served; it is recreated`, { path });
}
