import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { Attachment, ConsoleControl, ControlAction } from '../../rpc/umlmonctrl.gen.ts';
import { toFailure } from '../../system/errors/errors.ts';
import { printable } from '../../system/text.ts';
import type { SessionTerminal } from './session-terminal.ts';
import type { ControllerChange } from './watch-state.ts';

export interface SessionViewerParts {
  readonly client: MonitorClient;
  readonly channel: string;
  readonly terminal: SessionTerminal;
  /** `CTRL-]` */
  readonly escape: string;
}

/** The viewer of a session: whether it has control, and the messages about that. */
export class SessionViewer {
  readonly #parts: SessionViewerParts;
  readonly #id: number;
  /** Typed keys are not for the guest. */
  #isObserver: boolean;
  /** The user knows that another one types. */
  #isTold = false;
  /** The user knows, having asked for it, that no other viewer does. */
  #hasTaken = false;

  constructor(parts: SessionViewerParts, { id }: Attachment, isObserver: boolean) {
    this.#parts = parts;
    this.#id = id;
    this.#isObserver = isObserver;
  }

  get id(): number {
    return this.#id;
  }

  /** The first message of a session that starts without control. */
  async begin(force: boolean): Promise<string> {
    if (this.#isObserver) return 'you observe';
    const { yours, controller: writer } = await this.#control(force ? 'take' : 'request');
    this.#isTold = !yours;
    return yours ? '' : this.#observeText(writer);
  }

  /** Offers typed bytes to the guest; resolves to how many need no further offer. Errors: those of a write. */
  async offer(data: Buffer): Promise<number> {
    const { client, terminal } = this.#parts;
    if (this.#isObserver) {
      terminal.bell();
      return data.length;
    }
    try {
      return await client.call('consoleWrite', { id: this.#id, data });
    } catch (error) {
      if (!terminal.isInteractive || toFailure(error).code !== 'CONSOLE_NOT_CONTROLLER') throw error;
      terminal.bell();
      if (!this.#isTold) {
        this.#isTold = true;
        terminal.message(this.#observeText((await this.#control('request')).controller));
      }
      return data.length;
    }
  }

  /** Another viewer has taken control, or the controller has released it. */
  controllerChanged({ viewer, former, by }: ControllerChange): void {
    const { terminal, channel } = this.#parts;
    this.#isTold = viewer !== this.#id && viewer !== 0;
    const isKnown = viewer === this.#id && this.#hasTaken;
    this.#hasTaken = false;
    if (isKnown) return;
    if (viewer === this.#id) terminal.message(`you type at ${channel} now`);
    else if (former === this.#id && viewer !== 0)
      terminal.message(`${printable(by, 64)} took control: ${this.#observeText(null)}`);
    else if (viewer === 0 && former !== this.#id && !this.#isObserver)
      terminal.message('no viewer has control: you may type');
  }

  async take(): Promise<void> {
    this.#isObserver = false;
    this.#hasTaken = true;
    await this.#control('take');
    // Without other viewers there is no event.
    this.#parts.terminal.message(`you type at ${this.#parts.channel} now`);
  }

  async observe(): Promise<void> {
    this.#isObserver = true;
    await this.#control('release');
    this.#parts.terminal.message(this.#observeText(null));
  }

  #control(action: ControlAction): Promise<ConsoleControl> {
    return this.#parts.client.call('consoleControl', { id: this.#id, action });
  }

  #observeText(writer: ConsoleControl['controller']): string {
    return `${writer ? `${printable(writer.by, 64)} types; ` : ''}you observe, ${this.#parts.escape} t takes over`;
  }
}
