import { type EscapeKey, findEscape } from './escape-key.ts';

/** What a key of the menu does; `ask` is answered by what is typed next. */
const keys = {
  d: 'leave',
  '.': 'leave',
  '?': 'help',
  h: 'help',
  w: 'who',
  t: 'take',
  o: 'observe',
  n: 'ask-note',
  b: 'ask-sysrq',
  r: 'redraw',
  s: 'size',
  c: 'record',
  l: 'literal',
} as const;

/** The actions, in the order in which it was typed. */
export type MenuAction =
  | { readonly do: 'type'; readonly bytes: Buffer }
  | { readonly do: 'note'; readonly text: string }
  | { readonly do: 'sysrq'; readonly letter: string }
  /** Shows what is typed of a note. */
  | { readonly do: 'echo'; readonly text: string }
  /** The menu opens, or closes without an action. */
  | { readonly do: 'menu' | 'cancel' }
  | { readonly do: Exclude<(typeof keys)[keyof typeof keys], 'literal'> };

/** Characters of a note. */
const noteCharacters = 200;

/** Separates keys for the guest from keys for the session, which follow the escape key. */
export class EscapeMenu {
  readonly #key: EscapeKey;
  #state: 'typing' | 'menu' | 'note' | 'sysrq' = 'typing';
  #note = '';

  constructor(key: EscapeKey) {
    this.#key = key;
  }

  take(typed: Buffer): MenuAction[] {
    const actions: MenuAction[] = [];
    for (let rest = typed; rest.length > 0; ) {
      const length = this.#takeOne(rest, actions);
      // Nothing is typed after the end of the session.
      if (actions.at(-1)?.do === 'leave') break;
      rest = rest.subarray(length);
    }
    return actions;
  }

  /** Takes some bytes off the front; returns how many. */
  #takeOne(rest: Buffer, actions: MenuAction[]): number {
    const at = findEscape(rest, this.#key);
    if (this.#state === 'typing') {
      const before = at < 0 ? rest : rest.subarray(0, at);
      if (before.length > 0) actions.push({ do: 'type', bytes: before });
      if (at < 0) return rest.length;
      this.#state = 'menu';
      actions.push({ do: 'menu' });
      return at + this.#escapeLength(rest.subarray(at));
    }
    if (at === 0) {
      actions.push({ do: this.#state === 'menu' ? 'leave' : 'cancel' });
      this.#state = 'typing';
      return this.#escapeLength(rest);
    }
    // An arrow key, or any other that sends a sequence, or ESC itself.
    if (rest[0] === 0x1b) return this.#end({ do: 'cancel' }, rest.length, actions);
    const [character = ''] = rest.toString('utf8');
    const length = Buffer.byteLength(character);
    if (this.#state === 'menu') return this.#choose(character, length, actions);
    if (this.#state === 'note') return this.#write(character, length, actions);
    const isLetter = /^[a-z0-9]$/.test(character);
    return this.#end(isLetter ? { do: 'sysrq', letter: character } : { do: 'cancel' }, length, actions);
  }

  #end(action: MenuAction, length: number, actions: MenuAction[]): number {
    this.#state = 'typing';
    actions.push(action);
    return length;
  }

  #choose(character: string, length: number, actions: MenuAction[]): number {
    const choice = Object.hasOwn(keys, character) ? keys[character as keyof typeof keys] : 'cancel';
    const [itself = Buffer.alloc(0)] = this.#key.sequences;
    if (choice === 'literal') return this.#end({ do: 'type', bytes: itself }, length, actions);
    this.#end({ do: choice }, length, actions);
    if (choice === 'ask-note') {
      this.#state = 'note';
      this.#note = '';
    } else if (choice === 'ask-sysrq') this.#state = 'sysrq';
    return length;
  }

  #write(character: string, length: number, actions: MenuAction[]): number {
    if (character === '\r' || character === '\n') {
      const text = this.#note.trim();
      return this.#end(text === '' ? { do: 'cancel' } : { do: 'note', text }, length, actions);
    }
    if (character === '\x7f' || character === '\b') {
      if (this.#note !== '') actions.push({ do: 'echo', text: '\b \b' });
      this.#note = [...this.#note].slice(0, -1).join('');
    } else if (!/\p{Cc}/u.test(character) && this.#note.length < noteCharacters) {
      this.#note += character;
      actions.push({ do: 'echo', text: character });
    }
    return length;
  }

  #escapeLength(rest: Buffer): number {
    const { sequences } = this.#key;
    return sequences.find((sequence) => rest.subarray(0, sequence.length).equals(sequence))?.length ?? 1;
  }
}

/** The line that the escape key shows. */
export const menuLine = 'd detach, w who, t take, o observe, n note, b sysrq, r redraw, ? all keys';

/** What `?` shows, a line for each key. */
export function menuHelp({ name }: EscapeKey): string[] {
  return [
    `d or ${name}  detach`,
    'w  who is at this console',
    't  take control from the present controller',
    'o  observe: release control',
    'n  write a note into output and log',
    'b  magic SysRq; the letter follows',
    'r  draw the screen anew',
    's  give the guest the size of this window',
    'c  record from now on, or no more',
    `l  type ${name} itself`,
  ];
}
