import { umladminProgram } from '../../command-line/programs.ts';
import { exitStatusMeans } from '../../system/errors/error-page.ts';
import { type ErrorClass, exitStatus } from '../../system/errors/errors.ts';
import type { DiskCommandName } from '../disk/disk-commands.ts';
import { diskCommandDetails } from '../disk/disk-details.ts';
import { definitions } from '../man/man-definitions.ts';
import { optionDefinitions } from '../man/man-options.ts';
import { adminCommandDetails } from './details.ts';
import { adminCommands, commandsFollowingHeaders } from './table.ts';

/** docs/umladmin.8.md, the manual page of umladmin (Markdown for pandoc). */
export function generateUmladminPage(): { path: string; text: string }[] {
  const classes = Object.entries(exitStatus) as [ErrorClass, number][];
  const text = [
    beginning,
    '# OPTIONS',
    '',
    ...optionDefinitions(umladminProgram, optionDetails),
    'Options are valid anywhere on the command line. Two hyphens are the same as one.',
    '',
    '# COMMANDS',
    '',
    ...definitions(adminCommands, '', detailsOf),
    middle,
    '# EXIT STATUS',
    '',
    '**0**',
    ':   Done.',
    '',
    ...classes.flatMap(([name, status]) => [`**${status}**`, `:   ${exitStatusMeans[name]}`, '']),
    '**130**',
    ':   CTRL-C was pressed twice.',
    '',
    '**141**',
    ':   The reader of the output closed it.',
    '',
    end,
  ];
  return [{ path: 'docs/umladmin.8.md', text: text.join('\n') }];
}

function detailsOf([name = '', subcommand]: readonly string[]): string {
  if (name === 'disk' && subcommand !== undefined)
    return `${diskCommandDetails[subcommand as DiskCommandName]}${asks(subcommand)}`;
  return adminCommandDetails[subcommand === undefined ? name : `${name} ${subcommand}`] ?? '';
}

function asks(subcommand: string): string {
  const { options } = adminCommands.disk.subcommands[subcommand as DiskCommandName];
  if (commandsFollowingHeaders.has(subcommand))
    return ' Asks on a terminal if the header is not trusted; see HEADERS OF GUESTS.';
  return 'yes' in options ? ' Asks on a terminal, unless **-yes** is given.' : '';
}

const beginning = `% UMLADMIN(8) umlmon | System administration

<!-- Generated from src/cli/admin/table.ts and src/cli/admin/man-page.ts by \`npm run generate\`. -->

# NAME

umladmin - administer the User Mode Linux virtual machines of a host

# SYNOPSIS

**umladmin** \\[**-config** *PATH*\\] \\[**-json**\\] *COMMAND* \\[*ARGUMENT* ...\\]

**umladmin** **-help** | **-version**

# DESCRIPTION

umladmin is the tool of the administrator of a host with VMs. Unlike umlwatch(1), it handles all VMs and all disk images of
the host, also shared ones, and needs no running monitor. It starts and stops monitors, changes and applies the configuration,
checks the host, and installs kernels. It must run as the user of the monitors, usually root.
`;

/** Text for options, instead of their line of help. */
const optionDetails: Partial<Record<keyof typeof umladminProgram.options, string>> = {
  config: `Read this configuration instead of the usual one, see umlmon(5).`,
  json: `Print one JSON document per line instead of text. Errors are JSON on standard error, with the codes of
*docs/errors.md*.`,
};

const middle = `# SEVERAL VMS

**start**, **stop**, **restart**, **update** and **cleanup** handle several VMs at the same time. Each VM has a line on standard
output, or an error on standard error. An error does not delay the other VMs. On a terminal, a last line lists the VMs that are
waited for.

With **-json** each VM is a document. *did* is the result for programs: *started*, *untouched*, *off*, *stopped*, *killed*,
*restarted*, *changed*, *unchanged*, *removed* or *failed*. *text* is the result for readers. *failure* is null or an error. If all
failures have the same exit status, it is that of umladmin; otherwise umladmin exits with 1.

**start** waits for the first processes of a guest with **start = boot**, also without **-wait**. A failed start of the guest is a
failure of **start**, with the text of a panic if there was one. The monitor continues, for another attempt.

# PROBLEMS

**config set** and **config unset** refuse a change that would add a problem. Problems elsewhere do not prevent a change: they can
only be fixed one by one. The status is 0 then. Standard error lists, with file and line, why the VM cannot be started.
It also lists what the host lacks for its start. **config check** exits with 3 only for problems of the files.

# DISK IMAGES

An image is named by its VM and the path that the VM sees, as in *vm1:/disks/root.dsk*. A shared image is named by the path alone, as
in */shared/disks/base.dsk*. A new image belongs to the user of its VM; a new shared image is readable by all. Sizes are written as
in 512M or 10G.

Locks keep umladmin, running VMs and monitors apart. An image that is open, or the backing file of others, is not changed, and the
error names the chain. If a disk command is interrupted, is killed, or runs out of space, it is either complete or has changed
nothing.

During a disk command, a terminal shows the progress, and a pipe gets at most one line per tenth. With **-json**, each line is a
document; the last one has the result in *outcome*. **CTRL-C** cancels the command. A second **CTRL-C** exits umladmin at once.

# HEADERS OF GUESTS

The header of a COW image names its backing file, and a guest can write any name there. **cow-merge** without *TARGET* changes that
file. **cow-merge** with *TARGET*, **convert**, **check** and **cow-rebase** make its content available to the guest.

So umladmin names the file and asks before it writes to a file outside */disks* of the same VM. It also asks before it reads a
file that the user of the VM may not read. Without a terminal it refuses, with IMAGE_NOT_OWNED and status 5. **-yes** answers yes. The answer applies
only to this file. If the header names another file when the images are locked, nothing is changed; the error is IMAGE_SWAPPED.

# TOO MANY FILES

umladmin examines at most 5000 files in the image directory of a VM, at most eight directories deep. The dependencies of a VM with
more files are unknown. Its images, and the shared images that they may depend on, cannot be written, created or deleted then. The
error is IMAGE_UNKNOWN, and names the VM. Other VMs, and readers of shared images, are not affected.
`;

const end = `# ENVIRONMENT

**UMLMON\\_CONFIG**
:   The configuration, if **-config** is not given.

# FILES

*VARDIR/VM/jail/disks*, *VARDIR/shared/disks*
:   The images of a VM, and those of all VMs. VARDIR is */var/lib/umlmon*, for users other than root
    *~/.local/state/umlmon*, unless **vardir** of the configuration is set.

*SHARED/kernels*
:   The kernels, a directory or file each. SHARED is **shared** of the configuration, by default *VARDIR/shared*.

*VARDIR/.passwords*
:   Verifiers of passwords; only the user of the monitors can read them.

# EXAMPLES

Start all VMs, each group ready before the next one; stop all VMs within a minute:

    umladmin start -wait ready
    umladmin stop -timeout 60s

More memory for a VM, with a preview:

    umladmin config set vm1 mem 512M
    umladmin update -n
    umladmin update

The problems of this host, for a program:

    umladmin -json doctor | jq '.findings[] | select(.level != "good")'

A base image, and a VM with a disk of its own over it:

    umladmin disk create /shared/disks/base.dsk 10G -ext4
    umladmin disk cow-create vm1:/disks/root.cow /shared/disks/base.dsk

All images with problems:

    umladmin -json disk list | jq '.images[] | select(.problem != "")'

A random password for the read-only role, for all VMs of this host:

    openssl rand -base64 18 | tee ~/umlmon-view | umladmin password -role view

# SEE ALSO

umlmon(5), umlmon(7), umlmon(8), umldir(8), umlwatch(1)
`;
