import { h } from '../dom.ts';
import { type BarKey, barKeys, modified, sequenceOf } from './key-sequences.ts';

export interface KeyBarTerminal {
  /** Types a text as it is. */
  readonly type: (text: string) => void;
  /** Whether the program has asked for cursor keys of its own. */
  readonly isApplication: () => boolean;
}

/** Keys for screens without a keyboard. Ctrl and Alt hold for the next key, of the bar or of the screen's keyboard. */
export class KeyBar {
  readonly element: HTMLElement;
  readonly #terminal: KeyBarTerminal;
  readonly #buttons = new Map<BarKey, HTMLButtonElement>();
  #held = { ctrl: false, alt: false };

  constructor(terminal: KeyBarTerminal) {
    this.#terminal = terminal;
    for (const { key, name } of barKeys) {
      const isHeld = key === 'Ctrl' || key === 'Alt';
      const button = h(
        'button',
        {
          type: 'button',
          'aria-label': name,
          'aria-pressed': isHeld ? 'false' : null,
          // The terminal keeps the focus, and the keyboard of the screen stays open.
          onpointerdown: keepFocus,
          onmousedown: keepFocus,
          onclick: () => this.#press(key),
        },
        key,
      );
      this.#buttons.set(key, button);
    }
    this.element = h(
      'div',
      { class: 'keys', role: 'toolbar', 'aria-label': 'Keys' },
      ...this.#buttons.values(),
    );
  }

  /** Typed text, with Ctrl and Alt if they are held; it releases them. */
  take(text: string): string {
    const { ctrl, alt } = this.#held;
    // Automatic replies of a terminal start with an escape.
    if ((!ctrl && !alt) || text.startsWith('\x1b')) return text;
    const typed = modified(text, this.#held);
    this.#hold({ ctrl: false, alt: false });
    return typed;
  }

  #press(key: BarKey): void {
    const { ctrl, alt } = this.#held;
    if (key === 'Ctrl') this.#hold({ ctrl: !ctrl, alt });
    else if (key === 'Alt') this.#hold({ ctrl, alt: !alt });
    else {
      this.#terminal.type(sequenceOf(key, this.#held, this.#terminal.isApplication()));
      this.#hold({ ctrl: false, alt: false });
    }
  }

  #hold(held: { readonly ctrl: boolean; readonly alt: boolean }): void {
    this.#held = { ...held };
    this.#buttons.get('Ctrl')?.setAttribute('aria-pressed', String(held.ctrl));
    this.#buttons.get('Alt')?.setAttribute('aria-pressed', String(held.alt));
  }
}

function keepFocus(event: Event): void {
  event.preventDefault();
}
