import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { directoryLimits, rpcLimits } from '../../system/limits/limits.ts';
import { placeText } from '../address.ts';
import { type DirChanges, type DirList, type DirPort, type DirTarget, umldir } from '../umldir.gen.ts';
import { RpcClient } from './client.ts';
import { errorOfDirectory } from './redirect.ts';

/** Timeout of an answer, in milliseconds. */
const answerMs = rpcLimits.answerTime;

/** Milliseconds that one call waits for changes; less than the idle timeout of the server. */
const watchMs = rpcLimits.watchTime;

/** Most VMs of a directory server. */
const entriesMax = directoryLimits.vms + directoryLimits.sharedVms;

/** A client of the umldir of a host. Errors: DIRECTORY_UNREACHABLE, and those of its answers. */
export class DirectoryClient {
  readonly #rpc: RpcClient<typeof umldir>;
  /** For messages. */
  readonly place: string;

  private constructor(rpc: RpcClient<typeof umldir>, place: string) {
    this.#rpc = rpc;
    this.place = place;
  }

  static async connect(host: string, port: number): Promise<DirectoryClient> {
    const place = `umldir of ${placeText(host, port)}`;
    const failure = (error: unknown) => unreachable(place, wordsOf(error));
    const rpc = await RpcClient.connect({ host, port }, umldir, { name: host, timeoutMs: answerMs, failure });
    return new DirectoryClient(rpc, place);
  }

  async getPort(target: DirTarget): Promise<DirPort> {
    const answer = await this.#asked(this.#rpc.call('getPort', target));
    if (answer.kind === 'failed') throw errorOfDirectory(answer.why);
    return answer.port;
  }

  /** All VMs. */
  async list(): Promise<DirList> {
    let after = { afterHost: '', afterVm: '' };
    let whole: DirList | undefined;
    for (;;) {
      const answer = await this.#asked(this.#rpc.call('list', after));
      if (answer.kind === 'failed') throw errorOfDirectory(answer.why);
      const { entries, next } = answer.list;
      // Changes between the pages are among the changes after the first page.
      whole = { ...answer.list, entries: [...(whole?.entries ?? []), ...entries], next: whole?.next ?? next };
      const last = answer.list.entries.at(-1);
      if (!answer.list.more || !last) return whole;
      if (whole.entries.length > entriesMax) throw unreachable(this.place, 'its list is too long');
      after = { afterHost: last.host, afterVm: last.vm.name };
    }
  }

  /** Changes from a number on; waits for the first one, and may return an empty list. */
  async watch(since: number): Promise<DirChanges> {
    const answer = await this.#asked(
      this.#rpc.call('watch', { since, waitMs: watchMs }, { timeoutMs: answerMs + watchMs }),
    );
    if (answer.kind === 'failed') throw errorOfDirectory(answer.why);
    return answer.list;
  }

  close(): void {
    this.#rpc.close();
  }

  /** An invalid answer counts as an unreachable server. */
  async #asked<A>(call: Promise<A>): Promise<A> {
    try {
      return await call;
    } catch (error) {
      const { code, cause } = toFailure(error);
      throw code === 'DIRECTORY_UNREACHABLE' ? error : unreachable(this.place, cause);
    }
  }
}

function unreachable(place: string, words: string): UmlmonError {
  return new UmlmonError('DIRECTORY_UNREACHABLE', {
    place,
    cause: `cannot connect to the directory server: ${words}`,
    hint: 'check that umldir runs there and that its port is open',
  });
}

function wordsOf(error: unknown): string {
  if (error === null) return 'it closed the connection';
  return error instanceof Error ? error.message : String(error);
}
