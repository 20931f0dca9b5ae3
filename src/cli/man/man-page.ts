import { umlwatchProgram } from '../../command-line/programs.ts';
import { exitStatusMeans } from '../../system/errors/error-page.ts';
import { type ErrorClass, exitStatus } from '../../system/errors/errors.ts';
import { umlwatchCommands } from '../commands/table.ts';
import type { DiskCommandName } from '../disk/disk-commands.ts';
import { diskCommandDetails } from '../disk/disk-details.ts';
import { umlwatchCommandDetails } from './command-details.ts';
import { definitions } from './man-definitions.ts';
import { optionDefinitions } from './man-options.ts';

/** docs/umlwatch.1.md, the manual page of umlwatch (Markdown for pandoc). */
export function generateUmlwatchPage(): { path: string; text: string }[] {
  const classes = Object.entries(exitStatus) as [ErrorClass, number][];
  const text = [
    beginning,
    '# OPTIONS',
    '',
    ...optionDefinitions(umlwatchProgram, optionDetails),
    'Two hyphens are the same as one.',
    '',
    '# COMMANDS',
    '',
    'A command is written with a hyphen on the command line, and without it at the prompt.',
    '',
    ...definitions(umlwatchCommands, '-', ([name, sub]) =>
      sub === undefined
        ? umlwatchCommandDetails[name as keyof typeof umlwatchCommandDetails]
        : diskCommandDetails[sub as DiskCommandName],
    ),
    middle,
    '# EXIT STATUS',
    '',
    '**0**',
    ':   All commands succeeded.',
    '',
    ...classes.flatMap(([name, status]) => [`**${status}**`, `:   ${exitStatusMeans[name]}`, '']),
    'If a command of **-run** fails in the guest, the status is that of the command.',
    '',
    '**141**',
    ':   The reader of the output closed it.',
    '',
    end,
  ];
  return [{ path: 'docs/umlwatch.1.md', text: text.join('\n') }];
}

const beginning = `% UMLWATCH(1) umlmon | User commands

<!-- Generated from src/cli/commands/table.ts and src/cli/man/man-page.ts by \`npm run generate\`. -->

# NAME

umlwatch - watch and control a User Mode Linux virtual machine

# SYNOPSIS

**umlwatch** \\[*OPTION* ...\\] *VM*\\[**@***HOST*\\[**:***PORT*\\]\\] \\[**-***COMMAND* \\[*ARGUMENT*\\] ...\\]

**umlwatch** **-help** | **-version**

# DESCRIPTION

umlwatch controls one virtual machine (VM) through the control socket of its monitor, umlmon(8). Commands are executed in
order. umlwatch exits at the first error. Without a command, umlwatch shows a prompt.

A user needs write access to the control socket *VARDIR/VM/ctrl*: the user of the monitor and the members of **group** of
the configuration have it. The configuration, which names the socket, must be readable.

*VM***@***HOST* is a VM of another host. The directory server of *HOST*, umldir(8), redirects umlwatch to the monitor, which
may run on a third host. *VM***@***HOST***:***PORT* connects directly to a monitor that listens on TCP; see umlmon(7), REMOTE
CONTROL. An IPv6 address with a port is written in brackets, as in *vm1@\\[::1\\]:7001*. umlwatch asks for a password once.
*VM***@localhost** is a VM of this host. Error messages name the stage that failed: directory server, redirector, name,
connection, TLS, certificate, password or role.
`;

/** Text for options, instead of their line of help. */
const optionDetails: Partial<Record<keyof typeof umlwatchProgram.options, string>> = {
  config: `Read this configuration instead of the usual one, see umlmon(5).`,
  json: `Print one JSON document per line instead of text. The names in the documents are those of the control protocol,
*docs/protocol.md*. **-connect** is the same with and without. Errors are JSON on standard error, with the codes of
*docs/errors.md*:

    {"error":{"code":"...","place":"...","cause":"...","hint":"..."}}`,
  'mconsole-socket': `Control a kernel that umlmon did not start, through its management socket *uml_dir/UMID/mconsole*. It replaces
*VM*. Only **-mconsole** is available.`,
  'password-file': `Read the password for a VM of another host from the first line of a file or pipe.`,
  ca: `Trust a remote host only if its certificate chains to a CA in this file (PEM) and matches its name. Without
**-ca**, the CAs of Node.js are trusted. A host with another certificate must prove that it knows the password, and
keep the certificate of the first login.`,
  plain: `Connect to the other host without TLS, for monitors with **tcp = plain**.`,
};

const middle = `# PROMPT

Without a command, umlwatch shows a prompt with the name of the VM, and reads one command per line. Tab completes commands,
channels and options. After an error the prompt returns. **CTRL-C** interrupts a command that waits, such as **events**; a
start, stop or kill continues in the monitor. **help** lists the commands. **quit** or **CTRL-D** exits; the VM is not
affected.

Commands may also come from a pipe or file. **#** starts a comment. umlwatch exits at the first error, and **connect** is
not available:

    printf 'start\\nlog con0\\n' | umlwatch vm1

# DISK IMAGES

Images are named by their paths as the VM sees them. */disks/NAME* belongs to the VM; */shared/disks/NAME* is shared by all
VMs. A client of a VM may change the former. It may only read the latter: copy, check, or use them as backing files.
**umladmin disk**, see umladmin(8), handles all images of the host, and needs no monitor.

An image cannot be changed while a VM runs with it, or while other images depend on it. The error names the chain. If a disk
command is cancelled, fails, or is killed with its monitor, it is either complete or has changed nothing.

Disk commands are jobs of the monitor. While umlwatch waits, a terminal shows the progress. A pipe gets at most one line per
tenth. With **-json**, each line is the job, with *bytesPerSecond* and *secondsLeft*. The last one has the result in
*outcome*. **CTRL-C** cancels the job. A second **CTRL-C** exits umlwatch at once, and the job continues.

Sizes are written as 512M or 10G.

# CONSOLE SESSIONS

Several viewers may attach to one channel. All see its output, and one of them is the controller: its input reaches the
guest. The first viewer that types takes control. Control ends when the controller detaches, releases it, has not typed for
**control\\_idle** of the configuration, or another viewer takes it; both viewers are notified. The guest has the window size
of the controller. The monitor reads the channel even without viewers, so a slow viewer never slows the guest.

If standard input is a terminal:

- The session first draws the current screen. Earlier content of the terminal moves to its scrollback.
- All keys go to the guest, also **CTRL-C**. The exception is the escape key: **CTRL-\\]**, or **escape** of the
  configuration. It opens a menu, also when the guest hangs; see below.
- The guest follows the size of the window.
- The session continues while the VM is stopped, and across a reboot.
- The session restores the terminal at its end, also after SIGTERM, SIGHUP or SIGINT. It restores modes, screen, cursor,
  mouse reports, and other modes that a program in the guest may have changed.
- If the terminal is slower than the guest, output is dropped, and the session reports the number of bytes.
- If the guest does not read, up to 8 MiB of input wait. The session reports the amount after a second. Further input is
  dropped and reported. **CTRL-C**, **CTRL-\\\\** and **CTRL-Z** discard waiting input, and reach the guest at once.

After the escape key, one key selects an action:

**d**, or the escape key again
:   Detach. A shell in the guest stays logged in.

**w**
:   List the viewers of the console.

**t**, **o**
:   Take control; release control and observe.

**n**
:   Write a note into the output of the console, for all viewers, and into its log.

**b**
:   Send a magic SysRq; the letter follows.

**r**
:   Redraw the screen.

**s**
:   Set the guest to the size of this window.

**c**
:   Start recording into the new file *VM-CHANNEL-TIME.cast* in the working directory, or end it.

**l**
:   Send the escape key itself.

**?**
:   List these keys. Any other key does nothing.

If standard input is a pipe or file, no key is special. The input is sent as fast as the guest reads it. After its end, the
session ends when the guest has printed nothing for a second. It also ends when the VM stops. Input that the guest did not
read is an error:

    echo 'uname -r' | umlwatch vm1 -connect con1

The terminal of the guest echoes its input, so the output contains it. Messages of umlwatch go to standard error.
`;

const end = `# ENVIRONMENT

**UMLMON\\_CONFIG**
:   The configuration, if **-config** is not given.

**UMLMON\\_PASSWORD\\_FILE**
:   As **-password-file**.

**UMLMON\\_ASKPASS**
:   A program that prints the password, if no file is given. Its argument is the question. Without the program, umlwatch asks
    on the terminal.

**XDG\\_STATE\\_HOME**
:   Directory of *umlwatch\\_history*, the history of the prompt, and of *umlwatch\\_known\\_hosts*, the certificates of
    other hosts. By default *~/.local/state*.

# FILES

*VARDIR/VM/ctrl*
:   The control socket. VARDIR is **vardir** of the configuration. The default is */var/lib/umlmon* for root, and
    *~/.local/state/umlmon* for other users. A user who controls VMs of root needs **vardir** in the configuration, even with
    the default value.

# EXAMPLES

Start a VM, attach to a console, and stop the VM within 10 seconds:

    umlwatch vm1 -start -connect con1 -stop -timeout 10s

Start a VM, and attach to a console when it is ready:

    umlwatch vm1 -start -wait ready -connect con1

The state of a VM in a script:

    umlwatch vm1 -json -info | jq -r .state

Log in without a terminal, and run a command:

    umlwatch vm1 -start -expect 'login: ' -send 'root\\r' -expect '[#$] $' -run 'uname -a'

The screen of a console as a web page:

    umlwatch vm1 -screen con1 -html > con1.html

All events since the start of the monitor, and new ones:

    umlwatch vm1 -events -since 1

A VM of another host, with the password from a file:

    umlwatch vm1@host.example:7001 -password-file ~/.vm1 -stats

# SEE ALSO

umladmin(8), umldir(8), umlmon(5), umlmon(7), umlmon(8)
`;
