import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';

/** How long a guest may take to answer; a guest that does not is a failure, not a slow machine. */
const patienceMs = 20_000;

/** The shell on a console of the demo guest. */
export class GuestShell {
  readonly #client: MonitorClient;
  readonly #viewer: number;
  #offset: number;
  #count = 0;

  private constructor(client: MonitorClient, viewer: number, offset: number) {
    this.#client = client;
    this.#viewer = viewer;
    this.#offset = offset;
  }

  /** Waits for the prompt: what is typed before it may be lost. */
  static async open(client: MonitorClient, channel = 'con1'): Promise<GuestShell> {
    const viewer = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
    const shell = new GuestShell(client, viewer.id, viewer.oldest);
    await shell.atPrompt();
    return shell;
  }

  /** A shell that is at its prompt already; what was said before is left out. */
  static async again(client: MonitorClient, channel = 'con1'): Promise<GuestShell> {
    const viewer = await client.call('consoleAttach', { channel, columns: 0, rows: 0 });
    return new GuestShell(client, viewer.id, viewer.next);
  }

  /** Resolves when the output ends in a prompt. */
  async atPrompt(): Promise<void> {
    await this.until(/[#$] (?:\x1b\[(?:6n|J))*$/);
  }

  /** Runs a line in the guest; resolves to its output and exit status. */
  async run(line: string): Promise<{ output: string; status: number }> {
    this.#count += 1;
    const mark = `end-${this.#count}`;
    // The mark is put together by the shell, so its echo is not taken for it.
    const typed = `${line}; echo "${mark.slice(0, 2)}""${mark.slice(2)}:$?:"`;
    await this.type(`${typed}\r`);
    const text = await this.until(
      new RegExp(`^${mark}:(\\d+):\\r?\\n[^\\n]*[#$] (?:\\x1b\\[(?:6n|J))*$`, 'm'),
    );
    const output = afterEcho(text.replaceAll('\r', ''), typed);
    const end = output.indexOf(`${mark}:`);
    return { output: output.slice(0, end).trimEnd(), status: Number(output.slice(end).split(':')[1]) };
  }

  async type(text: string): Promise<void> {
    // Other shells of the test may be at this console.
    await this.#client.call('consoleControl', { id: this.#viewer, action: 'take' });
    let rest = Buffer.from(text);
    while (rest.length > 0) {
      const accepted = await this.#client.call('consoleWrite', { id: this.#viewer, data: rest });
      rest = rest.subarray(accepted);
    }
  }

  /** Output from where the last call stopped, until it matches. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + patienceMs;
    let text = '';
    while (Date.now() < deadline) {
      const { data, offset } = await this.#client.call('consoleRead', {
        id: this.#viewer,
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

/** The text after the echo of what was typed, which the shell may have wrapped. */
function afterEcho(text: string, typed: string): string {
  for (
    let start = text.indexOf(typed.slice(0, 1));
    start >= 0;
    start = text.indexOf(typed.slice(0, 1), start + 1)
  ) {
    let at = start;
    let matched = 0;
    while (matched < typed.length && (text[at] === typed[matched] || text[at] === '\n')) {
      if (text[at] === typed[matched]) matched += 1;
      at += 1;
    }
    if (matched === typed.length) return text.slice(at).replace(/^\n/, '');
  }
  throw new Error(`no echo of ${typed} in: ${JSON.stringify(text)}`);
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
