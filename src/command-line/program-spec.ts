/** The options of a program as data: parser, help, completion and manual page read the same table. */

/** An option of a program. Commands have their own options (command-spec.ts). */
export interface ProgramOption {
  /** One line, short enough for a terminal. */
  readonly help: string;
  /** What its value is called, such as PATH. An option without a value is a flag. */
  readonly value?: string;
  /** What the value is: the hint if it is missing. */
  readonly valueHint?: string;
  /** What a shell completes as its value. */
  readonly completes?: 'files';
}

export type ProgramOptions = Readonly<Record<string, ProgramOption>>;

export interface ProgramSpec {
  readonly name: string;
  /** The forms of its command line, as help prints them: without `-help` and `-version`. */
  readonly usage: readonly string[];
  readonly options: ProgramOptions;
  /**
   * What follows the options. `nothing`: no argument is valid. `one`: at most one argument, anywhere. `command`: the
   * options end at the first argument or at `--`, and the rest belongs to another program. `commands`: commands of
   * the program, which have options of their own.
   */
  readonly arguments: 'nothing' | 'one' | 'command' | 'commands';
}
