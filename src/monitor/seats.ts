import type { Channel } from '../console/channel.ts';
import type { Size } from '../console/pty.ts';
import type { Caller } from '../rpc/program.ts';
import {
  type AttachArgs,
  type Attachment,
  type ReadArgs,
  type ReadBytes,
  UMLMON_WAIT_MAX,
  type WriteArgs,
} from '../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../system/errors.ts';
import { monitorLimits } from '../system/limits.ts';
import type { Vm } from './vm.ts';

interface Seat {
  readonly channel: Channel;
  readonly by: string;
}

/** The seats of all connections at the consoles of a VM. A seat ends with its connection. */
export class Seats {
  readonly #vm: Vm;
  readonly #ofConnection = new Map<number, Map<number, Seat>>();
  /** Who typed last at each console. */
  readonly #typist = new WeakMap<Channel, Seat>();
  #last = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  attach({ channel: name, columns, rows }: AttachArgs, caller: Caller, by: string): Attachment {
    const channel = this.#vm.channels.get(name);
    const seats = this.#seatsOf(caller);
    if (seats.size >= monitorLimits.seatsPerConnection)
      throw new UmlmonError('CONSOLE_SEATS', {
        place: name,
        cause: `this connection has ${seats.size} seats already`,
        hint: 'detach some, or open another connection',
      });
    this.#last += 1;
    seats.set(this.#last, { channel, by });
    channel.viewers += 1;
    if (columns > 0 && rows > 0) channel.resize(checkSize({ columns, rows }));
    this.#vm.events.publish('console-attached', `${by} attached to ${name}`, { channel: name, by });
    return { id: this.#last, oldest: channel.ring.oldest, next: channel.ring.next };
  }

  async read({ id, offset, max, waitMs }: ReadArgs, caller: Caller): Promise<ReadBytes> {
    const seat = this.#seat(id, caller);
    const { channel } = seat;
    const request = { offset, max, waitMs: Math.min(waitMs, UMLMON_WAIT_MAX) };
    const ahead = this.#typist.get(channel) === seat;
    return { ...(await channel.deliver(request, ahead, caller.signal)), ended: channel.ended };
  }

  /** Types into the console; see Channel.write. */
  write({ id, data }: WriteArgs, caller: Caller): number {
    const seat = this.#seat(id, caller);
    this.#typist.set(seat.channel, seat);
    return seat.channel.write(data);
  }

  resize(id: number, size: Size, caller: Caller): void {
    this.#seat(id, caller).channel.resize(checkSize(size));
  }

  detach(id: number, caller: Caller): void {
    this.#leave(this.#seat(id, caller));
    this.#ofConnection.get(caller.id)?.delete(id);
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

  #leave({ channel, by }: Seat): void {
    channel.viewers -= 1;
    this.#vm.events.publish('console-detached', `${by} left ${channel.name}`, { channel: channel.name, by });
  }
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
