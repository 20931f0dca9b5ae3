/** Keys that screens without a keyboard lack, and what a terminal sends for them (xterm's ctlseqs, "PC-Style Function Keys"). */
export const barKeys = [
  { key: 'Esc', name: 'Esc' },
  { key: 'Tab', name: 'Tab' },
  { key: 'Ctrl', name: 'Ctrl, for the next key' },
  { key: 'Alt', name: 'Alt, for the next key' },
  { key: '←', name: 'Left' },
  { key: '→', name: 'Right' },
  { key: '↑', name: 'Up' },
  { key: '↓', name: 'Down' },
  { key: 'Home', name: 'Home' },
  { key: 'End', name: 'End' },
  { key: 'PgUp', name: 'PgUp' },
  { key: 'PgDn', name: 'PgDn' },
] as const;
export type BarKey = (typeof barKeys)[number]['key'];

export interface Modifiers {
  readonly ctrl: boolean;
  readonly alt: boolean;
}

const finals: Partial<Record<BarKey, string>> = {
  '↑': 'A',
  '↓': 'B',
  '→': 'C',
  '←': 'D',
  Home: 'H',
  End: 'F',
};
const numbers: Partial<Record<BarKey, number>> = { PgUp: 5, PgDn: 6 };
const esc = '\x1b';

/** @param isApplication whether the program has asked for cursor keys of its own (DECCKM) */
export function sequenceOf(key: BarKey, { ctrl, alt }: Modifiers, isApplication: boolean): string {
  const modifier = 1 + (alt ? 2 : 0) + (ctrl ? 4 : 0);
  const final = finals[key];
  if (final !== undefined) {
    if (modifier > 1) return `${esc}[1;${modifier}${final}`;
    return `${esc}${isApplication ? 'O' : '['}${final}`;
  }
  const number = numbers[key];
  if (number !== undefined) return `${esc}[${number}${modifier > 1 ? `;${modifier}` : ''}~`;
  if (key === 'Esc') return alt ? esc + esc : esc;
  return key === 'Tab' ? `${alt ? esc : ''}\t` : '';
}

/** A character that was typed, with the modifiers; text that is more than one character as it is. */
export function modified(text: string, { ctrl, alt }: Modifiers): string {
  if ([...text].length !== 1) return text;
  const code = text.toUpperCase().charCodeAt(0);
  const isControl = (code >= 0x40 && code <= 0x5f) || code === 0x20;
  const plain = !ctrl ? text : isControl ? String.fromCharCode(code & 0x1f) : text === '?' ? '\x7f' : text;
  return alt ? esc + plain : plain;
}
