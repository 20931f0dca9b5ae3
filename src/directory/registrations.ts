/** Pure. */
import type { Caller } from '../rpc/codec/program.ts';
import type { DirVm } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';

/** The uid that may always register. */
const root = 0;

/** The connections that register VMs of this host. A VM is registered while its connection is open. */
export class Registrations {
  readonly #ownUid: number;
  readonly #onSet: (vm: DirVm) => void;
  readonly #onGone: (name: string) => void;
  /** VM → connection. */
  readonly #holders = new Map<string, number>();
  /** Connection → VM. */
  readonly #names = new Map<number, string>();

  constructor(parts: {
    /** The user of umldir; monitors of this user and of root may register. */
    readonly ownUid: number;
    readonly onSet: (vm: DirVm) => void;
    readonly onGone: (name: string) => void;
  }) {
    this.#ownUid = parts.ownUid;
    this.#onSet = parts.onSet;
    this.#onGone = parts.onGone;
  }

  /** Errors: DIRECTORY_LOCAL. */
  register(vm: DirVm, { uid, id, signal }: Caller): void {
    if (uid !== root && uid !== this.#ownUid)
      throw new UmlmonError('DIRECTORY_LOCAL', {
        place: vm.name,
        cause: 'only monitors of root and of the user of umldir may register, on its Unix socket',
      });
    if (signal.aborted) return;
    const former = this.#names.get(id);
    if (former === undefined) signal.addEventListener('abort', () => this.#leave(id));
    else if (former !== vm.name) this.#release(former, id);
    this.#names.set(id, vm.name);
    // The newest connection wins: the previous monitor was just killed, and the end of its connection is not read yet.
    this.#holders.set(vm.name, id);
    this.#onSet(vm);
  }

  #leave(id: number): void {
    const name = this.#names.get(id);
    this.#names.delete(id);
    if (name !== undefined) this.#release(name, id);
  }

  #release(name: string, id: number): void {
    if (this.#holders.get(name) !== id) return;
    this.#holders.delete(name);
    this.#onGone(name);
  }
}
