import type { VmConfig } from '../../config/config.ts';
import { saysReady } from '../../kernel/notify.ts';
import type { Readiness as ReadinessInfo, ReadyLevel } from '../../rpc/umlmonctrl.gen.ts';
import type { Clock } from '../../system/clock.ts';
import type { Channels } from '../consoles/channels.ts';
import type { EventLog } from '../events/event-log.ts';
import { findText } from './find-text.ts';
import { describeReadiness, type GuestReadiness, type LevelTimes, reachLevel } from './readiness.ts';

/** What the watch needs of its VM. */
export interface ReadyOwner {
  readonly events: Pick<EventLog, 'publish'>;
  readonly channels: Channels;
  readonly clock: Clock;
  /** A level is reached: the next monitor needs it too. */
  levelReached(): void;
}

/** Watches the readiness of a VM, from the request of a start to the end of its kernel. */
export class ReadyWatch {
  readonly #owner: ReadyOwner;
  #config: VmConfig;
  #readiness: GuestReadiness;
  #isRunning = false;
  /** When the start was requested, by Clock.now. */
  #began = 0;
  #giveUp: () => void = () => undefined;

  constructor(config: VmConfig, owner: ReadyOwner) {
    this.#owner = owner;
    this.#config = config;
    this.#readiness = { configured: config.ready, reached: {} };
  }

  get reached(): LevelTimes {
    return this.#readiness.reached;
  }

  get info(): ReadinessInfo {
    return describeReadiness(this.#readiness);
  }

  /** Watches a start that was requested `elapsedMs` milliseconds ago. */
  watchStart(config: VmConfig, elapsedMs: number): void {
    this.end();
    this.#config = config;
    this.#readiness = { configured: config.ready, reached: {} };
    this.#began = this.#owner.clock.now() - elapsedMs;
    this.#isRunning = true;
  }

  /** Looks for ready_pattern in the output from now on; with `past` also in the output that is held. */
  watchConsole({ past }: { past: boolean }): void {
    const pattern = this.#config.ready_pattern;
    const channel = pattern && this.#owner.channels.find(pattern.channel);
    if (!this.#isRunning || !channel || this.reached.console !== undefined) return;
    const from = past ? channel.ring.oldest : channel.ring.next;
    this.#giveUp = findText(channel, from, pattern.text, () => this.reach('console'));
  }

  guestSaid(text: string): void {
    if (saysReady(text)) this.reach('guest');
  }

  /** Does nothing if the level is reached, or no kernel runs. */
  reach(level: ReadyLevel, elapsedMs = this.#owner.clock.now() - this.#began): void {
    const before = this.#readiness;
    if (this.#isRunning) this.#readiness = reachLevel(before, level, elapsedMs);
    if (this.#readiness === before) return;
    const time = this.reached[level] ?? 0;
    const ready = level === before.configured ? 'yes' : 'no';
    this.#owner.events.publish('ready', `${level}, after ${time} ms`, { level, elapsed_ms: time, ready });
    this.#owner.levelReached();
  }

  /** Levels that this kernel reached under a previous monitor. */
  restore(reached: LevelTimes): void {
    for (const [level, time] of Object.entries(reached) as [ReadyLevel, number][]) this.reach(level, time);
  }

  /** The kernel has ended or is about to be released: its output counts no longer. */
  end(): void {
    this.#isRunning = false;
    this.#readiness = { ...this.#readiness, reached: {} };
    this.#giveUp();
    this.#giveUp = () => undefined;
  }
}
