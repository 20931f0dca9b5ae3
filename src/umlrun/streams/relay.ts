import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { panicLines } from '../../kernel/panic-lines.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { umlrunLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import type { Stream } from '../job.ts';
import { fds } from './descriptors.ts';
import { encodeFrame, FrameReader, type GuestFrame, type HostFrame } from './frames.ts';
import { Input } from './input.ts';
import { openSink, type Sink } from './sink.ts';
import { makeRaw, terminalFd, terminalSize } from './terminal.ts';

/** They end the command, and then the VM. */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** The command does with them what it likes. */
const passed = ['SIGUSR1', 'SIGUSR2'] as const;

type Output = Extract<GuestFrame, { is: 'output' }>['to'];

/** Between our own streams, terminal and signals, and the command in the VM. */
export class Relay {
  readonly #streams: readonly Stream[];
  #inputDirectory = '';
  readonly #sinks = new Map<Output, Sink>();
  readonly #releases: (() => void)[] = [];
  #pipes: readonly Socket[] = [];
  #line: Socket | undefined;
  #input: Input | undefined;
  #words = '';
  #started = false;
  #endedBy = 0;
  #finish: (status: number) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  readonly #outcome: Promise<number>;

  constructor(streams: readonly Stream[]) {
    this.#streams = streams;
    this.#outcome = new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    // It may fail before a caller waits for it.
    this.#outcome.catch(() => undefined);
    for (const name of endings) this.#on(name, () => this.#end(constants.signals[name]));
    for (const name of passed) this.#on(name, () => this.#pass(constants.signals[name]));
    this.#on('SIGWINCH', () => this.#resize());
  }

  /** The last lines of kernel and launcher. */
  get words(): string {
    return this.#words;
  }

  /**
   * @param pipes our ends, by their numbers in the kernel
   * @param inputDirectory where the guest looks for input
   */
  connect(pipes: ReadonlyMap<number, Socket>, inputDirectory: string): void {
    this.#inputDirectory = inputDirectory;
    this.#pipes = [...pipes.values()];
    for (const [fd, pipe] of pipes) {
      pipe.on('error', () => undefined);
      if (fd === fds.line) this.#listen(pipe);
      else
        pipe.on('data', (bytes: Buffer) => {
          this.#words = (this.#words + bytes.toString()).slice(-umlrunLimits.words);
        });
    }
  }

  /**
   * Resolves to the exit status of the command when all its output is written.
   *
   * @param gone when the kernel is
   * @throws UmlmonError RUN_FAILED
   */
  async untilEnd(gone: Promise<number | undefined>, lackOfMemory: () => string | undefined): Promise<number> {
    const timer = setTimeout(() => {
      if (!this.#started) this.#fail(this.#failure('the guest did not boot in time'));
    }, umlrunLimits.bootWait);
    this.#releases.push(() => clearTimeout(timer));
    void gone.then((status) =>
      // What its line still holds comes first.
      setImmediate(() =>
        this.#fail(this.#failure(lackOfMemory() ?? `the kernel exited with status ${status ?? 'unknown'}`)),
      ),
    );
    return this.#outcome;
  }

  close(): void {
    for (const release of this.#releases.splice(0)) release();
    this.#input?.close();
    for (const pipe of this.#pipes) pipe.destroy();
  }

  #listen(line: Socket): void {
    this.#line = line;
    const reader = new FrameReader((frame) => this.#handle(frame));
    line.on('data', (bytes: Buffer) => {
      try {
        reader.take(bytes);
      } catch (error) {
        this.#fail(this.#failure(error instanceof Error ? error.message : String(error)));
      }
    });
  }

  #handle(frame: GuestFrame): void {
    switch (frame.is) {
      case 'started':
        this.#start();
        break;
      case 'output':
        if (!this.#sinkOf(frame.to).write(frame.data)) this.#line?.pause();
        break;
      case 'taken':
        this.#input?.taken();
        break;
      case 'input-closed':
        this.#input?.close();
        break;
      case 'failed':
        this.#fail(this.#failure(printable(frame.words, umlrunLimits.failureCharacters)));
        break;
      case 'exit':
        void Promise.all([...this.#sinks.values()].map((sink) => sink.idle())).then(() =>
          this.#finish(frame.status),
        );
    }
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#streams[0] !== 'null') {
      const { restore } = makeRaw();
      this.#releases.push(restore);
      this.#input = new Input(process.stdin, this.#inputDirectory, {
        send: (frame) => this.#send(frame),
        fail: (error) => this.#fail(error),
      });
      this.#input.start();
    }
    this.#resize();
  }

  #sinkOf(to: Output): Sink {
    const known = this.#sinks.get(to);
    if (known) return known;
    const fd = to === 'terminal' ? (terminalFd(this.#streams) ?? 2) : to === 'stderr' ? 2 : 1;
    const sink = openSink(fd, {
      onRoom: () => this.#line?.resume(),
      onClosed: () => {
        if (to === 'terminal') this.#end(constants.signals.SIGHUP);
        else this.#send({ is: 'output-closed', of: to });
      },
    });
    this.#sinks.set(to, sink);
    return sink;
  }

  #resize(): void {
    if (this.#started && this.#streams.includes('terminal'))
      this.#send({ is: 'size', ...terminalSize(this.#streams) });
  }

  /** The command first, then the VM; a second signal does not wait for the command. */
  #end(signal: number): void {
    const now = () => this.#finish(128 + signal);
    if (!this.#started || this.#endedBy !== 0) {
      now();
      return;
    }
    this.#endedBy = signal;
    this.#send({ is: 'signal', number: signal });
    const timer = setTimeout(now, umlrunLimits.signalWait);
    this.#releases.push(() => clearTimeout(timer));
  }

  /** Before the command runs, no caller waits for them. */
  #pass(number: number): void {
    if (this.#started) this.#send({ is: 'signal', number });
  }

  #send(frame: HostFrame): void {
    this.#line?.write(encodeFrame(frame));
  }

  #on(signal: NodeJS.Signals, handler: () => void): void {
    process.on(signal, handler);
    this.#releases.push(() => process.off(signal, handler));
  }

  #failure(cause: string): UmlmonError {
    const all = this.#words.split(/\r*\n/).filter(Boolean);
    const last = all.slice(-umlrunLimits.lines);
    // A panic names its cause before a long trace.
    const panic = panicLines(all);
    const lines = (panic?.lines ?? last).map((line) => printable(line, umlrunLimits.failureCharacters));
    return new UmlmonError('RUN_FAILED', {
      place: 'the VM',
      cause: lines.length === 0 ? cause : `${cause}; the last lines of its kernel:\n${lines.join('\n')}`,
    });
  }
}
