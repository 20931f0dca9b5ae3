/** What lifts an option of a mount (mount(8)). Pure. */
import type { MountFlag } from '../../system/native/native.ts';
import { shellWord } from '../../system/shell-word.ts';

const lifted = { noexec: 'exec', nodev: 'dev', ro: 'rw' } as const satisfies Record<MountFlag, string>;

/** What lifts an option of a mount, for a hint. */
export function remountHint(flag: MountFlag, point: string, otherwise: string): string {
  return `mount -o remount,${lifted[flag]} ${shellWord(point)}, or ${otherwise}`;
}
