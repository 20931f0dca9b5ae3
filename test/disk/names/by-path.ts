/** The works on COW files for files by their paths: they are opened here, and each header is read once. */
import { closeSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import * as create from '../../../src/disk/cow/create.ts';
import { readCow } from '../../../src/disk/cow/file.ts';
import * as merge from '../../../src/disk/cow/merge.ts';
import * as inPlace from '../../../src/disk/cow/merge-in-place.ts';
import * as rebase from '../../../src/disk/cow/rebase.ts';
import type { DiskProgress, ImageSource } from '../../../src/disk/names/image-file.ts';
import type { Owner } from '../../../src/disk/names/new-place.ts';
import { HeldDirectory } from '../../../src/system/files/held-directory.ts';
import * as info from '../cow/cow-info.ts';

/** Closes all that a work has had open. */
class Opened {
  readonly #close: (() => void)[] = [];

  file(path: string): ImageSource {
    const fd = openSync(path, 'r');
    this.#close.push(() => closeSync(fd));
    return { fd, path };
  }

  /** A COW file; any other file fails here. */
  cow(path: string): ImageSource {
    const { fd } = this.file(path);
    return { fd, path, cow: readCow(fd, path) };
  }

  place(path: string) {
    const directory = HeldDirectory.open(dirname(path));
    this.#close.push(() => directory.close());
    return { directory, name: basename(path) };
  }

  close(): void {
    for (const close of this.#close) close();
  }
}

async function withOpened<Result>(use: (opened: Opened) => Promise<Result>): Promise<Result> {
  const opened = new Opened();
  try {
    return await use(opened);
  } finally {
    opened.close();
  }
}

export interface MergeByPath {
  readonly path: string;
  readonly backing: string;
  readonly target: string;
  readonly owner?: Owner;
}

export const mergeCow = ({ path, backing, target, ...rest }: MergeByPath, progress?: DiskProgress) =>
  withOpened((opened) =>
    merge.mergeCow(
      { path: opened.cow(path), backing: opened.file(backing), target: opened.place(target), ...rest },
      progress,
    ),
  );

export const mergeCowInPlace = (
  { path, backing }: { readonly path: string; readonly backing: string },
  progress?: DiskProgress,
) =>
  withOpened((opened) =>
    inPlace.mergeCowInPlace(
      { path: opened.cow(path), place: opened.place(path), backing: opened.file(backing) },
      progress,
    ),
  );

export const rebaseCow = (
  {
    path,
    backing,
    storedBacking,
    copyFrom,
  }: {
    readonly path: string;
    readonly backing: string;
    readonly storedBacking: string;
    readonly copyFrom?: string;
  },
  progress?: DiskProgress,
) =>
  withOpened((opened) => {
    const old = copyFrom === undefined ? {} : { copyFrom: opened.file(copyFrom) };
    return rebase.rebaseCow(
      { path: opened.cow(path), backing: opened.file(backing), storedBacking, ...old },
      progress,
    );
  });

export const createCow = ({
  path,
  backing,
  ...rest
}: {
  readonly path: string;
  readonly backing: string;
  readonly storedBacking: string;
  readonly owner: Owner;
}) =>
  withOpened((opened) =>
    create.createCow({ place: opened.place(path), backing: opened.file(backing), ...rest }),
  );

export const readCowInfo = (path: string, backing: string, progress?: DiskProgress) =>
  withOpened((opened) => info.readCowInfo(opened.cow(path), opened.file(backing), progress));
