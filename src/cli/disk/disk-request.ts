import type { DiskRequest } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { ArgumentValues } from '../commands/argument-kinds.ts';
import type { DiskCommandName } from './disk-commands.ts';

/** A disk command as it was typed, with its arguments. */
export interface TypedDiskCommand {
  readonly subcommand: Exclude<DiskCommandName, 'list' | 'info'>;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

/** What is asked for by a command. Pure. */
export function requestOf({ subcommand: verb, options, values }: TypedDiskCommand): DiskRequest {
  const { PATH, FROM, TO, COW, BACKING, TARGET, SIZE, SNAPSHOT } = values;
  switch (verb) {
    case 'create':
    case 'resize': {
      const filesystem = options.has('ext4') || options.has('filesystem');
      return { verb, sized: { image: given(PATH), size: given(SIZE), filesystem } };
    }
    case 'delete':
    case 'check':
      return { verb, image: given(PATH) };
    case 'copy':
    case 'convert':
      return { verb, pair: { image: given(FROM), other: given(TO) } };
    case 'cow-create':
      return { verb, pair: { image: given(COW), other: given(BACKING) } };
    case 'cow-rebase': {
      const sameContent = options.has('same');
      return { verb, rebase: { image: given(COW), backing: given(BACKING), sameContent } };
    }
    case 'cow-merge':
      return { verb, pair: { image: given(COW), other: TARGET ?? '' } };
    case 'snapshot':
    case 'rollback':
    case 'snapshot-delete':
      return { verb, snapshot: { image: given(PATH), name: given(SNAPSHOT) } };
  }
}

/** An argument that the parser requires. */
export function given<V>(value: V | undefined): V {
  if (value !== undefined) return value;
  throw new UmlmonError('INTERNAL', { place: 'disk', cause: 'parsed without an argument' });
}
