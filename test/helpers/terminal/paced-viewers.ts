import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { MonitorClient } from '../../../src/rpc/client/monitor-client.ts';
import { GuestShell } from '../guest/guest.ts';
import type { NumberedLines } from './numbered-lines.ts';

/** Output of a console from byte `start` to byte `end`. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** How a viewer reads: so many bytes at a time, and the pause after them. The shares are those of the whole output. */
interface Pace {
  readonly max: number;
  readonly pauseMs: number;
  /** Attaches only after this many bytes of output. */
  readonly comesAt?: number;
  /** Reads nothing between them. */
  readonly rests?: readonly [from: number, to: number];
}

const most = 65_536;

/** As fast as it comes, at several rates from some 20 MiB/s to 80 KiB/s, with a long rest, and late. */
export const paces: readonly Pace[] = [
  { max: most, pauseMs: 0 },
  { max: most, pauseMs: 0 },
  { max: most / 8, pauseMs: 0 },
  { max: most, pauseMs: 2 },
  { max: most / 2, pauseMs: 5 },
  { max: most, pauseMs: 20 },
  { max: most / 8, pauseMs: 50 },
  { max: most / 4, pauseMs: 50 },
  { max: most, pauseMs: 0, rests: [0.2, 0.7] },
  { max: most, pauseMs: 0, comesAt: 0.5 },
];

interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly hash: string;
}

export interface Seen {
  readonly first: number;
  readonly pieces: readonly Piece[];
  /** Bytes that were left out, by the offsets of the answers. */
  readonly skipped: number;
  /** The same, as the monitor says. */
  readonly announced: number;
}

/** Between looks at how far the others are. */
const lookMs = 10;

/** Ends what the shell of a console may say; resolves to the offset of the next byte that anybody will write there. */
export async function silence(client: MonitorClient, channel: string): Promise<number> {
  const shell = await GuestShell.open(client, channel);
  await shell.type('stty -echo; echo si""lent; exec sleep 1000000\r');
  await shell.until(/silent\r\n$/);
  const { consoles } = await client.call('info', undefined);
  return consoles.find((each) => each.channel === channel)?.bytesOut ?? Number.NaN;
}

/**
 * Ten viewers of a console: they come before `stretch` begins, but for the late one, and read to its end.
 *
 * @param connect a connection of its own for each
 * @returns `ready` when all are there who come first, and what each has seen
 */
export function viewAtPaces(
  connect: () => Promise<MonitorClient>,
  channel: string,
  { start, end }: Stretch,
): { readonly ready: Promise<unknown>; readonly seen: Promise<Seen[]> } {
  let newest = start;
  const until = async (share: number) => {
    while (newest < start + share * (end - start)) await delay(lookMs);
  };
  const attach = async () => {
    const client = await connect();
    return { client, ...(await client.call('consoleAttach', { channel, columns: 0, rows: 0 })) };
  };
  const first = paces.map((pace) => (pace.comesAt === undefined ? attach() : undefined));
  const view = async ({ max, pauseMs, comesAt = 0, rests }: Pace, index: number): Promise<Seen> => {
    await until(comesAt);
    const { client, id, next } = await (first[index] ?? attach());
    const pieces: Piece[] = [];
    let skipped = 0;
    let rest = rests;
    for (let offset = next; offset < end; ) {
      const read = await client.call('consoleRead', { id, offset, max, waitMs: 10_000 });
      skipped += read.offset - offset;
      offset = read.offset + read.data.length;
      newest = Math.max(newest, offset);
      pieces.push({ offset: read.offset, length: read.data.length, hash: hashOf(read.data) });
      if (pauseMs > 0) await delay(pauseMs);
      if (rest && offset >= start + rest[0] * (end - start)) {
        await until(rest[1]);
        rest = undefined;
      }
    }
    const { viewers } = await client.call('consoleWho', channel);
    client.close();
    const announced = viewers.find((viewer) => viewer.id === id)?.skipped ?? Number.NaN;
    return { first: next, pieces, skipped, announced };
  };
  return { ready: Promise.all(first), seen: Promise.all(paces.map(view)) };
}

/** The faults of a log, open as `fd`, in which these lines should be from `start` on. */
export function faultsOfLog(fd: number, lines: NumberedLines, { start, end }: Stretch): string[] {
  let offset = start;
  for (const piece of lines.pieces()) {
    if (!readAt(fd, offset, piece.length).equals(piece)) return [`the log differs after byte ${offset}`];
    offset += piece.length;
  }
  return offset === end ? [] : [`the log should end at ${offset}, not ${end}`];
}

/** The faults in the output that a viewer saw: it should be the log without the announced gaps. */
export function faultsOfViewer(
  fd: number,
  { first, pieces, skipped, announced }: Seen,
  { end }: Stretch,
): string[] {
  const seen = pieces.reduce((sum, { length }) => sum + length, 0);
  return [
    ...(first + seen + skipped === end
      ? []
      : [`${seen} bytes and ${skipped} missing from ${first} on, not to ${end}`]),
    ...(announced === skipped ? [] : [`${skipped} bytes are missing, ${announced} announced`]),
    ...pieces
      .filter(({ offset, length, hash }) => hashOf(readAt(fd, offset, length)) !== hash)
      .map(({ offset, length }) => `${length} bytes at ${offset} are not as in the log`),
  ];
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const data = Buffer.alloc(length);
  return data.subarray(0, readSync(fd, data, 0, length, offset));
}

function hashOf(data: Uint8Array): string {
  return createHash('sha1').update(data).digest('hex');
}
