/** Pure. */
import type { ConsoleRequest } from '../wire.ts';

/** A text message of a console page; undefined if it is malformed. */
export function parseConsoleRequest(text: string): ConsoleRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { kind, offset, columns, rows } = (value ?? {}) as Record<string, unknown>;
  if (kind === 'shown' && isCount(offset)) return { kind, offset };
  if (kind === 'take') return { kind };
  if (kind === 'size' && isCount(columns) && isCount(rows)) return { kind, columns, rows };
  return undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
