/** Bytes of a name: LOGIN_NAME_MAX of Linux, without the final NUL. */
const nameBytes = 255;

/**
 * Whether a text can be the name of a user or group at all: what passwd(5) and group(5) could not hold cannot. Which names
 * there are is for the host to say (getent(1)): `bug@corp.example`, `CORP\\bug`, `domain users`.
 */
export function isAccountName(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= nameBytes && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}:]/u.test(text);
}
