/**
 * What may stand on the command line of a UML kernel, or be said to its management console about a device: the one way
 * to a KernelArgument. The kernel splits its line by a table of its own (next_arg of lib/cmdline.c, isspace of
 * lib/ctype.c), in which 0xA0 is a blank, which is also a byte of à in UTF-8. So nothing passes but printable ASCII.
 */
import { UmlmonError } from '../../system/errors/errors.ts';
import { quoted } from '../problem.ts';

declare const checked: unique symbol;

/** One argument, which the kernel takes for one: only this file makes them. */
export type KernelArgument = string & { readonly [checked]: true };

/** @throws UmlmonError KERNEL_ARGUMENT for one that has blanks or quotes, or that the kernel would take for another */
export function kernelArgument(text: string): KernelArgument {
  return passed(text, /["]/.test(text) ? 'it contains a double quote' : wordDamage(text));
}

/**
 * The same for an argument of the user's own, which may have blanks between double quotes.
 *
 * @throws UmlmonError KERNEL_ARGUMENT
 */
export function userArgument(text: string): KernelArgument {
  return passed(text, argumentDamage(text));
}

function passed(text: string, damage: string | undefined): KernelArgument {
  if (damage === undefined) return text as KernelArgument;
  throw new UmlmonError('KERNEL_ARGUMENT', {
    place: quoted(text),
    cause: `the kernel cannot be given this as one argument: ${damage}`,
    hint: 'rename what it names, in printable ASCII characters without blanks and quotes',
  });
}

/** Why a text cannot be a word of the kernel, which has no blanks; undefined if it can. */
export function wordDamage(text: string): string | undefined {
  if (text === '') return 'it is empty';
  const [strange] = /[^!-~]/u.exec(text) ?? [];
  return strange === undefined ? undefined : `it contains ${nameOf(strange)}`;
}

function argumentDamage(text: string): string | undefined {
  const damage = wordDamage(text.replaceAll(' ', '_'));
  if (damage) return damage;
  const [first, ...others] = splitArguments(text);
  return first === text && others.length === 0 ? undefined : 'the kernel would split it, or wait for a quote';
}

/** What a character is called in a message. */
export function nameOf(character: string): string {
  if (character === ' ') return 'a blank';
  const code = character.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return code < 0x20 || (code >= 0x7f && code <= 0xa0) ? number : `${quoted(character)} (${number})`;
}

/**
 * Splits a text at blanks outside of double quotes, as next_arg does. The quotes stay: the kernel joins its arguments to
 * one line, and splits that again.
 */
export function splitArguments(text: string): string[] {
  const found: string[] = [];
  let current = '';
  let inQuotes = false;
  for (const character of text) {
    if (character === '"') inQuotes = !inQuotes;
    if (inQuotes || (character !== ' ' && character !== '\t')) current += character;
    else if (current !== '') {
      found.push(current);
      current = '';
    }
  }
  // What is left open would take in whatever comes after.
  if (inQuotes) return [...found, `${current}"`];
  return current === '' ? found : [...found, current];
}

/** A name and what follows it, in all forms in which the kernel compares it with its own: */
export function formsOf(argument: string): string[] {
  // as the argument stands (uml_checksetup, before it is split), without the quotes around it and its value (next_arg),
  // and without any, all with _ for - (parameq of kernel/params.c).
  const forms = [argument, argument.replace(/^"/, ''), argument.replaceAll('"', '')];
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll('-', '_')]))];
}
