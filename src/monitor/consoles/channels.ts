import { join } from 'node:path';
import { Channel } from '../../console/channel.ts';
import type { GuestTerminals } from '../../console/input/guest-terminals.ts';
import type { InputState } from '../../console/input/input-gate.ts';
import { ConsoleLog, type LogChange } from '../../console/log.ts';
import type { Mark, Marks } from '../../console/log-marks.ts';
import type { ConsolePlan, LogPlan } from '../../plan/plan.ts';
import {
  type ConsoleInfo,
  type LogBytes,
  type LogReadArgs,
  UMLMON_DATA_MAX,
  UMLMON_WAIT_MAX,
} from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { SharePeer } from '../../system/sharing/shares.ts';

/**
 * The consoles and serial lines of a VM. They outlive its kernel: viewers stay attached over a reboot, and the
 * output of a start that failed can still be read.
 */
export class Channels {
  readonly #channels = new Map<string, Channel>();
  readonly #onLogChange: (path: string, change: LogChange) => void;
  readonly #onInputWait: (channel: string, input: InputState) => void;
  #marks: Marks | undefined;

  constructor(
    onLogChange: (path: string, change: LogChange) => void,
    onInputWait: (channel: string, input: InputState) => void = () => undefined,
  ) {
    this.#onLogChange = onLogChange;
    this.#onInputWait = onInputWait;
  }

  /** From now on it is noted there how far the consoles are read. */
  useMarks(marks: Marks): void {
    this.#marks = marks;
  }

  /** The kernel runs: looks there how much input its guest has not read. */
  useTerminals(terminals: GuestTerminals): void {
    for (const channel of this.#channels.values()) channel.useTerminals(terminals);
  }

  markOf(name: string): Mark | undefined {
    return this.#marks?.of(name);
  }

  /** Makes the channels that are new, ends those that are gone, and gives each its log. */
  configure(consoles: readonly ConsolePlan[], log: LogPlan): void {
    const wanted = new Set(consoles.map(({ channel }) => channel));
    for (const [name, channel] of this.#channels)
      if (!wanted.has(name)) {
        channel.close();
        this.#channels.delete(name);
      }
    for (const { channel: name, logged } of consoles) {
      const channel = this.#channels.get(name) ?? new Channel({ name });
      channel.onInputWait = (input) => this.#onInputWait(name, input);
      this.#channels.set(name, channel);
      if (!logged) channel.setLog(undefined);
      else if (!channel.log) channel.setLog(this.#openLog(join(log.directory, name), log));
    }
  }

  /** Opens the logs again: their files may have been renamed. */
  reopenLogs(): void {
    for (const channel of this.#channels.values()) channel.log?.reopen();
  }

  find(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  #openLog(path: string, { size, count }: LogPlan): ConsoleLog {
    const log = new ConsoleLog(path, { maxBytes: size, keep: count });
    log.onChange = (change) => this.#onLogChange(path, change);
    return log;
  }

  /** Errors: CONSOLE_UNKNOWN. */
  get(name: string): Channel {
    const channel = this.find(name);
    if (channel) return channel;
    throw new UmlmonError('CONSOLE_UNKNOWN', {
      place: name,
      cause: 'the VM has no such console or serial line',
      hint: `it has ${[...this.#channels.keys()].join(', ')}; add ${name} to its configuration and start it again`,
    });
  }

  /** Bytes of a log from the reader's own offset; an offset beyond the end means from the end. */
  async readLog(args: LogReadArgs, peer: SharePeer, signal: AbortSignal): Promise<LogBytes> {
    const channel = this.get(args.channel);
    const { log } = channel;
    if (!log)
      throw new UmlmonError('CONSOLE_NOT_LOGGED', {
        place: args.channel,
        cause: 'the output of this channel is not logged',
        hint: `set ${args.channel} = pty log`,
      });
    const offset = Math.min(args.offset, log.end);
    if (offset === log.end)
      await channel.waitFor(channel.ring.next, Math.min(args.waitMs, UMLMON_WAIT_MAX), signal, peer);
    return { ...log.read(offset, Math.min(args.max, UMLMON_DATA_MAX)), oldest: log.oldest, end: log.end };
  }

  /** At most `max` of the newest bytes of each channel; valid until there is more output (Ring.read). */
  newestOutput(max: number): { channel: string; offset: number; data: Uint8Array }[] {
    return [...this.#channels].map(([channel, { ring }]) => ({
      channel,
      ...ring.read(ring.next - max, max),
    }));
  }

  /** The channels with output, con0 last: its end is recorded anyway. */
  withOutput(): Channel[] {
    const all = [...this.#channels.values()].filter(({ ring }) => ring.next > 0);
    return [...all.filter(({ name }) => name !== 'con0'), ...all.filter(({ name }) => name === 'con0')];
  }

  infos(): ConsoleInfo[] {
    return [...this.#channels.values()].map((channel) => ({
      channel: channel.name,
      viewers: channel.viewers,
      bytesOut: channel.bytesOut,
      bytesIn: channel.bytesIn,
      logDropped: channel.log?.dropped ?? 0,
      logError: channel.log?.error ?? '',
      maybeLost: channel.maybeLost,
      inputUnread: channel.input?.unread ?? 0,
      inputSeen: channel.input?.isSeen ?? true,
      inputWaiting: channel.input?.waiting ?? 0,
      inputWaitedMs: Math.round(channel.input?.waitedMs ?? 0),
      logged: channel.log !== undefined,
    }));
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
  }
}
