import { closeSync, constants } from 'node:fs';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { copyAttributes } from '../../system/files/file-attributes.ts';
import { carefully } from '../../system/files/held-directory.ts';
import { shellWord } from '../../system/shell-word.ts';
import type { NewPlace, Owner } from './new-place.ts';

/**
 * Copies the access control list, security label and other attributes of an image to the file that will replace it, and
 * sets the owner. Does nothing if the image does not exist.
 *
 * @throws UmlmonError IMAGE_ACCESS for an attribute that this process may not set
 */
export function keepAttributes({ directory, name }: NewPlace, fresh: number, owner: Owner): void {
  if (!directory.look(name)?.isFile()) return;
  const image = directory.openFile(name, constants.O_RDONLY | carefully);
  try {
    copyAttributes(image, fresh, owner);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UmlmonError('IMAGE_ACCESS', {
      place: `${directory.path}/${name}`,
      cause: `cannot copy the attributes of the image to the new file: ${error.message}`,
      hint: `do it as root, or remove the attribute first: getfattr -d -m - ${shellWord(`${directory.path}/${name}`)}`,
    });
  } finally {
    closeSync(image);
  }
}
