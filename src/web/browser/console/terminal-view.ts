import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import { h } from '../dom.ts';
import { isDark } from '../theme.ts';
import { sequenceOf } from './key-sequences.ts';
import { scrollByTouch } from './touch-scroll.ts';

const noModifiers = { ctrl: false, alt: false };
const fontKey = 'umlweb-font-size';
const fontSizes = { least: 8, most: 28, usual: 14 };
const dark = {
  background: '#0d1117',
  foreground: '#e6edf3',
  cursor: '#6cb6ff',
  selectionBackground: '#2f5686',
};
const light = {
  background: '#ffffff',
  foreground: '#1b1f24',
  cursor: '#0b5cad',
  selectionBackground: '#b6d8ff',
};

/**
 * Rows are one device pixel higher than the letters. At some sizes and pixel ratios the underscore is on that pixel, and
 * rows clip pixels below them. A factor, as the terminal expects; letters are about 1.17 times as high as their size.
 */
function lineHeightOf(fontSize: number): number {
  return 1 + 1.1 / (1.17 * fontSize * devicePixelRatio);
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface TerminalKeys {
  /** Bytes that were typed, or that the terminal answers. */
  readonly onType: (bytes: Uint8Array) => void;
  /** What a text that was typed becomes. */
  readonly onText: (text: string) => string;
  readonly onSize: (columns: number, rows: number) => void;
  readonly onSearch: () => void;
  /** The keyboard focus returns to the page. */
  readonly onLeave: () => void;
}

/** A terminal that fills its element. */
export class TerminalView {
  readonly element = h('div', { class: 'screen' });
  readonly #terminal: Terminal;
  readonly #onType: (bytes: Uint8Array) => void;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon();
  readonly #observer = new ResizeObserver(() => {
    if (this.#mute > 0) return;
    // The ratio of pixels changes with the zoom of the page, and so does its size.
    const { options } = this.#terminal;
    options.lineHeight = lineHeightOf(options.fontSize ?? fontSizes.usual);
    this.#fit.fit();
  });
  readonly #onTheme = () => {
    this.#terminal.options.theme = isDark() ? dark : light;
  };
  /** Ends when a screen is drawn; output waits for it. */
  #drawing: Promise<void> = Promise.resolve();
  #mute = 0;

  constructor({ onType, onText, onSize, onSearch, onLeave }: TerminalKeys) {
    this.#onType = onType;
    const fontSize = Number(localStorage.getItem(fontKey)) || fontSizes.usual;
    this.#terminal = new Terminal({
      scrollback: 5000,
      fontSize,
      lineHeight: lineHeightOf(fontSize),
      fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
      minimumContrastRatio: 4.5,
      screenReaderMode: false,
      theme: isDark() ? dark : light,
    });
    this.#terminal.loadAddon(this.#fit);
    this.#terminal.loadAddon(this.#search);
    this.#terminal.onData((text) => {
      if (this.#mute === 0) onType(new TextEncoder().encode(onText(text)));
    });
    this.#terminal.onBinary((text) => {
      if (this.#mute === 0) onType(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    });
    this.#terminal.onResize(({ cols, rows }) => {
      if (this.#mute === 0) onSize(cols, rows);
    });
    this.#terminal.attachCustomKeyEventHandler((event) => {
      if (!event.ctrlKey || !event.shiftKey || event.type !== 'keydown') return true;
      const action = { KeyC: () => void this.copy(), KeyF: onSearch, KeyE: onLeave }[event.code];
      if (!action) return event.code !== 'KeyV';
      event.preventDefault();
      action();
      return false;
    });
    document.addEventListener('themechange', this.#onTheme);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', this.#onTheme);
  }

  /** When the element is in the page. */
  open(): void {
    this.#terminal.open(this.element);
    scrollByTouch(this.element, {
      rowHeight: () => (this.element.querySelector('.xterm-screen')?.clientHeight ?? 0) / this.#terminal.rows,
      scroll: (rows) => this.#scroll(rows),
    });
    this.#fit.fit();
    this.#observer.observe(this.element);
    this.#terminal.focus();
  }

  close(): void {
    this.#observer.disconnect();
    document.removeEventListener('themechange', this.#onTheme);
    matchMedia('(prefers-color-scheme: dark)').removeEventListener('change', this.#onTheme);
    this.#terminal.dispose();
  }

  get size(): Size {
    return { columns: this.#terminal.cols, rows: this.#terminal.rows };
  }

  /** Whether the program in it wants cursor keys of its own (DECCKM). */
  get isApplication(): boolean {
    return this.#terminal.modes.applicationCursorKeysMode;
  }

  /** Types a text as it is. */
  type(text: string): void {
    this.#terminal.scrollToBottom();
    this.#onType(new TextEncoder().encode(text));
  }

  focus(): void {
    this.#terminal.focus();
  }

  /** Resolves when the bytes are on the screen. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#drawing;
    await this.#put(bytes);
  }

  /** Draws a screen that was another terminal's; what it asks was answered long ago. */
  draw(bytes: Uint8Array, size: Size): Promise<void> {
    this.#drawing = this.#draw(bytes, size);
    return this.#drawing;
  }

  async #draw(bytes: Uint8Array, { columns, rows }: Size): Promise<void> {
    this.#mute += 1;
    // What was written before is drawn before.
    await this.#put(new Uint8Array(0));
    this.#terminal.reset();
    this.#terminal.resize(columns, rows);
    await this.#put(bytes);
    this.#mute -= 1;
    this.#fit.fit();
  }

  /** A program that has the whole screen gets cursor keys, as from the wheel of a mouse. */
  #scroll(rows: number): void {
    if (this.#terminal.buffer.active.type === 'normal') this.#terminal.scrollLines(rows);
    else this.type(sequenceOf(rows > 0 ? '↓' : '↑', noModifiers, this.isApplication).repeat(Math.abs(rows)));
  }

  #put(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(bytes, resolve));
  }

  say(text: string): void {
    this.#terminal.write(`\r\n\x1b[7m[${text}]\x1b[0m\r\n`);
  }

  find(text: string, isBackwards: boolean): boolean {
    if (text === '') this.#search.clearDecorations();
    return isBackwards ? this.#search.findPrevious(text) : this.#search.findNext(text);
  }

  /** Changes the size of the letters by so many pixels. */
  grow(pixels: number): void {
    const wanted = (this.#terminal.options.fontSize ?? fontSizes.usual) + pixels;
    const size = Math.max(fontSizes.least, Math.min(fontSizes.most, wanted));
    this.#terminal.options.fontSize = size;
    this.#terminal.options.lineHeight = lineHeightOf(size);
    localStorage.setItem(fontKey, String(size));
    this.#fit.fit();
  }

  /** What is selected goes to the clipboard; whether there was something. */
  async copy(): Promise<boolean> {
    const text = this.#terminal.getSelection();
    if (text === '') return false;
    await navigator.clipboard.writeText(text);
    return true;
  }

  async paste(): Promise<void> {
    this.#terminal.paste(await navigator.clipboard.readText());
    this.focus();
  }
}
