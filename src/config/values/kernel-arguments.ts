import { quoted } from '../problem.ts';
import {
  argumentForms,
  characterName,
  type KernelArgument,
  splitArguments,
  userArgument,
} from './kernel-argument.ts';
import { type ParsedValue, refuse } from './values.ts';

/**
 * Kernel arguments that umlmon sets itself or that access the host, with an alternative. The kernel matches most of
 * them by prefix (arch/um/kernel/um_arch.c, uml_checksetup), so the patterns do the same.
 */
const reserved: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/^mem=/, 'use the key mem'],
  [/^(?:ubd|udb)/, 'use the keys ubd0 to ubd15'],
  // simple_strtoul and kstrtouint read numbers: 0x1, 01 and +1 are numbers too.
  [/^con(?:[\d=+]|$)/, 'use the keys con0 to con15'],
  [/^ssl(?:[\d=+]|$)/, 'use the keys ssl0 to ssl63'],
  [/^(?:xterm|stderr)=/, 'umlmon provides the consoles'],
  [/^root=/, 'use the key root'],
  [/^(?:umid|uml_dir|mconsole)/, 'umlmon needs it to control the kernel'],
  [/^umlmon\./, 'umlmon passes it to the guest'],
  [/^noreboot/, 'use the key on_reboot'],
  [/^(?:vec|eth)(?:[\d=+:]|$)/, 'use the keys eth0 to eth15'],
  [/^virtio_uml\./, 'virtio devices are not supported by this version'],
  [/^(?:hostfs|iomem)=/, 'host files are not supported by this version'],
  [/^(?:--|__)(?:help|version|showconfig)/, 'the kernel would print and exit'],
];

/** Set by the key fast_boot; allowed in `append` when that is off. */
const fastBoot = /^(?:initcall_blacklist|lpj|pty\.legacy_count)=/;

/** Extra kernel arguments, split as the kernel does: at blanks outside double quotes. */
export function parseKernelArguments(text: string): ParsedValue<readonly KernelArgument[]> {
  const [strange] = /[^ \t!-~]/u.exec(text) ?? [];
  if (strange !== undefined)
    return refuse(
      `the arguments contain ${characterName(strange)}, which the kernel may take for something else`,
      'use printable ASCII characters only',
    );
  if ((text.match(/"/g) ?? []).length % 2 === 1)
    return refuse('a double quote is not closed', 'add or remove one');
  const words = splitArguments(text);
  const tabbed = words.find((word) => word.includes('\t'));
  if (tabbed !== undefined)
    return refuse(`${quoted(tabbed)} contains a tab between quotes`, 'use a blank instead');
  const refused = words.flatMap((argument) => {
    const instead = reserved.find(([pattern]) =>
      argumentForms(argument).some((form) => pattern.test(form)),
    )?.[1];
    return instead ? [{ argument, instead }] : [];
  });
  if (refused.length === 0) return { value: words.map(userArgument) };
  const names = refused.slice(0, 8).map(({ argument }) => quoted(argument));
  return refuse(
    `umlmon does not allow ${names.join(', ')}`,
    [...new Set(refused.map(({ instead }) => instead))].join('; '),
    'CONFIG_RESERVED',
  );
}

/** The arguments that contradict `fast_boot = true`. */
export function fastBootArguments(values: readonly string[]): string[] {
  return values.filter((argument) => argumentForms(argument).some((form) => fastBoot.test(form)));
}

/** The kernel treats '-' and '_' in names as equal (kernel/params.c, parameq) and removes quotes around an argument. */
export function plainName(argument: string): string {
  const text = argument.replaceAll('"', '');
  return text.startsWith('--') ? text : text.replaceAll('-', '_');
}
