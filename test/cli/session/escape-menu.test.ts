import { describe, expect, test } from 'vitest';
import { escapeKey } from '../../../src/cli/session/escape-key.ts';
import { EscapeMenu } from '../../../src/cli/session/escape-menu.ts';

const key = escapeKey(0x1d);

/** The result of keys that are typed in these pieces, as text. */
function done(...pieces: readonly string[]): string {
  const menu = new EscapeMenu(key);
  const actions = pieces.flatMap((piece) => menu.take(Buffer.from(piece)));
  return actions
    .map((action) => {
      if (action.do === 'type') return JSON.stringify(action.bytes.toString());
      const more = 'text' in action ? action.text : 'letter' in action ? action.letter : '';
      return more ? `${action.do}(${more})` : action.do;
    })
    .join(' ');
}

describe('typed input', () => {
  test.each([
    [['ls\r'], '"ls\\r"'],
    [['ls\r\x1dd'], '"ls\\r" menu leave'],
    [['\x1d', 'd'], 'menu leave'],
    [['\x1d\x1d'], 'menu leave'],
    [['\x1b[93;5u\x1b[27;5;93~'], 'menu leave'],
    [['\x1d.rest is for nobody'], 'menu leave'],
    [['\x1dlx'], 'menu "\\u001d" "x"'],
    [['\x1dwls'], 'menu who "ls"'],
    [['\x1dt\x1do'], 'menu take menu observe'],
    [['\x1dq', 'x'], 'menu cancel "x"'],
    [['\x1d\x1b[A', 'x'], 'menu cancel "x"'],
    [['\x1dbs', 'x'], 'menu ask-sysrq sysrq(s) "x"'],
    [['\x1db\r', 'x'], 'menu ask-sysrq cancel "x"'],
    [['\x1dné', 'x\x7f!\r', 'x'], 'menu ask-note echo(é) echo(x) echo(\b \b) echo(!) note(é!) "x"'],
    [['\x1dn\x7f\r'], 'menu ask-note cancel'],
    [['\x1dnab\x1d', 'x'], 'menu ask-note echo(a) echo(b) cancel "x"'],
    [['\x1d?\x1dr\x1ds\x1dc'], 'menu help menu redraw menu size menu record'],
  ])('%j', (pieces, expected) => {
    expect(done(...pieces)).toBe(expected);
  });
});

test('a note does not grow without end', () => {
  const menu = new EscapeMenu(key);
  menu.take(Buffer.from('\x1dn'));
  menu.take(Buffer.from('x'.repeat(10_000)));
  expect(menu.take(Buffer.from('\r'))).toEqual([{ do: 'note', text: 'x'.repeat(200) }]);
});
