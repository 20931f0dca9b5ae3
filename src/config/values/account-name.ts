/** Bytes of a name: LOGIN_NAME_MAX of Linux, without the final NUL. */
const nameBytes = 255;

/**
 * Whether a text is a possible name of a user or group in passwd(5) and group(5). The host knows which names exist
 * (getent(1)): `bug@corp.example`, `CORP\\bug`, `domain users`.
 */
export function isAccountName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= nameBytes && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}:]/u.test(text);
}
