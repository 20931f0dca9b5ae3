import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RemoteEndpoint } from '../../rpc/client/connect-remote.ts';
import { DirectoryClient } from '../../rpc/client/directory-client.ts';
import { connectThroughDirectory } from '../../rpc/client/through-directory.ts';
import type { DirChange, DirList, DirTarget } from '../../rpc/umldir.gen.ts';
import { failureText, toFailure } from '../../system/errors/errors.ts';
import { webLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import { Turns } from '../http/concurrency.ts';
import { keepServing } from './reconnecting.ts';

const warningCharacters = 500;

/** The VMs that the umldir of a host knows, while a page is open; afterwards the last known ones. */
export class DirectoryWatch {
  readonly at: RemoteEndpoint;
  /** If it does not answer, its last list stays valid: its VMs may still exist. */
  list: DirList | undefined;
  /** Why the list may be old; '' if it is not. */
  warning = '';
  #leave: AbortController | undefined;
  readonly #turns = new Turns(webLimits.asksAtOnce);

  constructor(at: RemoteEndpoint) {
    this.at = at;
  }

  /** Calls `onChange` when VMs or the error have changed; until `close`. */
  follow(onChange: () => void): void {
    this.close();
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    void keepServing({
      connect: () => DirectoryClient.connect(this.at.host, this.at.port),
      serve: (client) => this.#serve(client, onChange, signal),
      onError: (error) => {
        this.#fail(error);
        onChange();
      },
      signal,
    });
  }

  /** A connection to the monitor of a VM that it knows. Errors: DIRECTORY_*, REDIRECTOR_*, REMOTE_*. */
  open(target: DirTarget): Promise<Socket> {
    return this.#turns.take(() => connectThroughDirectory(target, this.at));
  }

  /** Asks once. */
  async ask(): Promise<void> {
    try {
      const client = await DirectoryClient.connect(this.at.host, this.at.port);
      await this.#look(client).finally(() => client.close());
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.#leave?.abort();
    this.#leave = undefined;
  }

  async #serve(client: DirectoryClient, onChange: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const list = await this.#look(client);
      if (signal.aborted) return;
      onChange();
      await untilOthers(client, list);
      await delay(webLimits.lookGap);
    }
  }

  async #look(client: DirectoryClient): Promise<DirList> {
    const list = await client.list();
    const { sharing, warning } = list.state;
    this.list = list;
    this.warning = sharing === 'broken' ? printable(`${client.place}: ${warning}`, warningCharacters) : '';
    return list;
  }

  #fail(error: unknown): void {
    this.warning = printable(failureText(toFailure(error)), warningCharacters);
  }
}

/** Resolves when the VMs differ from a list, or it is old. The monitors report the states of the VMs. */
async function untilOthers(client: DirectoryClient, { entries, next }: DirList): Promise<void> {
  const known = new Set(entries.map(nameOf));
  const isOther = ({ kind, entry }: DirChange) => kind === 'gone' || !known.has(nameOf(entry));
  for (let since = next; ; ) {
    const changes = await client.watch(since).catch((error: unknown) => {
      if (toFailure(error).code !== 'DIRECTORY_LOST') throw error;
      return undefined;
    });
    if (!changes || changes.changes.length === 0 || changes.changes.some(isOther)) return;
    since = changes.next;
  }
}

function nameOf({ host, vm }: DirChange['entry']): string {
  return `${vm.name}@${host}`;
}
