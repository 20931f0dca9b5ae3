/** Pure. */
import type { Channel } from '../../console/channel.ts';

/**
 * Calls `onFound` once, when the output of a channel from offset `from` on has the text, however it is cut into pieces.
 * Searches the ring after output is stored, so that the reading of the channel costs the same as without.
 *
 * @returns the function that gives the search up
 */
export function findText(
  channel: Pick<Channel, 'ring' | 'onData'>,
  from: number,
  text: string,
  onFound: () => void,
): () => void {
  const wanted = Buffer.from(text);
  let searched = from;
  const look = (): boolean => {
    const { ring } = channel;
    // The end of the searched output may be the start of the text.
    const { data } = ring.read(Math.max(from, searched - wanted.length + 1), ring.next - from);
    searched = ring.next;
    return Buffer.from(data.buffer, data.byteOffset, data.length).includes(wanted);
  };
  const forget = channel.onData(() => {
    if (!look()) return;
    forget();
    onFound();
  });
  if (look()) {
    forget();
    onFound();
  }
  return forget;
}
