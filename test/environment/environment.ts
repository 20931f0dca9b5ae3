/** What an environment of the matrix is: see environments.ts. */

/** The main paths, in their order. */
export const paths = [
  'start',
  'console',
  'exec',
  'under way',
  'stop',
  'umlrun',
  'umlrun -root',
  'left',
] as const;
export type Path = (typeof paths)[number];

/** A refusal that is right: the words that its cause and its hint must have. */
export interface Refused {
  readonly cause: RegExp;
  /** What the reader can do. */
  readonly hint: RegExp;
}

export interface Environment {
  readonly name: string;
  /** Who runs the programs, each a row of the matrix; usually both. */
  readonly who?: readonly ('root' | 'user')[];
  /** User id of the ordinary user. Usually one of the row alone, so that its limits count this row only. */
  readonly uid?: number;
  /** Whether the ordinary user has an entry in passwd(5); usually yes. */
  readonly passwd?: boolean;
  /** Shell text, as root, once place.sh has made the host; it has the variables of that. */
  readonly before?: string;
  /** Shell text in which `"$@"` is a program of umlmon: what surrounds each. */
  readonly each?: string;
  /** What starts the monitor: umladmin, which is usual, umlmon itself, or umlmon that stays in the foreground. */
  readonly start?: 'umlmon' | 'foreground';
  /** Shell text, as root, while the VM runs; `program NAME ARGUMENT…` is a program of umlmon. It must succeed. */
  readonly underWay?: string;
  /** Variables beside, or instead of, the usual ones; undefined takes one away. `$home` and the like are those of place.sh. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** Lines of the section [vm1], and of [GLOBAL]; networks of root are sections of their own. */
  readonly vm?: string;
  readonly global?: string;
  readonly sections?: string;
  /** Size of the terminal; standard error of umlrun is one too, then. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
  /** More words for unshare(1). */
  readonly namespaces?: readonly string[];
  /** Shell text: succeeds where the host can do this; what it prints otherwise says what is missing. */
  readonly needs?: string;
  /** What is not to work, and how it is refused; everything else works. */
  readonly refused?: Partial<Record<Path, Refused>>;
  /** What output must have beside the usual. */
  readonly says?: Partial<Record<Path, RegExp>>;
}

/** A refusal of everything that starts a kernel. */
export function everywhere(refused: Refused): NonNullable<Environment['refused']> {
  return { start: refused, umlrun: refused, 'umlrun -root': refused };
}

/** One row: an environment and who runs the programs in it. */
export interface Row {
  readonly environment: Environment;
  readonly who: 'root' | 'user';
}

/** What came of one path. */
export interface Outcome {
  readonly status: number;
  readonly text: string;
}
