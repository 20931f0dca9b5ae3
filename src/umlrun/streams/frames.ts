/**
 * The protocol of the serial line between umlrun and the init of its VM (init/line.c). A frame is a letter, a length of
 * 16 bits, little-endian, and that many bytes.
 */

/** From the guest. `data` is valid until the handler returns. */
export type GuestFrame =
  /** The command runs. */
  | { readonly is: 'started' }
  | { readonly is: 'output'; readonly to: 'stdout' | 'stderr' | 'terminal'; readonly data: Uint8Array }
  /** The last input was taken; there may be more. */
  | { readonly is: 'taken' }
  /** The command has closed its input. */
  | { readonly is: 'input-closed' }
  | { readonly is: 'exit'; readonly status: number }
  | { readonly is: 'failed'; readonly words: string };

/** To the guest. */
export type HostFrame =
  | { readonly is: 'input'; readonly data: Uint8Array }
  /** Input in a file of this name in the directory of the guest. */
  | { readonly is: 'input-file'; readonly name: string }
  | { readonly is: 'input-end' }
  | { readonly is: 'size'; readonly columns: number; readonly rows: number }
  | { readonly is: 'signal'; readonly number: number }
  /** The reader of this output is gone. */
  | { readonly is: 'output-closed'; readonly of: 'stdout' | 'stderr' };

const headBytes = 3;
const outputs = { O: 'stdout', E: 'stderr', T: 'terminal' } as const;

/** Parses the line. A guest may send anything: a malformed frame is an error, and a frame is never larger than 64 KiB. */
export class FrameReader {
  readonly #handle: (frame: GuestFrame) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(handle: (frame: GuestFrame) => void) {
    this.#handle = handle;
  }

  /** Throws Error at a frame that the init of the guest cannot have sent. */
  take(bytes: Buffer): void {
    let buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    while (buffer.length >= headBytes) {
      const end = headBytes + buffer.readUInt16LE(1);
      if (buffer.length < end) break;
      this.#handle(decode(buffer.toString('latin1', 0, 1), buffer.subarray(headBytes, end)));
      buffer = buffer.subarray(end);
    }
    this.#rest = Buffer.from(buffer);
  }
}

function decode(letter: string, data: Buffer): GuestFrame {
  switch (letter) {
    case 'O':
    case 'E':
    case 'T':
      return { is: 'output', to: outputs[letter], data };
    case 'H':
      return { is: 'started' };
    case 'A':
      return { is: 'taken' };
    case 'C':
      return { is: 'input-closed' };
    case 'X':
      return { is: 'exit', status: data[0] ?? 0 };
    case 'F':
      return { is: 'failed', words: data.toString() };
    default:
      throw new Error('the serial line of the guest carries data that its init does not send');
  }
}

export function encodeFrame(frame: HostFrame): Buffer {
  switch (frame.is) {
    case 'input':
      return framed('I', frame.data);
    case 'input-file':
      return framed('N', Buffer.from(frame.name));
    case 'input-end':
      return framed('Z', Buffer.alloc(0));
    case 'size': {
      const data = Buffer.alloc(4);
      data.writeUInt16LE(frame.rows & 0xffff);
      data.writeUInt16LE(frame.columns & 0xffff, 2);
      return framed('W', data);
    }
    case 'signal':
      return framed('S', Buffer.of(frame.number));
    case 'output-closed':
      return framed('P', Buffer.of(frame.of === 'stderr' ? 1 : 0));
  }
}

function framed(letter: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(headBytes);
  head.write(letter, 'latin1');
  head.writeUInt16LE(data.length, 1);
  return Buffer.concat([head, data]);
}
