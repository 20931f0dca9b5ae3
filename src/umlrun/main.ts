import { readFileSync } from 'node:fs';
import { failureText, toFailureWithWords } from '../system/errors/errors.ts';
import { version } from '../system/version.ts';
import { parseUmlrunArguments } from './arguments.ts';
import { run } from './run.ts';

const help = `umlrun [OPTION]... [--] COMMAND [ARGUMENT]...   run a command in a VM of its own, and remove the VM

  -image FILE        root file system: a disk image, which is not changed (usual: shared/disks/root.dsk)
  -root DIR          root file system: a directory of the host, which is not changed
  -share DIR[:ro]    the guest has this directory of the host too, at the same place
  -mem SIZE          memory of the guest (256M)
  -env NAME[=VALUE]  a variable for the command
  -kernel PATH       the kernel, or a directory with it (usual: shared/kernels/linux)
  -user USER         as whom the kernel runs, for root only (nobody)
  -net none|user     user: the network of the host, for what the command calls, by pasta(1) (none)
  -config PATH       the configuration, for the directories it names
  -version | -help

Exit status: that of the command, 128 + N after signal N; 2 wrong usage, 125 the VM failed, 126 and 127 as of a shell.`;

/** The VM could not run the command, or failed under it. */
const failed = 125;

/** `umlrun`: resolves to the exit status (umlrun(1), EXIT STATUS). */
export async function umlrun(): Promise<number> {
  try {
    const parsed = parseUmlrunArguments(ownArguments(), process.env);
    if ('run' in parsed) return await run(parsed.run);
    console.log(parsed.show === 'help' ? help : version);
    return 0;
  } catch (error) {
    const failure = toFailureWithWords(error, '');
    console.error(`umlrun: ${failureText(failure)}`);
    return failure.code === 'USAGE' ? 2 : failed;
  }
}

/** As bytes: process.argv has lost what is not UTF-8. */
function ownArguments(): Buffer[] {
  const bytes = readFileSync('/proc/self/cmdline');
  const words: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0, from);
    words.push(bytes.subarray(from, end));
    from = end + 1;
  }
  const count = process.argv.length - 2;
  return count === 0 ? [] : words.slice(-count);
}
