import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { MonitorClient } from '../rpc/monitor-client.ts';
import { UMLMON_DATA_MAX } from '../rpc/umlmonctrl.gen.ts';
import { toFailure } from '../system/errors.ts';
import { webLimits } from '../system/limits.ts';
import { parseConsoleRequest } from './console-request.ts';
import type { Typist } from './typist.ts';
import type { ConsoleMessage } from './wire.ts';

export interface ConsoleRequested {
  readonly vm: string;
  readonly ctrl: string;
  readonly channel: string;
  /** The monitor and the offset up to which the page has the output; none for a new page. */
  readonly from?: { readonly monitor: string; readonly offset: number };
}

/** Milliseconds that one read waits for output. */
const readWait = 30_000;
/** Milliseconds until keys are offered again to a guest that does not read: at first, and at most. */
const offerAgain = { first: 10, most: 500 };
const offsetBytes = 8;

/**
 * One console of a VM on one page, over a connection to the monitor of its own. Output goes as absolute offset and
 * bytes, no faster than the page shows it; keys are counted, so that a page that comes back goes on where it was.
 */
export class ConsoleBridge {
  readonly #socket: WebSocket;
  readonly #client: MonitorClient;
  readonly #seat: number;
  readonly #typist: Typist;
  readonly #ended = new AbortController();
  #offset: number;
  #shown: number;
  #endPause: () => void = () => undefined;
  #keys: Buffer[] = [];
  #keysWaiting = 0;
  #typing: Promise<void> | undefined;

  /** Errors: MONITOR_UNREACHABLE, CONSOLE_UNKNOWN, and what else an attach may answer. */
  static async open(socket: WebSocket, wanted: ConsoleRequested, typist: Typist): Promise<ConsoleBridge> {
    const client = await MonitorClient.connect(wanted.ctrl, wanted.vm);
    try {
      const { monitorPid } = await client.call('info', undefined);
      const { channel } = wanted;
      const seat = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
      const monitor = String(monitorPid);
      const isSame = wanted.from?.monitor === monitor && wanted.from.offset <= seat.next;
      const offset = isSame ? Math.max(wanted.from?.offset ?? 0, 0) : seat.oldest;
      const bridge = new ConsoleBridge(socket, client, seat.id, typist, offset);
      bridge.#send({ kind: 'seat', monitor, offset, next: seat.next, typed: typist.typed });
      return bridge;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  private constructor(
    socket: WebSocket,
    client: MonitorClient,
    seat: number,
    typist: Typist,
    offset: number,
  ) {
    this.#socket = socket;
    this.#client = client;
    this.#seat = seat;
    this.#typist = typist;
    this.#offset = offset;
    this.#shown = offset;
    typist.leave = () => this.close();
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#type(data);
      else this.#obey(data.toString());
    });
    socket.once('close', () => void this.close());
    void this.#pump().catch((error: unknown) => this.#fail(error));
  }

  /** Resolves when nothing is typed any more. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#endPause();
    this.#socket.close();
    await this.#typing;
    this.#client.close();
    if (this.#typist.leave) this.#typist.leave = undefined;
  }

  async #pump(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      while (this.#offset - this.#shown >= webLimits.aheadBytes && !signal.aborted)
        await new Promise<void>((resolve) => {
          this.#endPause = resolve;
        });
      const request = { id: this.#seat, offset: this.#offset, max: UMLMON_DATA_MAX, waitMs: readWait };
      const { offset, data, ended } = await this.#client.call('consoleRead', request, signal);
      if (offset > this.#offset) {
        this.#send({ kind: 'skipped', bytes: offset - this.#offset });
        // What is gone needs not to be shown.
        this.#shown += offset - this.#offset;
      }
      this.#offset = offset + data.length;
      if (data.length > 0) this.#sendOutput(offset, data);
      if (!ended) continue;
      this.#send({ kind: 'ended' });
      await this.close();
    }
  }

  #obey(text: string): void {
    const request = parseConsoleRequest(text);
    if (request?.kind === 'shown') {
      this.#shown = Math.min(Math.max(this.#shown, request.offset), this.#offset);
      this.#endPause();
    } else if (request?.kind === 'size') {
      const { columns, rows } = request;
      // Fails with the connection, and then the read does too; a size alone is not worth the session.
      void this.#client.call('consoleResize', { id: this.#seat, columns, rows }).catch(() => undefined);
    } else this.#socket.close(1008, 'not a request');
  }

  #type(keys: Buffer): void {
    if (this.#ended.signal.aborted) return;
    if (this.#keysWaiting + keys.length > webLimits.typedBytes) {
      // A page of ours holds back what is too much.
      this.#socket.close(1008, 'too many keys');
      return;
    }
    this.#keys.push(keys);
    this.#keysWaiting += keys.length;
    this.#typing ??= this.#offerKeys()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#typing = undefined;
      });
  }

  /** Offers the keys until the guest has taken them; those left when the connection ends, the page offers again. */
  async #offerKeys(): Promise<void> {
    let wait = offerAgain.first;
    for (let [keys] = this.#keys; keys && !this.#ended.signal.aborted; [keys] = this.#keys) {
      const taken = await this.#client.call('consoleWrite', { id: this.#seat, data: keys });
      if (taken === keys.length) this.#keys.shift();
      else this.#keys[0] = keys.subarray(taken);
      this.#keysWaiting -= taken;
      this.#typist.typed += taken;
      if (taken > 0) {
        this.#send({ kind: 'typed', typed: this.#typist.typed });
        wait = offerAgain.first;
      } else {
        await delay(wait);
        wait = Math.min(2 * wait, offerAgain.most);
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#send({ kind: 'failed', why: toFailure(error) });
    this.#socket.close();
  }

  #send(message: ConsoleMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #sendOutput(offset: number, data: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const frame = Buffer.allocUnsafe(offsetBytes + data.length);
    frame.writeBigUInt64BE(BigInt(offset));
    frame.set(data, offsetBytes);
    this.#socket.send(frame);
  }
}
