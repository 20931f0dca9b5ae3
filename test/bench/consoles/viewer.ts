import { setTimeout as delay } from 'node:timers/promises';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';

const waitMs = 10_000;
const most = 65_536;
/** A prompt may follow the marker. */
const tailBytes = 256;

/** A viewer at a console as umlwatch takes one, with the same questions as the floor answers. */
export class Viewer {
  readonly #client: MonitorClient;
  readonly #id: number;
  #offset: number;

  static async open(client: MonitorClient, channel: string): Promise<Viewer> {
    const { id, next } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
    return new Viewer(client, id, next);
  }

  /** Takes the right to type from whoever has it. */
  async takeControl(): Promise<void> {
    await this.#client.call('consoleControl', { id: this.#id, action: 'take' });
  }

  private constructor(client: MonitorClient, id: number, offset: number) {
    this.#client = client;
    this.#id = id;
    this.#offset = offset;
  }

  async type(text: string): Promise<void> {
    await this.#client.call('consoleWrite', { id: this.#id, data: Buffer.from(text) });
  }

  async close(): Promise<void> {
    await this.#client.call('consoleDetach', this.#id);
  }

  /** Reads until the marker was seen; seconds are from the first byte on. */
  async until(marker: string): Promise<{ seconds: number; bytes: number }> {
    const first = this.#offset;
    let began: number | undefined;
    for (let tail = ''; !tail.includes(marker); ) {
      const data = await this.#read();
      began ??= performance.now();
      tail = (tail + Buffer.from(data.subarray(-tailBytes)).toString('latin1')).slice(-tailBytes);
    }
    return { seconds: (performance.now() - (began ?? 0)) / 1000, bytes: this.#offset - first };
  }

  /** Reads until the marker was seen: the end of what came before. */
  async textBefore(marker: string): Promise<string> {
    let tail = '';
    while (!tail.includes(marker)) {
      const data = await this.#read();
      tail = (tail + Buffer.from(data.subarray(-tailBytes)).toString('latin1')).slice(-tailBytes);
    }
    return tail;
  }

  /** Seconds of each round trip of a byte that the guest echoes, `pauseMs` apart. */
  async echo(count: number, pauseMs = 0): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      if (pauseMs > 0) await delay(pauseMs);
      const began = performance.now();
      const echo = this.#read();
      await this.type('x');
      if (Buffer.from(await echo).toString() !== 'x') throw new Error('not the echo');
      times.push((performance.now() - began) / 1000);
    }
    return times;
  }

  async #read(): Promise<Uint8Array> {
    const request = { id: this.#id, offset: this.#offset, max: most, waitMs };
    const { offset, data } = await this.#client.call('consoleRead', request);
    if (data.length === 0) throw new Error('the console is silent');
    this.#offset = offset + data.length;
    return data;
  }
}
