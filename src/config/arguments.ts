import { quoted } from './problem.ts';
import { type Parsed, refuse } from './values.ts';

/**
 * Kernel arguments that umlmon sets itself, or that reach for the host, and what to do instead. The kernel finds
 * most of them by their beginning (arch/um/kernel/um_arch.c, uml_checksetup), so the patterns do the same.
 */
const reserved: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/^mem=/, 'use the key mem'],
  [/^(?:ubd|udb)/, 'use the keys ubd0 to ubd15'],
  [/^con\d*(?:=|$)/, 'use the keys con0 to con15'],
  [/^ssl\d*(?:=|$)/, 'use the keys ssl0 to ssl63'],
  [/^root=/, 'use the key root'],
  [/^(?:umid|uml_dir|mconsole)/, 'umlmon needs it to control the kernel'],
  [/^noreboot/, 'use the key on_reboot'],
  [/^(?:vec|eth)\d/, 'use the keys eth0 to eth15'],
  [/^virtio_uml\./, 'virtio devices are not supported by this version'],
  [/^(?:hostfs|iomem)=/, 'host files are not supported by this version'],
  [/^--(?:help|version|showconfig)/, 'the kernel would print and exit'],
];

/** Set by the key fast_boot; allowed in `append` when that is off. */
const fastBoot = /^(?:initcall_blacklist|lpj|pty\.legacy_count)=/;

/**
 * Extra kernel arguments, split as the kernel does (lib/cmdline.c, next_arg): at blanks outside double quotes.
 * The quotes stay in the arguments, because the kernel joins them to one line and splits that again.
 */
export function parseArguments(text: string): Parsed<readonly string[]> {
  const value: string[] = [];
  let current = '';
  let inQuotes = false;
  for (const character of text) {
    if (character === '"') inQuotes = !inQuotes;
    if (inQuotes || (character !== ' ' && character !== '\t')) current += character;
    else if (current !== '') {
      value.push(current);
      current = '';
    }
  }
  if (inQuotes) return refuse('a double quote is not closed');
  if (current !== '') value.push(current);
  const refused = value.flatMap((argument) => {
    const instead = reserved.find(([pattern]) => pattern.test(plainName(argument)))?.[1];
    return instead ? [{ argument, instead }] : [];
  });
  if (refused.length === 0) return { value };
  const names = refused.slice(0, 8).map(({ argument }) => quoted(argument));
  return refuse(
    `umlmon does not pass on ${names.join(', ')}`,
    [...new Set(refused.map(({ instead }) => instead))].join('; '),
    'CONFIG_RESERVED',
  );
}

/** The arguments that contradict `fast_boot = true`. */
export function fastBootArguments(values: readonly string[]): string[] {
  return values.filter((argument) => fastBoot.test(plainName(argument)));
}

/** The kernel takes '-' for '_' in names (kernel/params.c, parameq) and drops quotes around an argument. */
export function plainName(argument: string): string {
  const text = argument.replaceAll('"', '');
  return text.startsWith('--') ? text : text.replaceAll('-', '_');
}
