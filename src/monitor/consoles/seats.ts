import type { Channel } from '../../console/channel.ts';
import type { Size } from '../../console/pty.ts';
import type { Caller } from '../../rpc/codec/program.ts';
import { peerOf } from '../../rpc/server/peer.ts';
import {
  type AttachArgs,
  type Attachment,
  type Pen,
  type PenAction,
  type ReadArgs,
  type ReadBytes,
  type SeatInfo,
  type SeatList,
  UMLMON_DATA_MAX,
  UMLMON_LIST_MAX,
  UMLMON_WAIT_MAX,
  type WriteArgs,
} from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { consoleLimits, monitorLimits, monitorShares } from '../../system/limits/limits.ts';
import { refusalText, Shares } from '../../system/sharing/shares.ts';
import { printable } from '../../system/text.ts';
import type { Vm } from '../vm.ts';

interface Seat {
  readonly id: number;
  readonly channel: Channel;
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of its window; undefined if it has none. */
  size: Size | undefined;
  /** When it last typed or took control; 0 if never. */
  typedAt: number;
  /** The same on the clock of performance.now(). */
  typedOn: number;
  acknowledged: number;
  skipped: number;
  /** Releases its share of the table of viewers. */
  readonly release: () => void;
}

/**
 * The viewers of the consoles of a VM. A console may have many viewers: one of them, the controller, types, and
 * the others only read. A viewer ends with its connection.
 */
export class Seats {
  readonly #vm: Vm;
  readonly #ofConnection = new Map<number, Map<number, Seat>>();
  readonly #pens = new Map<Channel, Seat>();
  readonly #shares = new Shares(monitorShares.seats);
  #last = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** The window of the viewer is used while no other viewer types. Errors: CONSOLE_UNKNOWN, CONSOLE_SEATS, CONSOLE_SIZE. */
  attach({ channel: name, columns, rows }: AttachArgs, caller: Caller, by: string): Attachment {
    const channel = this.#vm.channels.get(name);
    const seats = this.#seatsOf(caller);
    if (seats.size >= monitorLimits.seatsPerConnection)
      throw new UmlmonError('CONSOLE_SEATS', {
        place: name,
        cause: `this connection has ${seats.size} seats already`,
        hint: 'detach some, or open another connection',
      });
    const size = columns > 0 && rows > 0 ? checkSize({ columns, rows }) : undefined;
    const release = this.#shares.take(peerOf(caller));
    if (typeof release !== 'function')
      throw new UmlmonError('CONSOLE_SEATS', {
        place: name,
        cause: refusalText(release, 'seats'),
        hint: 'detach some',
      });
    this.#last += 1;
    const { oldest, next } = channel.ring;
    const seat = {
      id: this.#last,
      channel,
      by,
      since: Date.now(),
      size,
      typedAt: 0,
      typedOn: 0,
      skipped: 0,
      release,
    };
    seats.set(seat.id, { ...seat, acknowledged: next });
    channel.viewers += 1;
    if (size && !this.#pens.has(channel)) channel.resize(size);
    this.#vm.events.publish('console-attached', `${by} attached to ${name}`, { channel: name, by });
    return { id: seat.id, oldest, next, began: channel.began };
  }

  async read({ id, offset, max, waitMs }: ReadArgs, caller: Caller): Promise<ReadBytes> {
    const seat = this.#seat(id, caller);
    const { channel } = seat;
    seat.acknowledged = Math.min(offset, channel.ring.next);
    const bounds = { max: Math.min(max, UMLMON_DATA_MAX), waitMs: Math.min(waitMs, UMLMON_WAIT_MAX) };
    const ahead = this.#pens.get(channel) === seat;
    const piece = await channel.deliver({ offset, ...bounds }, ahead, caller.signal, peerOf(caller));
    seat.skipped += Math.max(0, piece.offset - offset);
    return { ...piece, ended: channel.ended };
  }

  /**
   * Types into the console; see Channel.type. The first viewer that types takes control. Errors: CONSOLE_WRITER, also when
   * another viewer takes control while the guest does not read.
   */
  async write({ id, data }: WriteArgs, caller: Caller): Promise<number> {
    const seat = this.#seat(id, caller);
    const { channel } = seat;
    this.#mustHavePen(seat);
    noteTyping(seat);
    const { inputWait } = consoleLimits;
    const isWanted = () => this.#pens.get(channel) === seat;
    const taken = await channel.type(data, { waitMs: inputWait, signal: caller.signal, isWanted });
    if (taken === 0 && !caller.signal.aborted) this.#mustHavePen(seat);
    return taken;
  }

  #mustHavePen(seat: Seat): void {
    const { channel } = seat;
    if (this.#ask(seat)) return;
    throw new UmlmonError('CONSOLE_WRITER', {
      place: channel.name,
      cause: `${this.#pens.get(channel)?.by} types there`,
      hint: `umlwatch ${this.#vm.name} -who; -connect ${channel.name} -force takes over`,
    });
  }

  /** Asks for the right to type, takes it, or gives it up. */
  pen(id: number, action: PenAction, caller: Caller): Pen {
    const seat = this.#seat(id, caller);
    const { channel } = seat;
    if (action === 'ask') this.#ask(seat);
    else if (action === 'take') this.#give(seat, 'took it');
    else if (this.#pens.get(channel) === seat) this.#free(seat);
    const writer = this.#pens.get(channel);
    return { yours: writer === seat, writer: writer ? this.#infoOf(writer) : null };
  }

  /** The viewers of a channel, or of all channels if `name` is empty. Errors: CONSOLE_UNKNOWN. */
  who(name: string): SeatList {
    const channel = name === '' ? undefined : this.#vm.channels.get(name);
    const seats = this.#all().filter((seat) => !channel || seat.channel === channel);
    const infos = seats.map((seat) => this.#infoOf(seat));
    infos.sort((a, b) => Number(b.writes) - Number(a.writes) || a.id - b.id);
    return { seats: infos.slice(0, UMLMON_LIST_MAX) };
  }

  /** Writes a line of a user's into the output and the log of a channel. Errors: CONSOLE_UNKNOWN. */
  note(name: string, text: string, by: string): void {
    const line = printable(text, monitorLimits.noteCharacters);
    this.#vm.channels.get(name).say(`${by}: ${line}`);
    this.#vm.events.publish('console-note', `${by} noted at ${name}: ${line}`, {
      channel: name,
      by,
      text: line,
    });
  }

  /** The window of the controller is that of the guest. The window of another viewer is used when it takes control. */
  resize(id: number, size: Size, caller: Caller): void {
    const seat = this.#seat(id, caller);
    seat.size = checkSize(size);
    const writer = this.#pens.get(seat.channel);
    if (!writer || writer === seat) seat.channel.resize(size);
  }

  detach(id: number, caller: Caller): void {
    const seat = this.#seat(id, caller);
    this.#ofConnection.get(caller.id)?.delete(id);
    this.#leave(seat);
  }

  #all(): Seat[] {
    return [...this.#ofConnection.values()].flatMap((seats) => [...seats.values()]);
  }

  #seat(id: number, caller: Caller): Seat {
    const seat = this.#ofConnection.get(caller.id)?.get(id);
    if (seat) return seat;
    throw new UmlmonError('CONSOLE_NO_SEAT', {
      place: `seat ${id}`,
      cause: 'this connection has no such seat',
    });
  }

  #seatsOf(caller: Caller): Map<number, Seat> {
    const known = this.#ofConnection.get(caller.id);
    if (known) return known;
    const seats = new Map<number, Seat>();
    this.#ofConnection.set(caller.id, seats);
    caller.signal.addEventListener('abort', () => {
      this.#ofConnection.delete(caller.id);
      for (const seat of seats.values()) this.#leave(seat);
    });
    return seats;
  }

  /** Whether the viewer may type: no other viewer types, or has typed lately. */
  #ask(seat: Seat): boolean {
    const writer = this.#pens.get(seat.channel);
    if (writer === seat) return true;
    const idleMs = this.#vm.settings.vm.writer_idle;
    if (writer && (idleMs === 0 || performance.now() - writer.typedOn < idleMs)) return false;
    this.#give(seat, writer ? `has it: ${writer.by} was idle` : 'types now');
    return true;
  }

  #give(seat: Seat, how: string): void {
    const { channel, by } = seat;
    const former = this.#pens.get(channel);
    if (former === seat) return;
    this.#pens.set(channel, seat);
    noteTyping(seat);
    if (seat.size) channel.resize(seat.size);
    this.#tell(channel, `${by} ${how}`, seat, former);
  }

  #free(seat: Seat): void {
    this.#pens.delete(seat.channel);
    this.#tell(seat.channel, 'nobody types', undefined, seat);
  }

  /** Published only with several viewers: other viewers have to know. */
  #tell(channel: Channel, text: string, seat: Seat | undefined, former: Seat | undefined): void {
    if (channel.viewers < 2) return;
    this.#vm.events.publish('console-writer', `${channel.name}: ${text}`, {
      channel: channel.name,
      by: seat?.by ?? '',
      seat: String(seat?.id ?? 0),
      former: String(former?.id ?? 0),
    });
  }

  #leave(seat: Seat): void {
    const { channel, by, release } = seat;
    release();
    if (this.#pens.get(channel) === seat) this.#free(seat);
    channel.viewers -= 1;
    this.#vm.events.publish('console-detached', `${by} left ${channel.name}`, { channel: channel.name, by });
  }

  #infoOf({ id, channel, by, since, typedAt, acknowledged, skipped }: Seat): SeatInfo {
    return {
      id,
      channel: channel.name,
      by,
      since,
      writes: this.#pens.get(channel)?.id === id,
      typedAt,
      acknowledged,
      behind: channel.ring.next - acknowledged,
      skipped,
    };
  }
}

/** The wall clock is only shown; a monotonic clock measures the time without typing. */
function noteTyping(seat: Seat): void {
  seat.typedAt = Date.now();
  seat.typedOn = performance.now();
}

/** The kernel holds a window size in 16 bits (struct winsize); programs break long before. */
function checkSize(size: Size): Size {
  const sane = (n: number) => n >= 1 && n <= 1000;
  if (sane(size.columns) && sane(size.rows)) return size;
  throw new UmlmonError('CONSOLE_SIZE', {
    place: `${size.columns}x${size.rows}`,
    cause: 'not a window size',
    hint: 'columns and rows are 1 to 1000',
  });
}
