/** Pure. */
import { quoted, type Refusal } from './problem.ts';

export const maxVmNameLength = 32;

/**
 * Why a text cannot be the name of a VM, or undefined if it can. The name becomes a directory, the kernel's umid
 * (at most 63 characters, arch/um/os-Linux/umid.c), and part of socket names.
 */
export function vmNameDamage(name: string): Refusal | undefined {
  const bad = (cause: string, hint: string): Refusal => ({ code: 'CONFIG_BAD_NAME', cause, hint });
  if (name.toUpperCase() === 'GLOBAL')
    return bad(`${quoted(name)} cannot be the name of a VM`, 'the common section is written [GLOBAL]');
  if (name.toLowerCase() === 'shared')
    return bad(`${quoted(name)} cannot be the name of a VM`, 'a directory of umlmon has this name');
  if (name.length > maxVmNameLength)
    return bad(`the VM name ${quoted(name)} is too long`, `at most ${maxVmNameLength} characters`);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name))
    return bad(
      `${quoted(name)} cannot be the name of a VM`,
      'use letters, digits, - and _; begin with a letter or digit',
    );
  return undefined;
}

/** Why a text cannot be the name that people give to a snapshot or a backup (`of`), or undefined if it can. */
export function givenNameDamage(name: string, of: 'snapshot' | 'backup'): Refusal | undefined {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) return undefined;
  return {
    code: of === 'snapshot' ? 'IMAGE_NAME' : 'BACKUP_NAME',
    cause: `${quoted(name)} is no name for a ${of}`,
    hint: 'a letter or digit, then also . _ and -; at most 64',
  };
}
