import { expect, test } from 'vitest';
import { SessionTerminal } from '../../../src/cli/session/session-terminal.ts';

/** A session whose terminals are made up. */
function sessionAt(inputIsTerminal: boolean, output: { isTTY: boolean; columns?: number; rows?: number }) {
  const terminal = new SessionTerminal();
  Object.assign(terminal, { isInteractive: inputIsTerminal, output });
  return terminal;
}

test.each([
  [
    { isTTY: true, columns: 0, rows: 0 },
    { columns: 80, rows: 24 },
  ],
  [{ isTTY: true }, { columns: 80, rows: 24 }],
  [
    { isTTY: true, columns: 5, rows: 3 },
    { columns: 5, rows: 3 },
  ],
  [
    { isTTY: true, columns: 5000, rows: 3 },
    { columns: 1000, rows: 3 },
  ],
  [{ isTTY: false }, { columns: 0, rows: 0 }],
])('the window of a session at %o is %o', (output, size) => {
  const terminal = sessionAt(true, output);
  expect([terminal.size, terminal.isWindow]).toEqual([size, size.rows > 0]);
});

test('without a keyboard there is no window', () => {
  expect(sessionAt(false, { isTTY: true, columns: 80, rows: 24 }).isWindow).toBe(false);
});
