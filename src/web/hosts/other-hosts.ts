import { hostname } from 'node:os';
import type { GlobalConfig } from '../../config/config.ts';
import { portOf } from '../../config/services.ts';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { plainHost } from '../../system/plain-host.ts';
import { refused } from '../http/answer.ts';
import { RemoteLogin } from '../login/remote-login.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { type OtherPlace, otherPlaces } from './other-host-paths.ts';

/** The VMs of the hosts of `web_hosts`, as their directories have them: `VM@HOST`. */
export class RemoteHosts {
  /** The name of this host, as `plainHost` has it, whose VMs need no directory. */
  readonly #here: string;
  readonly #directories: readonly DirectoryWatch[];
  readonly #login: RemoteLogin;
  #places: ReadonlyMap<string, OtherPlace<DirectoryWatch>> = new Map();
  #left = 0;

  constructor(global: GlobalConfig) {
    this.#here = plainHost(global.host_name || hostname());
    const usual = portOf('umldir', global.umldir_port);
    this.#directories = global.web_hosts.map(
      ({ host, port }) => new DirectoryWatch({ host, port: port ?? usual }),
    );
    this.#login = new RemoteLogin(global);
    if (this.#directories.length > 0) this.#login.check();
  }

  get names(): string[] {
    return [...this.#places.keys()];
  }

  /** Why the names may not be all, a line for each reason. */
  get warnings(): string[] {
    const warnings = this.#directories.map(({ warning }) => warning);
    const left = this.#left === 0 ? '' : `${this.#left} VMs of other hosts are not shown: too many VMs`;
    return [...warnings, left].filter(Boolean);
  }

  /** Keeps names and errors current, and calls `onChange` with each change, until `close`. */
  follow(onChange: () => void): void {
    for (const directory of this.#directories)
      directory.follow(() => {
        this.#place();
        onChange();
      });
  }

  close(): void {
    for (const directory of this.#directories) directory.close();
  }

  /** Errors: Refused 404, WEB_HOSTS, DIRECTORY_*, REDIRECTOR_*, REMOTE_*, AUTH_*, PASSWORD_WRONG. */
  async connect(vm: string): Promise<MonitorClient> {
    const place = this.#places.get(vm) ?? (await this.#search(vm));
    if (!place) throw this.#unknown(vm);
    return this.#login.connect(vm, place);
  }

  /** For a page that starts with a VM, before any directory server has answered. */
  async #search(vm: string): Promise<OtherPlace<DirectoryWatch> | undefined> {
    if (!isOtherName(vm)) return undefined;
    await Promise.all(this.#directories.map((directory) => directory.ask()));
    this.#place();
    return this.#places.get(vm);
  }

  /** That it does not exist is known only if all directory servers have answered. */
  #unknown(vm: string): Error {
    const [warning] = this.warnings;
    if (!isOtherName(vm) || warning === undefined) return refused(404, vm, 'the VM does not exist');
    return new UmlmonError('DIRECTORY_UNREACHABLE', { place: vm, cause: `the VM is unknown; ${warning}` });
  }

  #place(): void {
    ({ places: this.#places, left: this.#left } = otherPlaces(this.#directories, this.#here));
  }
}

/** Whether a name is that of a VM of another host. */
export function isOtherName(vm: string): boolean {
  return vm.includes('@');
}
