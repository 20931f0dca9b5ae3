/** Pure. */
import { clipText } from '../rpc/clip-text.ts';
import { type DirFailure, UMLDIR_TEXT_MAX } from '../rpc/umldir.gen.ts';
import { toFailure } from '../system/errors/errors.ts';

/** An error as a failure of the directory protocol, cut to its bounds. */
export function clippedDirFailure(error: unknown): DirFailure {
  const { code, place, cause, hint } = toFailure(error, 'umldir');
  const clip = (text: string) => clipText(text, UMLDIR_TEXT_MAX);
  return { code, place: clip(place), cause: clip(cause), hint: clip(hint) };
}
