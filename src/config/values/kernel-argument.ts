/**
 * The only constructor of KernelArgument: an argument on the command line of a UML kernel, or of a device command of its
 * management console. The kernel splits its line by its own table (next_arg of lib/cmdline.c, isspace of lib/ctype.c).
 * There, 0xA0 is a blank, but also a byte of à in UTF-8. So only printable ASCII is allowed.
 */
import { UmlmonError } from '../../system/errors/errors.ts';
import { quoted } from '../problem.ts';

declare const checked: unique symbol;

/** A text that the kernel reads as one argument: only this file creates them. */
export type KernelArgument = string & { readonly [checked]: true };

/** @throws UmlmonError KERNEL_ARGUMENT if it has blanks or quotes, or if the kernel would read it differently */
export function kernelArgument(text: string): KernelArgument {
  return passed(text, /["]/.test(text) ? 'it contains a double quote' : wordDamage(text));
}

/**
 * The same for an argument of the user, which may have blanks between double quotes.
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
    cause: `the kernel cannot receive this as one argument: ${damage}`,
    hint: 'use a name in printable ASCII, without blanks and quotes',
  });
}

/** Why a text is not a valid argument without blanks; undefined if it is. */
export function wordDamage(text: string): string | undefined {
  if (text === '') return 'it is empty';
  const [strange] = /[^!-~]/u.exec(text) ?? [];
  return strange === undefined ? undefined : `it contains ${characterName(strange)}`;
}

function argumentDamage(text: string): string | undefined {
  const damage = wordDamage(text.replaceAll(' ', '_'));
  if (damage) return damage;
  const [first, ...others] = splitArguments(text);
  return first === text && others.length === 0
    ? undefined
    : 'the kernel would split it or expect another quote';
}

/** The name of a character in a message. */
export function characterName(character: string): string {
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
  // An open quote would include all following arguments.
  if (inQuotes) return [...found, `${current}"`];
  return current === '' ? found : [...found, current];
}

/** A name with its value, in all forms that the kernel compares with its parameters: */
export function argumentForms(argument: string): string[] {
  // as written (uml_checksetup, before the line is split), without the quotes around it and its value (next_arg),
  // and without any, all with _ for - (parameq of kernel/params.c).
  const forms = [argument, argument.replace(/^"/, ''), argument.replaceAll('"', '')];
  return [...new Set(forms.flatMap((form) => [form, form.replaceAll('-', '_')]))];
}
