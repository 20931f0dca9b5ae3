import { readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type LinkStatus, lookAtLink } from '../plan/link.ts';
import { changedRules } from '../rules/rule-messages.ts';
import { ChangeSocket } from './change-socket.ts';
import { routeFilter, rtm, rulesFilter } from './netlink-filter.ts';

type Link = LinkStatus['link'];

export interface Followed {
  /** Taps that the guest sets up and down, which is reported. */
  readonly taps: readonly string[];
  /** All interfaces that the VM needs on the host. */
  readonly links: readonly string[];
  /** Names of our tables of nftables; undefined if rules of the host do not matter. */
  readonly tables: ReadonlySet<string> | undefined;
}

export interface HostWatchHandlers {
  /** The guest has set an interface up or down. */
  readonly onLink: (tap: string, link: Link) => void;
  /**
   * Something may be missing or changed. `own`: links, addresses, routes, settings and tables that the VM needs.
   * `others`: chains of other programs. `rules`: single rules of other programs.
   */
  readonly onHost: (what: 'own' | 'others' | 'rules') => void;
}

/**
 * Reports changes of what a VM needs on the host. The host sends messages about the followed things only, so a monitor
 * does not wake up without a change.
 */
export class HostWatch {
  readonly #handlers: HostWatchHandlers;
  #followed: Followed = { taps: [], links: [], tables: undefined };
  #taps = new Map<string, Link>();
  #looks = new Map<string, string>();
  #route: ChangeSocket | undefined;
  #rules: ChangeSocket | undefined;

  constructor(handlers: HostWatchHandlers) {
    this.#handlers = handlers;
  }

  /** Follows these from now on, and new ones from their present state. Errors: those of the system calls. */
  follow(followed: Followed): void {
    this.#followed = followed;
    const { taps, links, tables } = followed;
    if (taps.length + links.length > 0)
      this.#route ??= new ChangeSocket('route', (...heard) => this.#onRoute(...heard));
    this.#setFilter();
    // After the filter: a later change sends a message.
    this.#taps = new Map(taps.map((name) => [name, this.#taps.get(name) ?? lookAtLink(name).link]));
    this.#looks = new Map(links.map((name) => [name, this.#looks.get(name) ?? appearanceOf(name)]));
    if (tables && !this.#rules) {
      this.#rules = new ChangeSocket('nftables', (...heard) => this.#onRules(...heard));
      this.#rules.filter(rulesFilter());
    }
  }

  close(): void {
    this.#route?.close();
    this.#rules?.close();
    this.#route = undefined;
    this.#rules = undefined;
    this.#taps.clear();
    this.#looks.clear();
  }

  #setFilter(): void {
    const names = [...new Set([...this.#followed.taps, ...this.#followed.links])];
    const indexes = names.map(indexOf);
    const known = indexes.flatMap((index) => index ?? []);
    this.#route?.filter(routeFilter(known, known.length < names.length));
  }

  #onRoute(datagrams: readonly Buffer[], areAll: boolean): void {
    for (const [name, before] of [...this.#taps]) {
      const { link } = lookAtLink(name);
      if (link === before || !this.#taps.has(name)) continue;
      this.#taps.set(name, link);
      this.#handlers.onLink(name, link);
    }
    // A guest may set its interface up and down without limit: that alone causes no other check.
    const hasOther = datagrams.some((one) => !isOfLink(one));
    if (this.#looksOther() || hasOther || !areAll) this.#handlers.onHost('own');
  }

  #looksOther(): boolean {
    let isOther = false;
    for (const [name, before] of [...this.#looks]) {
      const now = appearanceOf(name);
      if (now === before) continue;
      this.#looks.set(name, now);
      isOther = true;
    }
    if (isOther) this.#setFilter();
    return isOther;
  }

  #onRules(datagrams: readonly Buffer[], areAll: boolean): void {
    const changes = datagrams.map(changedRules);
    const { tables } = this.#followed;
    const names = changes.flatMap((one) => [...one.tables]);
    if (!areAll || names.some((name) => tables?.has(name))) this.#handlers.onHost('own');
    const others = names.filter((name) => !name.startsWith('umlmon-'));
    if (!areAll || others.length > 0)
      this.#handlers.onHost(!areAll || changes.some(({ hasHooks }) => hasHooks) ? 'others' : 'rules');
  }
}

function isOfLink(datagram: Buffer): boolean {
  const type = datagram.length < 6 ? -1 : datagram.readUInt16LE(4);
  return type === rtm.newLink || type === rtm.delLink;
}

function indexOf(name: string): number | undefined {
  const text = read(name, 'ifindex');
  return text === '' ? undefined : Number(text);
}

/** IFF_UP and IFF_PROMISC of linux/if.h. */
const flagsThatMatter = 0x101;

/** The state of an interface without its carrier, as text to compare; '' if it does not exist. */
function appearanceOf(name: string): string {
  const index = read(name, 'ifindex');
  if (index === '') return '';
  const flags = Number(read(name, 'flags')) & flagsThatMatter;
  return [index, flags, masterOf(name), read(name, 'brport/isolated'), read(name, 'ifalias')].join('\n');
}

function masterOf(name: string): string {
  try {
    return basename(readlinkSync(join('/sys/class/net', name, 'master')));
  } catch {
    return '';
  }
}

function read(name: string, file: string): string {
  try {
    return readFileSync(join('/sys/class/net', name, file), 'latin1').trim();
  } catch {
    return '';
  }
}
