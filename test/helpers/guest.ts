import type { MonitorClient } from '../../src/cli/monitor-client.ts';

/** How long a guest may take to answer; a guest that does not is a failure, not a slow machine. */
const patienceMs = 20_000;

/** The shell on a console of the demo guest. */
export class GuestShell {
  readonly #client: MonitorClient;
  readonly #seat: number;
  #offset: number;
  #count = 0;

  private constructor(client: MonitorClient, seat: number, offset: number) {
    this.#client = client;
    this.#seat = seat;
    this.#offset = offset;
  }

  static async open(client: MonitorClient, channel = 'con1'): Promise<GuestShell> {
    const seat = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
    return new GuestShell(client, seat.id, seat.next);
  }

  /** Runs a line in the guest; resolves to its output and exit status. */
  async run(line: string): Promise<{ output: string; status: number }> {
    this.#count += 1;
    const mark = `end-${this.#count}`;
    // The mark is put together by the shell, so its echo is not taken for it.
    await this.type(`${line}; echo "${mark.slice(0, 3)}""${mark.slice(3)}:$?:"\r`);
    const text = await this.until(new RegExp(`^${mark}:(\\d+):`, 'm'));
    const [echoed = '', ...lines] = text.replaceAll('\r', '').split('\n');
    const end = lines.findIndex((candidate) => candidate.startsWith(`${mark}:`));
    if (!echoed.includes(line)) lines.unshift(echoed);
    return { output: lines.slice(0, end).join('\n'), status: Number(lines[end]?.split(':')[1]) };
  }

  async type(text: string): Promise<void> {
    let rest = Buffer.from(text);
    while (rest.length > 0) {
      const accepted = await this.#client.call('consoleWrite', { id: this.#seat, data: rest });
      rest = rest.subarray(accepted);
    }
  }

  /** Output from where the last call stopped, until it matches. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + patienceMs;
    let text = '';
    while (Date.now() < deadline) {
      const { data, offset } = await this.#client.call('consoleRead', {
        id: this.#seat,
        offset: this.#offset,
        max: 65536,
        waitMs: 1000,
      });
      this.#offset = offset + data.length;
      text += Buffer.from(data).toString();
      if (pattern.test(text)) return text;
    }
    throw new Error(`no ${pattern} within ${patienceMs} ms in: ${JSON.stringify(text)}`);
  }
}

/** Waits until the monitor has an event of this kind, from `since` on (1 = all that there were). */
export async function waitForEvent(client: MonitorClient, kind: string, since = 1): Promise<string> {
  const deadline = Date.now() + patienceMs;
  let next = since;
  while (Date.now() < deadline) {
    const list = await client.call('events', { since: next, max: 64, waitMs: 1000 });
    const event = list.events.find((candidate) => candidate.kind === kind);
    if (event) return event.text;
    next = list.next;
  }
  throw new Error(`no event ${kind} within ${patienceMs} ms`);
}
