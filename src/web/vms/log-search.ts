/** Pure. */
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { webLimits } from '../../system/limits/limits.ts';

export interface LogHit {
  /** Offset of the start of the line. */
  readonly offset: number;
  readonly line: string;
}

export interface LogHits {
  readonly hits: readonly LogHit[];
  /** Where the search started; older output was not searched. */
  readonly from: number;
  readonly isAll: boolean;
}

const readBytes = 65536;
const lineBytes = 4096;
const newline = 0x0a;

/** The newest lines of a log that contain a text, upper and lower case alike. */
export async function searchLog(client: MonitorClient, channel: string, text: string): Promise<LogHits> {
  const read = (offset: number) => client.call('logRead', { channel, offset, max: readBytes, waitMs: 0 });
  const { oldest, end } = await read(0);
  const from = Math.max(oldest, end - webLimits.searchBytes);
  const wanted = text.toLowerCase();
  let hits: LogHit[] = [];
  let rest = Buffer.alloc(0);
  let offset = from;
  const take = (line: Buffer, at: number) => {
    const shown = line.toString('utf8');
    if (!shown.toLowerCase().includes(wanted)) return;
    hits.push({ offset: at, line: shown.trimEnd() });
    if (hits.length > 2 * webLimits.searchHits) hits = hits.slice(-webLimits.searchHits);
  };
  while (offset < end) {
    const piece = await read(offset);
    if (piece.data.length === 0 || piece.offset < offset) break;
    // Rotation took what lay between.
    if (piece.offset > offset) rest = Buffer.alloc(0);
    let at = piece.offset - rest.length;
    let bytes = Buffer.concat([rest, piece.data]);
    for (let cut = lineEnd(bytes); cut > 0; cut = lineEnd(bytes)) {
      take(bytes.subarray(0, cut), at);
      bytes = bytes.subarray(cut);
      at += cut;
    }
    rest = bytes;
    offset = piece.offset + piece.data.length;
  }
  take(rest, offset - rest.length);
  return { hits: hits.slice(-webLimits.searchHits), from, isAll: from === oldest };
}

/** Where the first line of some bytes ends; 0 if it does not yet. A line without end is cut. */
function lineEnd(bytes: Buffer): number {
  const end = bytes.indexOf(newline) + 1;
  return end === 0 && bytes.length > lineBytes ? lineBytes : end;
}
