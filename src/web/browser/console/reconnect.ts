import { checkSession } from '../api.ts';

const firstWait = 250;
const longestWait = 10_000;

export interface Line {
  /** The address, relative to the page, as it is at this moment. */
  readonly path: () => string;
  readonly onOpen?: () => void;
  readonly onMessage: (data: string | ArrayBuffer) => void;
  /** Whether there is a connection. */
  readonly onState: (isUp: boolean) => void;
}

/** A websocket that comes back when it is lost, until it is closed. */
export class Redial {
  readonly #line: Line;
  #socket: WebSocket | undefined;
  #wait = firstWait;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  readonly #soon = () => {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#dial();
  };

  constructor(line: Line) {
    this.#line = line;
    window.addEventListener('online', this.#soon);
    this.#dial();
  }

  /** Sends if there is a connection. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** The connection is of use: when it is lost, the next one is tried soon. */
  settle(): void {
    this.#wait = firstWait;
  }

  close(): void {
    this.#isClosed = true;
    window.removeEventListener('online', this.#soon);
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #dial(): void {
    this.#timer = undefined;
    const url = new URL(this.#line.path(), document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      this.#line.onState(true);
      this.#line.onOpen?.();
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.#line.onMessage(data);
    socket.onclose = () => {
      if (this.#isClosed) return;
      this.#line.onState(false);
      this.#timer = setTimeout(() => this.#dial(), this.#wait);
      this.#wait = Math.min(this.#wait * 2, longestWait);
      // Neither a refused WebSocket nor a missing network gives a reason.
      checkSession().catch(() => undefined);
    };
  }
}
