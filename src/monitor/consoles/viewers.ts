import type { Channel } from '../../console/channel.ts';
import type { Size } from '../../console/pty.ts';
import type { Caller } from '../../rpc/codec/program.ts';
import { peerOf } from '../../rpc/server/peer.ts';
import {
  type AttachArgs,
  type Attachment,
  type ConsoleControl,
  type ControlAction,
  type ReadArgs,
  type ReadBytes,
  UMLMON_DATA_MAX,
  UMLMON_LIST_MAX,
  UMLMON_WAIT_MAX,
  type ViewerInfo,
  type ViewerList,
  type WriteArgs,
} from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { consoleLimits, monitorLimits, monitorShares } from '../../system/limits/limits.ts';
import { refusalText, Shares } from '../../system/sharing/shares.ts';
import { printable } from '../../system/text.ts';
import type { Vm } from '../vm.ts';

interface Viewer {
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
export class Viewers {
  readonly #vm: Vm;
  readonly #ofConnection = new Map<number, Map<number, Viewer>>();
  readonly #controls = new Map<Channel, Viewer>();
  readonly #shares = new Shares(monitorShares.viewers);
  #last = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** The window of the viewer is used while no other viewer types. Errors: CONSOLE_UNKNOWN, CONSOLE_VIEWERS, CONSOLE_SIZE. */
  attach({ channel: name, columns, rows }: AttachArgs, caller: Caller, by: string): Attachment {
    const channel = this.#vm.channels.get(name);
    const viewers = this.#viewersOf(caller);
    if (viewers.size >= monitorLimits.viewersPerConnection)
      throw new UmlmonError('CONSOLE_VIEWERS', {
        place: name,
        cause: `this connection has ${viewers.size} viewers already`,
        hint: 'detach some, or open another connection',
      });
    const size = columns > 0 && rows > 0 ? checkSize({ columns, rows }) : undefined;
    const release = this.#shares.take(peerOf(caller));
    if (typeof release !== 'function')
      throw new UmlmonError('CONSOLE_VIEWERS', {
        place: name,
        cause: refusalText(release, 'viewers'),
        hint: 'detach some',
      });
    this.#last += 1;
    const { oldest, next } = channel.ring;
    const viewer = {
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
    viewers.set(viewer.id, { ...viewer, acknowledged: next });
    channel.viewers += 1;
    if (size && !this.#controls.has(channel)) channel.resize(size);
    this.#vm.events.publish('console-attached', `${by} attached to ${name}`, { channel: name, by });
    return { id: viewer.id, oldest, next, began: channel.began };
  }

  async read({ id, offset, max, waitMs }: ReadArgs, caller: Caller): Promise<ReadBytes> {
    const viewer = this.#viewer(id, caller);
    const { channel } = viewer;
    viewer.acknowledged = Math.min(offset, channel.ring.next);
    const bounds = { max: Math.min(max, UMLMON_DATA_MAX), waitMs: Math.min(waitMs, UMLMON_WAIT_MAX) };
    const ahead = this.#controls.get(channel) === viewer;
    const piece = await channel.deliver({ offset, ...bounds }, ahead, caller.signal, peerOf(caller));
    viewer.skipped += Math.max(0, piece.offset - offset);
    return { ...piece, ended: channel.ended };
  }

  /**
   * Types into the console; see Channel.type. The first viewer that types takes control. Errors: CONSOLE_NOT_CONTROLLER, also when
   * another viewer takes control while the guest does not read.
   */
  async write({ id, data }: WriteArgs, caller: Caller): Promise<number> {
    const viewer = this.#viewer(id, caller);
    const { channel } = viewer;
    this.#mustHaveControl(viewer);
    noteTyping(viewer);
    const { inputWait } = consoleLimits;
    const isWanted = () => this.#controls.get(channel) === viewer;
    const taken = await channel.type(data, { waitMs: inputWait, signal: caller.signal, isWanted });
    if (taken === 0 && !caller.signal.aborted) this.#mustHaveControl(viewer);
    return taken;
  }

  #mustHaveControl(viewer: Viewer): void {
    const { channel } = viewer;
    if (this.#ask(viewer)) return;
    throw new UmlmonError('CONSOLE_NOT_CONTROLLER', {
      place: channel.name,
      cause: `${this.#controls.get(channel)?.by} types there`,
      hint: `umlwatch ${this.#vm.name} -who; -connect ${channel.name} -force takes over`,
    });
  }

  /** Asks for the right to type, takes it, or gives it up. */
  control(id: number, action: ControlAction, caller: Caller): ConsoleControl {
    const viewer = this.#viewer(id, caller);
    const { channel } = viewer;
    if (action === 'request') this.#ask(viewer);
    else if (action === 'take') this.#give(viewer, 'took it');
    else if (this.#controls.get(channel) === viewer) this.#free(viewer);
    const writer = this.#controls.get(channel);
    return { yours: writer === viewer, controller: writer ? this.#infoOf(writer) : null };
  }

  /** The viewers of a channel, or of all channels if `name` is empty. Errors: CONSOLE_UNKNOWN. */
  who(name: string): ViewerList {
    const channel = name === '' ? undefined : this.#vm.channels.get(name);
    const viewers = this.#all().filter((viewer) => !channel || viewer.channel === channel);
    const infos = viewers.map((viewer) => this.#infoOf(viewer));
    infos.sort((a, b) => Number(b.controls) - Number(a.controls) || a.id - b.id);
    return { viewers: infos.slice(0, UMLMON_LIST_MAX) };
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
    const viewer = this.#viewer(id, caller);
    viewer.size = checkSize(size);
    const writer = this.#controls.get(viewer.channel);
    if (!writer || writer === viewer) viewer.channel.resize(size);
  }

  detach(id: number, caller: Caller): void {
    const viewer = this.#viewer(id, caller);
    this.#ofConnection.get(caller.id)?.delete(id);
    this.#leave(viewer);
  }

  #all(): Viewer[] {
    return [...this.#ofConnection.values()].flatMap((viewers) => [...viewers.values()]);
  }

  #viewer(id: number, caller: Caller): Viewer {
    const viewer = this.#ofConnection.get(caller.id)?.get(id);
    if (viewer) return viewer;
    throw new UmlmonError('CONSOLE_NOT_ATTACHED', {
      place: `viewer ${id}`,
      cause: 'this connection has no such viewer',
    });
  }

  #viewersOf(caller: Caller): Map<number, Viewer> {
    const known = this.#ofConnection.get(caller.id);
    if (known) return known;
    const viewers = new Map<number, Viewer>();
    this.#ofConnection.set(caller.id, viewers);
    caller.signal.addEventListener('abort', () => {
      this.#ofConnection.delete(caller.id);
      for (const viewer of viewers.values()) this.#leave(viewer);
    });
    return viewers;
  }

  /** Whether the viewer may type: no other viewer types, or has typed lately. */
  #ask(viewer: Viewer): boolean {
    const writer = this.#controls.get(viewer.channel);
    if (writer === viewer) return true;
    const idleMs = this.#vm.settings.vm.control_idle;
    if (writer && (idleMs === 0 || performance.now() - writer.typedOn < idleMs)) return false;
    this.#give(viewer, writer ? `has it: ${writer.by} was idle` : 'types now');
    return true;
  }

  #give(viewer: Viewer, how: string): void {
    const { channel, by } = viewer;
    const former = this.#controls.get(channel);
    if (former === viewer) return;
    this.#controls.set(channel, viewer);
    noteTyping(viewer);
    if (viewer.size) channel.resize(viewer.size);
    this.#tell(channel, `${by} ${how}`, viewer, former);
  }

  #free(viewer: Viewer): void {
    this.#controls.delete(viewer.channel);
    this.#tell(viewer.channel, 'no viewer has control', undefined, viewer);
  }

  /** Published only with several viewers: other viewers have to know. */
  #tell(channel: Channel, text: string, viewer: Viewer | undefined, former: Viewer | undefined): void {
    if (channel.viewers < 2) return;
    this.#vm.events.publish('console-controller', `${channel.name}: ${text}`, {
      channel: channel.name,
      by: viewer?.by ?? '',
      viewer: String(viewer?.id ?? 0),
      former: String(former?.id ?? 0),
    });
  }

  #leave(viewer: Viewer): void {
    const { channel, by, release } = viewer;
    release();
    if (this.#controls.get(channel) === viewer) this.#free(viewer);
    channel.viewers -= 1;
    this.#vm.events.publish('console-detached', `${by} detached from ${channel.name}`, {
      channel: channel.name,
      by,
    });
  }

  #infoOf({ id, channel, by, since, typedAt, acknowledged, skipped }: Viewer): ViewerInfo {
    return {
      id,
      channel: channel.name,
      by,
      since,
      controls: this.#controls.get(channel)?.id === id,
      typedAt,
      acknowledged,
      behind: channel.ring.next - acknowledged,
      skipped,
    };
  }
}

/** The wall clock is only shown; a monotonic clock measures the time without typing. */
function noteTyping(viewer: Viewer): void {
  viewer.typedAt = Date.now();
  viewer.typedOn = performance.now();
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
