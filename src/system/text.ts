/**
 * Text from a guest, made safe to print in a terminal, a log or a page. Every character that is not visible (controls,
 * escape sequences, bidirectional overrides, halves of surrogate pairs, other line ends) is replaced by an escape.
 *
 * @param max longest result in UTF-16 units; a longer text ends in '…'
 */
export function printable(text: string, max: number): string {
  const visible = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escaped);
  if (visible.length <= max) return visible;
  const cut = visible.slice(0, Math.max(0, max - 1)).replace(/[\ud800-\udbff]$/, '');
  return `${cut}…`.slice(0, max);
}

/** Text before the first line end (LF or CRLF). */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/\r$/, '') ?? '';
}

/**
 * Lines of text or JSON, made safe for a terminal. JSON does not escape all control characters itself. Every control
 * character except tabs and line ends is replaced by its JSON escape.
 */
export function harmless(text: string): string {
  return text.replace(/[\0-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function escaped(character: string): string {
  const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
  const code = character.codePointAt(0) ?? 0;
  return named ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
}
