/** What is taken for a secret in a crash bundle, and how it is taken out. */

/** Replaces a secret. */
export const redacted = '***';

const secretName =
  /passw(?:or)?d|passphrase|passcode|secret|token|credential|(?:api|private)[._-]?key|(?:^|[._-])(?:pw|pwd|pass|key|psk)$/i;

/** A shorter value is removed only beside its name: elsewhere it could be ordinary text. */
const tellingLength = 6;
/** Characters of a name, and of a quoted value, that are checked: bounds the work on text of a guest. */
const nameLength = 64;
const quotedLength = 1024;

export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** The values of those kernel arguments whose names sound like secrets (`password=…`, `x.token=…`). */
export function secretValues(kernelArguments: readonly string[]): string[] {
  const values = kernelArguments.flatMap((argument) => {
    const plain = argument.replaceAll('"', '');
    for (let at = plain.indexOf('='); at >= 0; at = plain.indexOf('=', at + 1))
      if (isSecretName(nameBefore(plain, at))) return [plain.slice(at + 1)];
    return [];
  });
  const telling = values.flatMap((value) => [value, ...value.split(/\s+/)]);
  // The longest first: one may be a part of another.
  return [...new Set(telling)]
    .filter(({ length }) => length >= tellingLength)
    .sort((a, b) => b.length - a.length);
}

/**
 * Removes secrets from a text: the value after every name of a secret, as in `password=X`, `token: "X"` or
 * `"api_key": "X"`, and all occurrences of `secrets`. Takes linear time for any text.
 */
export function redactText(text: string, secrets: readonly string[]): string {
  const separator = /[=:]/g;
  let clean = '';
  let done = 0;
  for (let found = separator.exec(text); found; found = separator.exec(text)) {
    const at = found.index;
    const quoted = text[at - 1] === '"';
    const name = nameBefore(text, quoted ? at - 1 : at);
    if (!isSecretName(name)) continue;
    const value = valuePattern(found[0] ?? '', !quoted && text[at - name.length - 1] === '"');
    value.lastIndex = at + 1;
    const length = value.exec(text)?.[0].length ?? 0;
    if (length === 0) continue;
    clean += text.slice(done, at + 1) + redacted;
    done = at + 1 + length;
    separator.lastIndex = done;
  }
  clean += text.slice(done);
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, redacted), clean);
}

/** The same for bytes in any encoding. */
export function redactBytes(bytes: Uint8Array, secrets: readonly string[]): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  const asBytes = secrets.map((secret) => Buffer.from(secret).toString('latin1'));
  return Buffer.from(redactText(text, asBytes), 'latin1');
}

/** The same for all texts within a value of plain data. */
export function redactValue<T>(value: T, secrets: readonly string[]): T;
export function redactValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, secrets);
  if (Array.isArray(value)) return value.map((part: unknown) => redactValue(part, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, redactValue(part, secrets)]));
}

/** The name that ends right before `end`. */
function nameBefore(text: string, end: number): string {
  let from = end;
  while (from > 0 && end - from < nameLength && /[\w.-]/.test(text[from - 1] ?? '')) from -= 1;
  return text.slice(from, end);
}

/** @param inQuotes the quotes are around name and value, as the kernel allows: `"password=two words"` */
function valuePattern(separator: string, inQuotes: boolean): RegExp {
  if (inQuotes) return /[^"\n]*/y;
  const blanks = separator === ':' ? '[ \\t]{0,8}' : '';
  return new RegExp(`${blanks}(?:"[^"\\n]{0,${quotedLength}}"|"?[^\\s"]+)`, 'y');
}
