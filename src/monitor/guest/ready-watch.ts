import type { VmConfig } from '../../config/config.ts';
import { saysReady } from '../../kernel/notify.ts';
import type { Readiness as ReadinessInfo, ReadyLevel } from '../../rpc/umlmonctrl.gen.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import { findText } from './find-text.ts';
import { describeReadiness, type LevelTimes, type Readiness, reachLevel } from './readiness.ts';

export interface ReadyWatchParts {
  readonly events: Pick<EventLog, 'publish'>;
  readonly channels: Channels;
  /** Called after each level, to keep what was reached for the monitor after this one. */
  readonly onReached: () => void;
}

/** Watches how far a VM has come, from the beginning of a start to the end of its kernel. */
export class ReadyWatch {
  readonly #parts: ReadyWatchParts;
  #config: VmConfig;
  #readiness: Readiness;
  #isRunning = false;
  /** When the start was asked for, on the clock of performance.now(). */
  #began = 0;
  #giveUp: () => void = () => undefined;

  constructor(config: VmConfig, parts: ReadyWatchParts) {
    this.#parts = parts;
    this.#config = config;
    this.#readiness = { configured: config.ready, reached: {} };
  }

  get reached(): LevelTimes {
    return this.#readiness.reached;
  }

  get info(): ReadinessInfo {
    return describeReadiness(this.#readiness);
  }

  /** A start was asked for `elapsedMs` milliseconds ago. */
  begin(config: VmConfig, elapsedMs: number): void {
    this.end();
    this.#config = config;
    this.#readiness = { configured: config.ready, reached: {} };
    this.#began = performance.now() - elapsedMs;
    this.#isRunning = true;
  }

  /** Looks for ready_pattern in the output that comes from now on, and with `past` in all that is held. */
  watchConsole({ past }: { past: boolean }): void {
    const pattern = this.#config.ready_pattern;
    const channel = pattern && this.#parts.channels.find(pattern.channel);
    if (!this.#isRunning || !channel || this.reached.console !== undefined) return;
    const from = past ? channel.ring.oldest : channel.ring.next;
    this.#giveUp = findText(channel, from, pattern.text, () => this.reach('console'));
  }

  guestSaid(text: string): void {
    if (saysReady(text)) this.reach('guest');
  }

  /** Does nothing if the level is reached, or no kernel runs. */
  reach(level: ReadyLevel, elapsedMs = performance.now() - this.#began): void {
    const before = this.#readiness;
    if (this.#isRunning) this.#readiness = reachLevel(before, level, elapsedMs);
    if (this.#readiness === before) return;
    const time = this.reached[level] ?? 0;
    const ready = level === before.configured ? 'yes' : 'no';
    this.#parts.events.publish('ready', `${level}, after ${time} ms`, { level, elapsed_ms: time, ready });
    this.#parts.onReached();
  }

  /** Levels that a former monitor has seen this kernel reach. */
  restore(reached: LevelTimes): void {
    for (const [level, time] of Object.entries(reached) as [ReadyLevel, number][]) this.reach(level, time);
  }

  /** The kernel is gone, or about to be released: what still comes from it counts no more. */
  end(): void {
    this.#isRunning = false;
    this.#readiness = { ...this.#readiness, reached: {} };
    this.#giveUp();
    this.#giveUp = () => undefined;
  }
}
