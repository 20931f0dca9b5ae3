import { closeSync, rmSync } from 'node:fs';
import { kernelLimits } from '../system/limits/limits.ts';
import { openDatagram, receiveDatagram } from '../system/native/native.ts';
import { printable } from '../system/text.ts';
import { type Watch, watch } from '../system/watch.ts';
import type { KernelSender } from './kernel-sender.ts';
import { DATA_MAX, decodeNotification, type NotificationPacket, PACKET_MAX } from './mconsole-packet.ts';

export interface Notification {
  readonly type: NotificationPacket['type'];
  /** Safe to show. For 'socket': the path of the kernel's mconsole socket in its jail. */
  readonly text: string;
}

export interface NotifyCounts {
  /** Datagrams that are not notifications. */
  readonly malformed: number;
  /** Notifications beyond the number of one type that is passed on per second. */
  readonly suppressed: number;
}

/** Whether a message of the guest announces readiness: it is or starts with `booted` or `ready` (umlmon(7), READINESS). */
export function saysReady(text: string): boolean {
  return /^(?:booted|ready)(?![^\s:])/.test(text);
}

/**
 * Receives what a kernel with `mconsole=notify:PATH` reports. The kernel sends with a call that waits: a listener
 * that does not read freezes the whole guest. So all messages are read at once, and excess ones are only counted. What
 * others send is dropped.
 */
export class NotifyListener {
  readonly #path: string;
  readonly #fd: number;
  #watch: Watch | undefined;
  readonly #buffer = Buffer.alloc(PACKET_MAX + 1);
  readonly #onNotification: (notification: Notification) => void;
  #malformed = 0;
  #suppressed = 0;
  #second = 0;
  readonly #passed = new Map<Notification['type'], number>();
  #saidReady = false;
  #closed = false;
  #sender: KernelSender | undefined;

  /**
   * Opens the socket; nothing is read before `hear`.
   *
   * @param path of the socket, which replaces a file of this name; valid for the kernel in its jail, too
   */
  static open(path: string, onNotification: (notification: Notification) => void): NotifyListener {
    return new NotifyListener(path, onNotification);
  }

  private constructor(path: string, onNotification: (notification: Notification) => void) {
    this.#path = path;
    this.#onNotification = onNotification;
    rmSync(path, { force: true });
    this.#fd = openDatagram(path);
  }

  /** Reads from now on, as soon as it is known who the kernel is: until then it waits when it has sent too much. */
  hear(sender: KernelSender): void {
    if (this.#closed || this.#watch) return;
    this.#sender = sender;
    this.#watch = watch(this.#fd, { readable: true }, () => this.#drain(sender));
  }

  get counts(): NotifyCounts {
    return { malformed: this.#malformed, suppressed: this.#suppressed };
  }

  /** What was sent before, such as a panic with which the kernel has ended, is still taken. */
  close(): void {
    if (this.#closed) return;
    if (this.#sender) this.#drain(this.#sender);
    this.#closed = true;
    this.#watch?.close();
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }

  #drain(sender: KernelSender): void {
    for (let round = 0; round < kernelLimits.notifyRounds && !this.#closed; round++) {
      const datagram = receiveDatagram(this.#fd, this.#buffer);
      if (!datagram) return;
      const packet = decodeNotification(this.#buffer.subarray(0, datagram.length));
      // A hang is reported by uml_watchdog(1), which the kernel has started in its jail.
      if (!sender.accepts(datagram.sender, packet?.type === 'hang' ? 'jail' : 'kernel')) continue;
      if (!packet) this.#malformed++;
      else if (!this.#isAllowed(packet)) this.#suppressed++;
      else
        this.#onNotification({
          type: packet.type,
          text: printable(packet.data.toString().trimEnd(), 4 * DATA_MAX),
        });
    }
  }

  /**
   * By type: a flood of messages, which any guest process can send, does not hide a panic. The first message that announces
   * that the guest is up is waited for, and passes even in a flood.
   */
  #isAllowed({ type, data }: NotificationPacket): boolean {
    const isNews = type === 'user' && !this.#saidReady && saysReady(data.toString());
    this.#saidReady ||= isNews;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#passed.clear();
    this.#second = second;
    const passed = (this.#passed.get(type) ?? 0) + 1;
    this.#passed.set(type, passed);
    return passed <= kernelLimits.notifyPerSecond || isNews;
  }
}
