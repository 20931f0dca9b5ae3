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
    '# WORDS',
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
    ':   The reader of the output has gone.',
    '',
    end,
  ];
  return [{ path: 'docs/umladmin.8.md', text: text.join('\n') }];
}

function detailsOf([word = '', sub]: readonly string[]): string {
  if (word === 'disk' && sub !== undefined)
    return `${diskCommandDetails[sub as DiskCommandName]}${asks(sub)}`;
  return adminCommandDetails[sub === undefined ? word : `${word} ${sub}`] ?? '';
}

function asks(sub: string): string {
  const { options } = adminCommands.disk.subcommands[sub as DiskCommandName];
  if (commandsFollowingHeaders.has(sub))
    return ' Asks as said under HEADERS OF GUESTS, unless **-yes** is given.';
  return 'yes' in options ? ' Asks on a terminal, unless **-yes** is given.' : '';
}

const beginning = `% UMLADMIN(8) umlmon | System administration

<!-- Generated from src/cli/admin/table.ts and src/cli/admin/man-page.ts by \`npm run generate\`. -->

# NAME

umladmin - administer the User Mode Linux virtual machines of a host

# SYNOPSIS

**umladmin** \\[**-config** *PATH*\\] \\[**-json**\\] *WORD* \\[*ARGUMENT* ...\\]

**umladmin** **-help** | **-version**

# DESCRIPTION

umladmin is for whoever administers a host with VMs. Other than umlwatch(1) it sees all VMs and their disk images, those
that are shared too, and needs no running monitor: it starts and stops monitors, applies and changes the configuration,
examines the host, and brings kernels. It must be run by the user of the monitors, which usually is root.
`;

/** What the manual page says of an option beyond its line of help. */
const optionDetails: Partial<Record<keyof typeof umladminProgram.options, string>> = {
  config: `Read this configuration instead of the usual one, see umlmon(5).`,
  json: `Print one JSON document per line instead of text. Errors are JSON on standard error, with the codes of
*docs/errors.md*.`,
};

const middle = `# SEVERAL VMS

**start**, **stop**, **restart**, **update** and **cleanup** work on several VMs at the same time. What was done for a VM is a line on
standard output, what failed one on standard error, and neither holds up the others. On a terminal a last line shows who is
waited for. With **-json** each VM is a document: *did* says what was done, for programs (*started*, *untouched*, *off*, *stopped*,
*killed*, *restarted*, *changed*, *unchanged*, *removed*, *failed*), *text* for people, and *failure* is null or an error. The exit status is that
of the failures if they all have the same, else 1.

**start** waits until a VM that its monitor boots (**start = boot**) runs its first processes, also without **-wait**. A boot that
fails is a failure of **start**, with the text of a panic if there was one; the monitor stays for another try.

# MISTAKES

**config set** and **config unset** refuse what would be a mistake. With mistakes elsewhere they write all the same, with status 0, as
mistakes can only be mended one by one; and say on standard error, with file and line, why the VM cannot be started then. What the
host lacks for its start is said in the same way. **config check** ends with status 3 for mistakes of the files only.

# DISK IMAGES

An image is named by the VM and the path that the VM sees, as in *vm1:/disks/root.dsk*; or by the path alone if all VMs
see it, as in */shared/disks/base.dsk*. A new image belongs to the user of its VM; a shared one can be read by all. Sizes
are written as in 512M or 10G.

The locks of the images keep umladmin, running VMs and monitors apart: an image that is open, or the backing file of
others, is left alone, and the refusal names the chain. Interrupted, killed or out of space, a verb leaves the images as they
were, or is done.

While a verb goes on, a terminal shows how far it is; a pipe has a line for each tenth at most; and with **-json** a
document, the last one with the result in its *outcome*. **CTRL-C** cancels the verb; pressed again it ends umladmin at once.

# HEADERS OF GUESTS

The header of a COW image says what its backing file is, and a guest can write what it likes there. **cow-merge** without a
*TARGET* changes that file; with one, and in **convert**, **check** and **cow-rebase**, its content comes to the guest. So umladmin
asks, and names the file, before it writes to one that is not in */disks* of the same VM, and before it reads one that the user of
the VM may not read. Without a terminal it refuses with IMAGE_FOREIGN and status 5; **-yes** agrees beforehand. The answer is for
that file only: if the header names another one when the images are locked, nothing is done, and the error is IMAGE_SWAPPED.

# TOO MANY FILES

At most 5000 files are looked at in the image directory of a VM, and eight directories deep. Of a VM with more it is not known what
its images depend on. Then none of them can be written, made or removed, and no shared image can be written, which they may
depend on: the error is IMAGE_UNKNOWN, and names the VM. Other VMs, and whoever reads shared images, are not concerned.
`;

const end = `# ENVIRONMENT

**UMLMON\\_CONFIG**
:   The configuration, if **-config** is not given.

# FILES

*VARDIR/VM/jail/disks*, *VARDIR/shared/disks*
:   The images of a VM, and those of all VMs. VARDIR is */var/lib/umlmon*, for users other than root
    *~/.local/state/umlmon*, unless the configuration says otherwise.

*SHARED/kernels*
:   The kernels, a directory or file each. SHARED is *VARDIR/shared*, unless the configuration says otherwise.
*VARDIR/.passwords*
:   What is kept of passwords; only the user of the monitors may read it.

# EXAMPLES

All VMs that are to run, each turn ready before the next one begins; and at the end of the day at most a minute for all:

    umladmin start -wait ready
    umladmin stop -timeout 60s

More memory for a VM, seen before it is done:

    umladmin config set vm1 mem 512M
    umladmin update -n
    umladmin update

What is wrong with this host, for a program:

    umladmin -json doctor | jq '.findings[] | select(.level != "good")'

A base image, and a VM with a disk of its own over it:

    umladmin disk create /shared/disks/base.dsk 10G -ext4
    umladmin disk cow-create vm1:/disks/root.cow /shared/disks/base.dsk

All images that something is wrong with:

    umladmin -json disk list | jq '.images[] | select(.problem != "")'

A password to look at all VMs of this host from others, made by a program:

    openssl rand -base64 18 | tee ~/umlmon-look | umladmin password -role look

# SEE ALSO

umlmon(5), umlmon(7), umlmon(8), umldir(8), umlwatch(1)
`;
