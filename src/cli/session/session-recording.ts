import { toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { Recording, type RecordingSize } from './recording.ts';
import type { SessionTerminal } from './session-terminal.ts';

/** The recording of a session, if there is one. What goes wrong with it ends it, and not the session. */
export class SessionRecording {
  readonly #terminal: SessionTerminal;
  readonly #title: string;
  #recording: Recording | undefined;

  /** @param title `con1 of vm1` */
  constructor(terminal: SessionTerminal, title: string) {
    this.#terminal = terminal;
    this.#title = title;
  }

  /** Into a new file. Errors: CONSOLE_RECORDING. */
  begin(path: string): void {
    const recording = beginRecording(path, this.#terminal.size, this.#title);
    this.#recording = recording;
    this.#terminal.onShow = (bytes) => this.#attempt(() => recording.output(bytes));
  }

  /** Starts a recording in the working directory, or ends it. */
  toggle(): void {
    if (this.#recording) {
      this.close();
      return;
    }
    const time = new Date().toISOString().replace(/\..*/, '').replaceAll(':', '');
    const path = `${this.#title.replace(/^(\S+) of (\S+)$/, '$2-$1')}-${time}.cast`;
    this.#attempt(() => this.begin(path));
    if (this.#recording) this.#terminal.message(`recording into ${path}`);
  }

  resize(): void {
    this.#attempt(() => this.#recording?.resize(this.#terminal.size));
  }

  close(): void {
    const recording = this.#recording;
    if (!recording) return;
    this.#recording = undefined;
    this.#terminal.onShow = undefined;
    recording.close();
    this.#terminal.message(`recorded into ${recording.path}`);
  }

  #attempt(work: () => void): void {
    try {
      work();
      if (!this.#recording?.isFull) return;
      this.#terminal.message('the recording is as long as it may be');
    } catch (error) {
      this.#terminal.message(`the recording has failed: ${toFailure(error).cause}`);
    }
    this.close();
  }
}

function beginRecording(path: string, size: RecordingSize, title: string): Recording {
  try {
    return Recording.begin(path, size, title);
  } catch (error) {
    const { cause } = toFailure(error);
    throw new UmlmonError('CONSOLE_RECORDING', { place: path, cause, hint: 'name a new file' });
  }
}
