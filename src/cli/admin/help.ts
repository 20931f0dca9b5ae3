import { commandLines } from '../commands/help.ts';
import { adminCommands } from './table.ts';

/** The text of `umladmin -help`. */
export function adminHelpText(): string {
  return [
    'umladmin [-config PATH] [-json] WORD [ARGUMENT] …',
    '',
    ...commandLines(adminCommands, ''),
    '',
    'Images are named VM:/disks/NAME, or /shared/disks/NAME; sizes as in 512M, 10G.',
    'No monitor need run; images that a VM or a program has open are left alone.',
    '',
    'start, stop, restart, update and cleanup are for the VMs given, or else for all.',
    '',
    '  -yes          do not ask: what is lost, stopped, or named by a guest is meant',
    '  -n            only tell what update, or user, would do',
    '  -config PATH  another configuration (also: UMLMON_CONFIG)',
    '  -json         machine-readable output, a document per line',
    '  -version      print the version',
    '',
    'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no answer',
    'from a monitor, 5 wrong state or in use, 6 something is missing on the host, 7 a',
    'VM went down while -wait waited, 8 the wait took too long, 141 the reader of the',
    'output has gone. Of doctor: 0 all good, 1 warnings, 2 errors.',
  ].join('\n');
}
