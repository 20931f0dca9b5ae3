import { closeSync, constants, fstatSync, openSync, readdirSync, rmSync } from 'node:fs';
import { constants as os } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isSystemError, UmlmonError } from '../system/errors/errors.ts';
import { kernelLimits, kernelShares } from '../system/limits/limits.ts';
import { openDatagram, receiveDatagram, sendDatagram } from '../system/native/native.ts';
import { FairQueue } from '../system/sharing/fair-queue.ts';
import { refusalText, type SharePeer, Shares } from '../system/sharing/shares.ts';
import { printable } from '../system/text.ts';
import { type Watch, watch } from '../system/watch.ts';
import type { KernelSender } from './kernel-sender.ts';
import { explainRefusal, tidyAnswer } from './mconsole-command.ts';
import { DATA_MAX, decodeReply, encodeRequest, PACKET_MAX } from './mconsole-packet.ts';

const { O_DIRECTORY, O_NOFOLLOW } = constants;
const O_PATH = 0o10000000;

export interface Answer {
  /** As the kernel sent it: make it `printable` before it is shown. */
  readonly text: string;
  /**
   * Something may be missing. The queue of a socket holds 11 packets (net.unix.max_dgram_qlen) and the kernel drops what
   * is more: only a shorter answer is surely complete. `sysrq` and `stack` send a packet for each line.
   */
  readonly truncated: boolean;
}

/** By default the tables are the caller's own. */
const anybody: SharePeer = { key: 'own', isOwner: true };

interface Request {
  readonly command: string;
  readonly packet: Buffer;
  readonly timeoutMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: UmlmonError) => void;
  readonly parts: Buffer[];
  error: number;
  deadline: number;
}

/**
 * The management console of a running kernel. One request is under way at a time, since the kernel runs queued ones in
 * reverse order; the others wait here.
 *
 * Replies do not identify their requests. So after a request without a complete reply the reply socket gets another name,
 * and late replies are lost.
 */
export class Mconsole {
  readonly #replyPath: string;
  readonly #socketPath: string;
  readonly #sender: KernelSender;
  /** Those of the monitor itself. */
  readonly #ahead: Request[] = [];
  readonly #waiting = new FairQueue<Request>();
  /** What each peer has asked for and is not answered. */
  readonly #shares = new Shares(kernelShares.mconsoleWaiting);
  readonly #buffer = Buffer.alloc(PACKET_MAX + 1);
  #current: Request | undefined;
  #timer: NodeJS.Timeout | undefined;
  #generation: number;
  #fd = -1;
  #watch: Watch | undefined;
  #closed = false;

  /**
   * @param replyPath prefix of the names of our sockets. The kernel sends to the name we bind. It must be the same file here
   * and in the jail, such as a relative path whose parts exist below both working directories.
   * @param socketPath of the kernel's socket (uml_dir/umid/mconsole) on the host, in a directory that is not trusted
   * @param sender identifies the kernel: replies from other processes are dropped, and other sockets are not written to
   */
  static open(replyPath: string, socketPath: string, sender: KernelSender): Mconsole {
    return new Mconsole(replyPath, socketPath, sender);
  }

  private constructor(replyPath: string, socketPath: string, sender: KernelSender) {
    this.#replyPath = replyPath;
    this.#socketPath = socketPath;
    this.#sender = sender;
    this.#generation = removeLeftovers(replyPath);
    this.#bind();
  }

  /**
   * Sends a command and collects its answer.
   *
   * @param options.timeoutMs for the reply, from the moment the request is sent
   * @param options.ahead of all that waits: for what the monitor itself wants
   * @param options.peer who asks; those who do are taken in turns
   * @throws UmlmonError MCONSOLE_COMMAND, _DOWN (no kernel), _BUSY, _TIMEOUT, _DEVICE_OPEN (EBUSY), or _REFUSED (the
   * kernel refuses)
   */
  async request(
    command: string,
    {
      timeoutMs = kernelLimits.mconsoleTimeout,
      ahead = false,
      peer = anybody,
    }: { readonly timeoutMs?: number; readonly ahead?: boolean; readonly peer?: SharePeer } = {},
  ): Promise<Answer> {
    const packet = encodeRequest(command);
    if (typeof packet === 'string') throw failure('MCONSOLE_COMMAND', command, packet);
    if (this.#closed) throw failure('MCONSOLE_DOWN', command, 'the management console was closed');
    const release = ahead ? () => undefined : this.#shares.take(peer);
    if (typeof release !== 'function')
      throw failure('MCONSOLE_BUSY', command, refusalText(release, 'waiting commands'));
    return new Promise<Answer>((resolve, reject) => {
      const state = { parts: [], error: 0, deadline: 0 };
      const request = { command, packet, timeoutMs, resolve, reject, ...state };
      if (ahead) this.#ahead.push(request);
      else this.#waiting.push(peer, request);
      this.#next();
    }).finally(release);
  }

  /**
   * Makes the kernel check all its descriptors again, without any effect in any state of the guest (`go` would
   * resume a stopped one). Its reply goes to a socket that is closed by then. Does nothing if there is no kernel.
   */
  poke(): void {
    const packet = encodeRequest('help');
    if (typeof packet === 'string' || this.#closed) return;
    let fd = -1;
    try {
      fd = openDatagram('');
      this.#send(fd, packet);
    } catch {
      // The socket is missing or its queue is full: then the kernel needs no wake-up.
      return;
    } finally {
      if (fd !== -1) closeSync(fd);
    }
  }

  /** Rejects what is under way or waiting. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#unbind();
    const left = [this.#current, ...this.#ahead.splice(0)];
    for (let one = this.#waiting.shift(); one; one = this.#waiting.shift()) left.push(one);
    for (const request of left)
      request?.reject(failure('MCONSOLE_DOWN', request.command, 'the management console was closed'));
    this.#current = undefined;
  }

  #bind(): void {
    const fd = openDatagram(this.#boundPath());
    this.#fd = fd;
    this.#watch = watch(fd, { readable: true }, () => this.#drain());
  }

  #unbind(): void {
    if (this.#fd === -1) return;
    this.#watch?.close();
    closeSync(this.#fd);
    this.#fd = -1;
    rmSync(this.#boundPath(), { force: true });
  }

  #boundPath(): string {
    return `${this.#replyPath}.${this.#generation}`;
  }

  #next(): void {
    if (this.#current || this.#closed) return;
    const request = this.#ahead.shift() ?? this.#waiting.shift();
    if (!request) return;
    this.#current = request;
    request.deadline = performance.now() + request.timeoutMs;
    try {
      // A failed change of name is tried again.
      if (this.#fd === -1) this.#bind();
      this.#send(this.#fd, request.packet);
      this.#arm(kernelLimits.mconsolePoke);
    } catch (error) {
      this.#finish(() => request.reject(sendFailure(request.command, error)));
    }
  }

  /** Sends to the socket itself: what the VM's user may have put in place of its directory or name is not followed. */
  #send(from: number, packet: Buffer): void {
    const directory = openSync(dirname(this.#socketPath), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    try {
      const socket = openSync(
        `/proc/self/fd/${directory}/${basename(this.#socketPath)}`,
        O_PATH | O_NOFOLLOW,
      );
      try {
        const stats = fstatSync(socket);
        if (!stats.isSocket()) throw new Error('not a socket');
        const { uid } = this.#sender;
        if (stats.uid !== uid) throw new Error(`it belongs to user ${stats.uid}, not to ${uid}`);
        sendDatagram(from, packet, `/proc/self/fd/${socket}`);
      } finally {
        closeSync(socket);
      }
    } finally {
      closeSync(directory);
    }
  }

  #drain(): void {
    for (let round = 0; round < kernelLimits.notifyRounds && this.#fd !== -1; round++) {
      const datagram = receiveDatagram(this.#fd, this.#buffer);
      if (!datagram) return;
      if (this.#sender.accepts(datagram.sender)) this.#take(this.#buffer.subarray(0, datagram.length));
    }
  }

  #take(packet: Buffer): void {
    const request = this.#current;
    const reply = decodeReply(packet);
    if (!request || !reply) return;
    if (request.parts.length === 0) request.error = reply.error;
    request.parts.push(Buffer.from(reply.data));
    if (!reply.more) this.#answer(request, request.parts.length > kernelLimits.mconsoleSurePackets);
    else if (request.parts.length >= kernelLimits.mconsoleAnswerPackets) this.#giveUp(request);
    else this.#arm(kernelLimits.mconsoleQuiet);
  }

  /** Waits for `ms` of silence, or for the deadline. */
  #arm(ms: number): void {
    const request = this.#current;
    if (!request) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#onSilence(request),
      Math.min(ms, request.deadline - performance.now()),
    );
  }

  #onSilence(request: Request): void {
    if (request.parts.length > 0 || performance.now() >= request.deadline) {
      this.#giveUp(request);
    } else {
      this.poke();
      this.#arm(request.timeoutMs);
    }
  }

  /** Stops waiting for a reply. Changes the name, so that a late reply is not taken for the next one. */
  #giveUp(request: Request): void {
    this.#unbind();
    this.#generation++;
    if (request.parts.length > 0) {
      this.#answer(request, true);
      return;
    }
    const cause = `no answer within ${request.timeoutMs} ms`;
    const hint = 'wait, if the guest is very busy; otherwise its kernel hangs';
    this.#finish(() => request.reject(failure('MCONSOLE_TIMEOUT', request.command, cause, hint)));
  }

  #answer(request: Request, truncated: boolean): void {
    const text = tidyAnswer(request.command, Buffer.concat(request.parts).toString());
    this.#finish(() => {
      if (request.error === 0) request.resolve({ text, truncated });
      else {
        const { cause, hint } = explainRefusal(request.error, printable(text.trim(), 300));
        // EBUSY also means: already configured, or never removable.
        const isOpen = request.error === -os.errno.EBUSY && text.includes('open');
        const code = isOpen ? 'MCONSOLE_DEVICE_OPEN' : 'MCONSOLE_REFUSED';
        request.reject(failure(code, request.command, cause, hint));
      }
    });
  }

  #finish(settle: () => void): void {
    clearTimeout(this.#timer);
    this.#current = undefined;
    settle();
    this.#next();
  }
}

/** The answer to `version` as one line, safe to show: `Linux 7.2.7 #1 … x86_64`, without the guest's host name. */
export function versionOf({ text }: Pick<Answer, 'text'>): string {
  return printable(text.trim().replace(/^(Linux) \S+ /, '$1 '), DATA_MAX);
}

/** Removes sockets of previous monitors; the result is a number that none of them has used. */
function removeLeftovers(replyPath: string): number {
  const directory = dirname(replyPath);
  const prefix = `${basename(replyPath)}.`;
  let free = 0;
  for (const name of readdirSync(directory)) {
    const number = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (!/^\d{1,9}$/.test(number)) continue;
    free = Math.max(free, Number(number) + 1);
    rmSync(join(directory, name), { force: true });
  }
  return free;
}

function sendFailure(command: string, error: unknown): UmlmonError {
  const cause = error instanceof Error ? error.message : String(error);
  if (isSystemError(error) && error.code === 'EAGAIN')
    return failure(
      'MCONSOLE_TIMEOUT',
      command,
      'the kernel does not read its requests',
      'try again: the kernel may be frozen for a moment',
    );
  return failure(
    'MCONSOLE_DOWN',
    command,
    `cannot use the socket of the kernel: ${cause}`,
    'check whether the VM runs',
  );
}

function failure(
  code: `MCONSOLE_${'COMMAND' | 'DOWN' | 'BUSY' | 'TIMEOUT' | 'REFUSED' | 'DEVICE_OPEN'}`,
  command: string,
  cause: string,
  hint = '',
) {
  return new UmlmonError(code, { place: `mconsole ${printable(command, 60)}`, cause, hint });
}
