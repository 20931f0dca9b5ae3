/** Pure. */
import { quoted, type Refusal } from './problem.ts';

export const maxVmNameLength = 32;

/**
 * Why a text is not a valid VM name; undefined if it is. The name becomes a directory, the kernel's umid (at most 63
 * characters, arch/um/os-Linux/umid.c) and part of socket names.
 */
export function vmNameDamage(name: string): Refusal | undefined {
  const bad = (cause: string, hint: string): Refusal => ({ code: 'CONFIG_BAD_NAME', cause, hint });
  if (name.toUpperCase() === 'GLOBAL')
    return bad(`${quoted(name)} is not a valid VM name`, 'the common section is written [GLOBAL]');
  if (name.toLowerCase() === 'shared')
    return bad(`${quoted(name)} is not a valid VM name`, 'a directory of umlmon has this name');
  if (name.length > maxVmNameLength)
    return bad(`the VM name ${quoted(name)} is too long`, `at most ${maxVmNameLength} characters`);
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name))
    return bad(
      `${quoted(name)} is not a valid VM name`,
      'use letters, digits, - and _; start with a letter or digit',
    );
  return undefined;
}

/** Why a text is not a valid name of a snapshot or a backup (`of`); undefined if it is. */
export function givenNameDamage(name: string, of: 'snapshot' | 'backup'): Refusal | undefined {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) return undefined;
  return {
    code: of === 'snapshot' ? 'IMAGE_NAME' : 'BACKUP_NAME',
    cause: `${quoted(name)} is not a valid name of a ${of}`,
    hint: 'use at most 64 letters, digits, . _ and -; start with a letter or digit',
  };
}
