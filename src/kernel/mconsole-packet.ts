/**
 * Datagrams of the management console of a UML kernel (arch/um/include/shared/mconsole.h). All numbers are 32 bits
 * in host byte order, which is little endian wherever UML runs.
 */
import { getSystemErrorMap } from 'node:util';
import { characterName } from '../config/values/kernel-argument.ts';

const MAGIC = 0xcafebabe;
const VERSION = 2;

/** Longest command and longest piece of text in bytes (MCONSOLE_MAX_DATA; the last one is for a NUL). */
export const DATA_MAX = 512;
const HEADER = 12;

/** Larger than any datagram that the kernel sends. */
export const PACKET_MAX = 4 + HEADER + DATA_MAX;

/** What the kernel has commands for. It resumes a stopped guest when it is sent anything else. */
const commandWords = [
  ...[
    'version',
    'help',
    'halt',
    'reboot',
    'config',
    'remove',
    'sysrq',
    'cad',
    'stop',
    'go',
    'log',
    'proc',
    'stack',
  ],
];

/**
 * Why a text cannot be an argument; undefined if it can. The kernel skips blanks as its isspace() has them (lib/ctype.c),
 * to which 0xA0 belongs: devices and files are named in printable ASCII. What is logged is text in any language.
 */
export function textDamage(word: string, text: string): string | undefined {
  if (/[\0\n\r]/.test(text)) return 'a command is one line';
  const [strange] = (word === 'log' ? /(?!\t)\p{Cc}/u : /[^ -~]/u).exec(text) ?? [];
  return strange === undefined ? undefined : `it contains ${characterName(strange)}`;
}

/** The request of a command, or why it cannot be one. */
export function encodeRequest(command: string): Buffer | string {
  const [word = ''] = command.split(/[ \t]/, 1);
  if (!commandWords.includes(word)) return `the kernel has no command '${word}'`;
  if (command.includes('\0')) return 'the command contains a NUL';
  const damage = textDamage(word, command.replace(/\n$/, ''));
  if (damage) return damage;
  const data = Buffer.from(command);
  if (data.length >= DATA_MAX) return `the command has ${data.length} bytes, more than ${DATA_MAX - 1}`;
  const packet = Buffer.alloc(HEADER + data.length);
  packet.writeUInt32LE(MAGIC, 0);
  packet.writeUInt32LE(VERSION, 4);
  packet.writeUInt32LE(data.length, 8);
  data.copy(packet, HEADER);
  return packet;
}

export interface ReplyPacket {
  /** 0, 1, or a negative errno; the kernel sets it in the first packet of a reply only. */
  readonly error: number;
  /** Another packet of the same reply follows. */
  readonly more: boolean;
  readonly data: Buffer;
}

/** Undefined if it is not a reply. `data` is a view of `packet`. */
export function decodeReply(packet: Buffer): ReplyPacket | undefined {
  if (packet.length < HEADER) return undefined;
  const more = packet.readUInt32LE(4);
  const data = textOf(packet, 8);
  return data && more <= 1 ? { error: packet.readInt32LE(0), more: more === 1, data } : undefined;
}

const notificationTypes = ['socket', 'panic', 'hang', 'user'] as const;

export interface NotificationPacket {
  /** The kernel has opened its socket, panics, hangs; or a process of the guest wrote to /proc/mconsole. */
  readonly type: (typeof notificationTypes)[number];
  readonly data: Buffer;
}

/**
 * The first bytes of the report of a hang by uml_watchdog(1) of uml-utilities. It declares the magic as a long. So on 64
 * bits version, type and length are 4 bytes off from where the kernel has them. Some noise follows, 24 bytes in all.
 */
const watchdogBegins = Buffer.alloc(20);
watchdogBegins.writeUInt32LE(MAGIC, 0);
watchdogBegins.writeUInt32LE(VERSION, 8);
watchdogBegins.writeUInt32LE(notificationTypes.indexOf('hang'), 12);

function isFromWatchdog(packet: Buffer): boolean {
  return packet.length === 24 && packet.subarray(0, watchdogBegins.length).equals(watchdogBegins);
}

/** Undefined if it is not a notification. `data` is a view of `packet`. */
export function decodeNotification(packet: Buffer): NotificationPacket | undefined {
  if (packet.length < 4 + HEADER) return undefined;
  if (isFromWatchdog(packet)) return { type: 'hang', data: Buffer.alloc(0) };
  if (packet.readUInt32LE(0) !== MAGIC || packet.readUInt32LE(4) !== VERSION) return undefined;
  const type = notificationTypes[packet.readUInt32LE(8)];
  const data = textOf(packet, 12);
  return type && data ? { type, data } : undefined;
}

/** Counted text that ends the packet, without its closing NUL. */
function textOf(packet: Buffer, at: number): Buffer | undefined {
  const length = packet.readUInt32LE(at);
  if (length > DATA_MAX || packet.length !== at + 4 + length) return undefined;
  const data = packet.subarray(at + 4);
  return data.at(-1) === 0 ? data.subarray(0, -1) : data;
}

/** The error number of a reply as text. */
export function errorWords(error: number): string {
  const [name, words] = getSystemErrorMap().get(error) ?? [];
  return name ? `${name}: ${words}` : `error ${error}`;
}
