/**
 * The longest prefix of `text` within a bound in bytes of UTF-8 that ends between characters; "…" marks a cut.
 * For texts of unknown length (a panic, a system's error message) that go into a bounded string.
 */
export function clipText(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const mark = '…';
  const room = maxBytes - Buffer.byteLength(mark);
  if (room < 0) return '';
  const bytes = Buffer.from(text.slice(0, room + 1), 'utf8');
  let end = Math.min(room, bytes.length);
  // 10xxxxxx continues a character: step back to the start of one.
  while (end > 0 && end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end) + mark;
}
