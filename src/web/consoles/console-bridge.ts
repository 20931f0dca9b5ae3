import { setTimeout as delay } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { type Event, UMLMON_DATA_MAX } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../system/errors/errors.ts';
import { webLimits } from '../../system/limits/limits.ts';
import type { ConsoleMessage } from '../wire.ts';
import { parseConsoleRequest } from './console-request.ts';
import type { ConsoleViewer } from './console-viewer.ts';
import { KeyQueue } from './key-queue.ts';
import type { Typist } from './typed-input.ts';

/** Milliseconds that one call waits for output, and for events. */
const readWait = 30_000;
const offsetBytes = 8;

/**
 * One console of a VM on one page, over its own connection to the monitor. Output goes as absolute offset and bytes, no
 * faster than the page shows it. Keys are counted, so that a page that reconnects continues exactly.
 */
export class ConsoleBridge {
  readonly #socket: WebSocket;
  readonly #client: MonitorClient;
  readonly #viewer: ConsoleViewer;
  readonly #typist: Typist;
  readonly #ended = new AbortController();
  /** Resolves when nothing is typed any more. */
  readonly #leave = () => this.#end();
  #offset: number;
  #shown: number;
  #endPause: () => void = () => undefined;
  readonly #keys = new KeyQueue({
    offer: (keys) => this.#offer(keys),
    onTaken: (count) => {
      this.#typist.typed += count;
      this.#send({ kind: 'typed', typed: this.#typist.typed });
    },
    onStuck: (isOver) => this.#send({ kind: 'waits', isOver }),
    onDrop: (keys) => this.#send({ kind: 'dropped', keys }),
    onError: (error) => this.#fail(error),
    signal: this.#ended.signal,
  });

  /** Takes ownership of the connection of the viewer. */
  constructor(socket: WebSocket, viewer: ConsoleViewer, typist: Typist) {
    this.#socket = socket;
    this.#client = viewer.client;
    this.#viewer = viewer;
    this.#typist = typist;
    this.#offset = viewer.offset;
    this.#shown = viewer.offset;
    typist.leave = this.#leave;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.#obey(data.toString());
      // A page of umlweb holds back keys beyond the limit.
      else if (!this.#keys.push(data)) socket.close(1008, 'too many keys');
    });
    socket.once('close', () => {
      // The next viewer that requests control gets it; a connection that its own page is replacing keeps it.
      if (typist.leave === this.#leave) typist.hasControl = false;
      void this.#leave();
    });
    const { monitor, offset, screen } = viewer;
    const size = screen ? { screen: { columns: screen.columns, rows: screen.rows } } : {};
    this.#send({ kind: 'viewer', monitor, offset, ...size, typed: typist.typed });
    if (screen) this.#sendOutput(offset, screen.data);
    this.#publishController(viewer.writer);
    const fail = (error: unknown) => this.#fail(error);
    void this.#pump().catch(fail);
    void this.#watchControl().catch(fail);
  }

  async #end(): Promise<void> {
    this.#ended.abort();
    this.#endPause();
    this.#socket.close();
    await this.#keys.settled();
    this.#client.close();
    if (this.#typist.leave === this.#leave) this.#typist.leave = undefined;
  }

  async #pump(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      while (this.#offset - this.#shown >= webLimits.aheadBytes && !signal.aborted)
        await new Promise<void>((resolve) => {
          this.#endPause = resolve;
        });
      const request = { id: this.#viewer.id, offset: this.#offset, max: UMLMON_DATA_MAX, waitMs: readWait };
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
      await this.#end();
    }
  }

  /** Notifies the page when control passes to another viewer. */
  async #watchControl(): Promise<void> {
    const { signal } = this.#ended;
    const { id, channel } = this.#viewer;
    let since = this.#viewer.eventsNext;
    while (!signal.aborted) {
      const request = { since, max: 64, waitMs: readWait };
      const { events, next } = await this.#client.call('events', request, signal).catch(noEvents);
      since = next;
      for (const { kind, attributes } of events) {
        const about = (name: string) => attributes.find((one) => one.name === name)?.value ?? '';
        if (kind !== 'console-controller' || about('channel') !== channel) continue;
        const isOurs = about('viewer') === String(id);
        if (isOurs || about('former') === String(id)) this.#typist.hasControl = isOurs;
        this.#publishController(isOurs ? '' : about('by'));
      }
    }
  }

  #publishController(other: string): void {
    this.#send({ kind: 'writer', other });
  }

  #obey(text: string): void {
    const request = parseConsoleRequest(text);
    const { id } = this.#viewer;
    if (request?.kind === 'shown') {
      this.#shown = Math.min(Math.max(this.#shown, request.offset), this.#offset);
      this.#endPause();
    } else if (request?.kind === 'size') {
      const { columns, rows } = request;
      // Fails with the connection, and then the read does too; a size alone is not worth the session.
      void this.#client.call('consoleResize', { id, columns, rows }).catch(() => undefined);
    } else if (request?.kind === 'take') void this.#take().catch((error: unknown) => this.#fail(error));
    else this.#socket.close(1008, 'not a request');
  }

  async #take(): Promise<void> {
    await this.#client.call('consoleControl', { id: this.#viewer.id, action: 'take' });
    this.#typist.hasControl = true;
    this.#publishController('');
  }

  /** Acknowledges typed bytes: without control they are dropped. */
  async #offer(keys: Buffer): Promise<number> {
    try {
      const taken = await this.#client.call('consoleWrite', { id: this.#viewer.id, data: keys });
      this.#typist.hasControl = true;
      return taken;
    } catch (error) {
      if (toFailure(error).code !== 'CONSOLE_NOT_CONTROLLER') throw error;
      this.#typist.hasControl = false;
      return keys.length;
    }
  }

  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#send({ kind: 'failed', why: toFailure(error) });
    this.#socket.close();
  }

  #send(message: ConsoleMessage): void {
    this.#put(JSON.stringify(message));
  }

  /** A page that types without reading its replies is disconnected. */
  #put(data: string | Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > webLimits.unsentBytes) this.#socket.terminate();
    else this.#socket.send(data);
  }

  #sendOutput(offset: number, data: Uint8Array): void {
    const frame = Buffer.allocUnsafe(offsetBytes + data.length);
    frame.writeBigUInt64BE(BigInt(offset));
    frame.set(data, offsetBytes);
    this.#put(frame);
  }
}

/** A page can do without lost or refused events: it learns the controller when it types. */
async function noEvents(
  error: unknown,
): Promise<{ readonly events: readonly Event[]; readonly next: number }> {
  const { code } = toFailure(error);
  if (code !== 'EVENTS_LOST' && code !== 'EVENTS_LISTENERS') throw error;
  await delay(webLimits.retryTime);
  return { events: [], next: 0 };
}
