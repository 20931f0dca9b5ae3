import { commandLines, optionLines, paragraph, usageLines } from '../../command-line/help.ts';
import { umladminProgram } from '../../command-line/programs.ts';
import { adminCommands } from './table.ts';

/** The text of `umladmin -help`. */
export function adminHelpText(): string {
  return [
    ...usageLines(umladminProgram),
    '',
    ...commandLines(adminCommands, ''),
    '',
    ...paragraph(
      'Images are named VM:/disks/NAME or /shared/disks/NAME. Sizes are written 512M or 10G. ' +
        'No monitor has to run. An image that a VM or a program has open is not changed.',
    ),
    '',
    ...paragraph(
      'start, stop, restart, update and cleanup apply to the given VMs, or to all VMs. ' +
        '-yes answers all questions with yes. -n only prints what update or user would do.',
    ),
    '',
    'Options:',
    '',
    ...optionLines(umladminProgram),
    '',
    ...paragraph(
      'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no answer from ' +
        'a monitor, 5 wrong state or in use. 6 the host lacks something, 7 a VM stopped during ' +
        '-wait, 8 timeout, 141 the reader of the output closed it. ' +
        'Of doctor: 0 no problem, 1 warnings, 2 errors.',
    ),
  ].join('\n');
}
