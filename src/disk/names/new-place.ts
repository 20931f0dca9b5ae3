import type { HeldDirectory } from '../../system/files/held-directory.ts';

/** The place of a new image: an open directory, and the name in it. */
export interface NewPlace {
  readonly directory: HeldDirectory;
  readonly name: string;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}
