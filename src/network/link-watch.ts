import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../system/errors.ts';
import { networkLimits } from '../system/limits.ts';
import { attachFilter, openLinkSocket, receiveDatagram } from '../system/native.ts';
import { type Watch, watch } from '../system/watch.ts';
import { type LinkStatus, lookAtLink } from './link.ts';

type Link = LinkStatus['link'];

/**
 * Tells when links of the host come and go. The host says when something changes, and only about these links: nothing
 * happens while nothing changes. What it says is not read, but looked at in sysfs, and not more often than every
 * `linkPause`.
 */
export class LinkWatch {
  readonly #onChange: (name: string, link: Link) => void;
  readonly #buffer = Buffer.alloc(networkLimits.linkMessageBytes);
  #known = new Map<string, Link>();
  #fd: number | undefined;
  #watch: Watch | undefined;
  #pause: NodeJS.Timeout | undefined;

  constructor(onChange: (name: string, link: Link) => void) {
    this.#onChange = onChange;
  }

  /** From now on these interfaces; those that are new begin as they are now. Errors: those of the system calls. */
  follow(names: readonly string[]): void {
    if (this.#fd === undefined && names.length > 0) {
      this.#fd = openLinkSocket();
      this.#watch = watch(this.#fd, { readable: true }, () => this.#changed());
    }
    // Before the look: what changes after it is told.
    if (this.#fd !== undefined) attachFilter(this.#fd, filterFor(names.flatMap(indexOf)));
    this.#known = new Map(names.map((name) => [name, this.#known.get(name) ?? lookAtLink(name).link]));
  }

  close(): void {
    clearTimeout(this.#pause);
    this.#watch?.close();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#watch = undefined;
    this.#fd = undefined;
    this.#known.clear();
  }

  #changed(): void {
    this.#drain();
    this.#watch?.set({});
    this.#pause = setTimeout(() => this.#watch?.set({ readable: true }), networkLimits.linkPause);
    for (const [name, before] of [...this.#known]) {
      const { link } = lookAtLink(name);
      if (link === before || !this.#known.has(name)) continue;
      this.#known.set(name, link);
      this.#onChange(name, link);
    }
  }

  #drain(): void {
    try {
      for (let i = 0; i < networkLimits.linkMessages && this.#fd !== undefined; i++)
        if (!receiveDatagram(this.#fd, this.#buffer)) return;
    } catch (error) {
      // Changes were lost for lack of room (ENOBUFS): they are looked at all the same.
      if (!isSystemError(error)) throw error;
    }
  }
}

function indexOf(name: string): number[] {
  try {
    return [Number(readFileSync(join('/sys/class/net', name, 'ifindex'), 'latin1'))];
  } catch {
    return [];
  }
}

/** ifi_index of struct ifinfomsg, behind struct nlmsghdr (rtnetlink(7)). */
const indexOffset = 20;
// Opcodes of linux/filter.h: BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K.
const LOAD = 0x20;
const IF_EQUAL = 0x15;
const RETURN = 0x06;
const all = 0xffff_ffff;

/** A program of classic BPF that lets messages about these interfaces through. */
function filterFor(indexes: readonly number[]): Uint8Array {
  const instruction = (code: number, jt: number, k: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt16LE(code);
    bytes[2] = jt;
    bytes.writeUInt32LE(k, 4);
    return bytes;
  };
  return Buffer.concat([
    instruction(LOAD, 0, indexOffset),
    ...indexes.map((index, i) => instruction(IF_EQUAL, indexes.length - i, swapped(index))),
    instruction(RETURN, 0, 0),
    instruction(RETURN, 0, all),
  ]);
}

/** BPF loads in network order what the host has written in its own. */
function swapped(index: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(index);
  return bytes.readUInt32BE();
}
