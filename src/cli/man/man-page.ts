import { umlwatchProgram } from '../../command-line/programs.ts';
import { exitStatusMeans } from '../../system/errors/error-page.ts';
import { type ErrorClass, exitStatus } from '../../system/errors/errors.ts';
import { type CommandName, umlwatchCommands } from '../commands/table.ts';
import type { DiskCommandName } from '../disk/disk-commands.ts';
import { diskCommandDetails } from '../disk/disk-details.ts';
import { definitions } from './man-definitions.ts';
import { optionDefinitions } from './man-options.ts';

/** What the manual page says of a word beyond its line of help. */
const details: Readonly<Record<Exclude<CommandName, 'disk'>, string>> = {
  info: `What is wrong with the VM comes first, if anything, each with a command for it (*wrong* with **-json**). Settings are listed by the file that they come from, with their lines, then those that are defaults. *mconsole* is
the management socket of the kernel, for uml_mconsole(1); umlmon(8) shows how. *guest says* is what root in the guest
last wrote to */proc/mconsole*. What is wrong on the host with the network of the VM is there with a command that
cures it; see umlmon(7), NETWORK.`,
  start: `The configuration is read anew. The start is done when the guest runs its first processes; its init is then
still at work, so con1 may need a moment more. If the start fails, everything is undone, and the error names the step. A kernel
that panics, or ends otherwise, before its guest runs is a start that has failed: the error has the text of the panic, and what con0
showed before it. A kernel that takes longer than five seconds for that, for instance with *rootdelay=*, counts as started, and the
answer says that its guest runs no process yet.`,
  stop: `The first wait is **stop\\_timeout** of the configuration, or *DURATION* (as in 10s or 2m; a number alone is seconds). A guest that does not stop
on Ctrl-Alt-Del by then is halted without a sync of its file systems, and at last killed. When the word is done, the
kernel is gone, and the host has written the disk images to its disk.`,
  restart: `As **-stop** and then **-start**; a VM that is down is started. *DURATION* is for the stop. With **-wait** it is done when
the VM has reached *LEVEL*.`,
  kill: `What the guest had not written to its disks is lost. This word may overtake a start or stop that hangs.`,
  ctrlaltdel: `The guest decides what that means; umlwatch does not wait for it.`,
  pause: `Its programs and its kernel do nothing until **-resume**, or until the time is over that **pause\\_limit**
of the configuration allows. A stop resumes it first. While a backup copies the images of the
guest, it cannot be paused.`,
  resume: `The clock of the guest jumps forward.`,
  stats: `Read by its kernel, without any help from its programs. umlmon(7), STATISTICS, says what there is, also for
scrapers.`,
  'mem-trim': `Memory that the guest has used once stays taken on the host, also when the guest has freed it. umlmon(7), MEMORY,
says how it goes back, and what **mem\\_trim** of the configuration does.`,
  mconsole: `*TEXT* is a command of mconsole version 2, such as 'config ubd1=/disks/x.dsk' or 'proc meminfo'; **help** lists
them. Without it, commands are asked for at the prompt **(mconsole)**, with completion and history; **switch** *VM* goes on
with another VM, **quit** leaves. **halt**, **reboot** and **sysrq o** or **b** are a stop that was asked for, **stop** is
**-pause** and **go** is **-resume**. Where lines may be missing (the kernel sends long answers without waiting), that is
said; with **-json** it is *truncated*. Unlike the words for disks, **config** and **remove** check nothing before.`,
  sysrq: `What the guest prints is shown. **o** and **b** end the guest, see **-mconsole**.`,
  ps: `Read from the kernel by **sysrq t**, without any help from the guest. Names of kernel threads are in brackets. On a busy
host the kernel may lose lines; then it is said how many tasks there are.`,
  stack: `*PID* is a number that **-ps** shows.`,
  'log-to-guest': `The guest finds it in **dmesg**, as a warning.`,
  wait: `*LEVEL* is **launched**, **kernel**, **guest** or **console**, see READINESS in umlmon(7); or **ready**, which is the
one that the configuration names; or **down**. If it is reached already, the word is done at once. A VM that is down is
waited for until somebody starts it. If the VM goes down, or a start fails, while another level is waited for, the exit status
is 7; after *DURATION*, by default 60s, it is 8. After a word of the same command line that ends the guest (**-ctrlaltdel**,
**-sysrq b**, **-run reboot** and the like), the level is that of the next run. **down** is waited for without an end, unless **-timeout** is given.`,
  connect: `See CONSOLE SESSIONS. With **-observe** nothing is typed; with **-force** the right to type is taken from whoever
has it. **-record** writes what is shown into the new file *RECORDING*, in the format asciicast v2, at most 256 MiB.`,
  who: `With who types, for how long, and how far a slow viewer is behind. Without *CHANNEL*, at all of them.`,
  screen: `As text. **-html** prints a web page with colours. **-json** prints every cell: *screen\\_picture* in
*docs/protocol.md*. The monitor rebuilds the screen from the output that it holds, at most 1 MiB.`,
  history: `The lines that have left the screen, up to 1000, and the screen; only the last *NUMBER* of them, or those that
match the regular expression *PATTERN*. If none does, the exit status is 1. What is older is in the log.`,
  run: `Types *COMMAND* for the shell that waits on con1, or on another channel with **-on**; prints its output, and has its
exit status, so that no word after it is done if it fails. It is done in a subshell. With **-json** a document has
*output* and *status*. The command is typed when a shell has answered a harmless **echo**; while somebody else types, it
waits. If no shell answers in time, by default 60s, the command is not done, then or later. If it does not end in time, it
goes on. In both cases the error has the last screen. A VM that is down is refused, with status 5; if it
goes down or boots anew meanwhile, the status is 7, or 0 after a command that is to do that, such as **reboot**.`,
  send: `*KEYS* may have \\\\r (Enter), \\\\n, \\\\t, \\\\e, \\\\\\\\ and \\\\xHH in it. Nothing is added.
A VM that is down is refused. More than the guest has room for, about 3,000 bytes, is typed as the guest reads. If it does
not read all of it within *DURATION*, by default 60s, the exit status is 8: the error says how many bytes the guest has,
and how many were dropped.`,
  expect: `*PATTERN* is a regular expression of JavaScript; **^** and **$** are about lines. It is looked for in what the channel
shows since the VM was started, and will show; after another **-send**, **-expect** or **-run** of the same command line, in
what came since. A **-send** after an **-expect** ends the search in older output: only what comes after it counts.
Colours and other control sequences do not count. After *DURATION*, by default 60s, the error has the last screen, and the
exit status is 8.`,
  log: `Only channels with the word **log** in their configuration have one; umlmon(5). Bytes are printed as the guest sent
them, over all files of a rotated log.`,
  events: `Goes on until it is interrupted. Events are numbered from 1 on since the monitor started; *docs/events.md* lists their
kinds.`,
  security: `Needs the role admin. Prints the security events that the monitor holds, apart from the others: who has logged in or was
refused, and who asked for what. *docs/events.md* lists their kinds. They are in *VARDIR/VM/log/security.log*, too.`,
  plug: `*IMAGE* is what **ubd***N* would be in the configuration, in quotes: a path as the jail sees it, and flags. The disk
is there until the VM stops; for the next start, write it in the configuration.`,
  unplug: `Any disk that the guest does not use at the moment: unmount it first. When the word is done, the host has written the
image to its disk, and others may use it.`,
  'plug-net': `*NETWORK* is what **eth***N* would be in the configuration, in quotes, such as 'network(name=lab)'. The
interface is there until the VM stops; for the next start, write it in the configuration. The VM must have been started
with an interface of the kind, or of one that needs as much. Only root, and the user of the monitor, may do so. **-info**
shows what to type in the guest.`,
  'unplug-net': `Any interface that the guest has set down. What the host had for it is taken back.`,
  backup: `All writable disks are copied as they are at one moment, into a directory that is called *BACKUP*, or after
the time in UTC. The guest stands still meanwhile: some milliseconds where the file system of the host can share blocks.
A guest that is paused with **-pause** must be resumed first. umlmon(7), BACKUPS, has the rest.`,
  backups: `With name, time, size, how the guest was (**frozen**, **synced**, **crash**), and how long it stood still.`,
  restore: `All disks of the backup are put back, or none of them. What is in the images now is lost.`,
  crashes: `A crash is an end of the kernel that nobody asked for; umlmon(7) says what is kept of it, and of how many.`,
  crash: `Prints how the kernel ended, the state of the host and of the disk images then, the last events, and the last lines
of con0. *NAME* is one that **-crashes** lists, or **last**. With **-get**, the file *FILE* of the bundle is printed,
such as *console/con0*: as it is into a pipe or file, and on a terminal without what could harm it; with **-json**, the
files are listed.`,
  jobs: `Slow verbs on images are jobs of the monitor: they go on when the client that has asked for them is gone, and are
remembered for a while after their end. See DISK IMAGES.`,
  cancel: `*ID* is the number that **-jobs** shows. Done when the job has ended; everything is then as it was before it,
unless it was done already.`,
};

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
    '# WORDS',
    '',
    'A word is written with a hyphen on the command line, and without in the interactive mode.',
    '',
    ...definitions(umlwatchCommands, '-', ([name, sub]) =>
      sub === undefined ? details[name as keyof typeof details] : diskCommandDetails[sub as DiskCommandName],
    ),
    middle,
    '# EXIT STATUS',
    '',
    '**0**',
    ':   All words are done.',
    '',
    ...classes.flatMap(([name, status]) => [`**${status}**`, `:   ${exitStatusMeans[name]}`, '']),
    'With **-run**, the status is that of the command in the guest, if it has failed.',
    '',
    '**141**',
    ':   The reader of the output has gone.',
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

**umlwatch** \\[*OPTION* ...\\] *VM*\\[**@***HOST*\\[**:***PORT*\\]\\] \\[**-***WORD* \\[*ARGUMENT*\\] ...\\]

**umlwatch** **-help** | **-version**

# DESCRIPTION

umlwatch talks to the monitor of one virtual machine (VM), umlmon(8), through its control socket. The words on the
command line are done in their order; the first that fails ends umlwatch. Without words, umlwatch is interactive.

Whoever may write to the control socket *VARDIR/VM/ctrl* may use umlwatch: the user of the monitor, and the members of
the **group** of the configuration. The configuration must be readable too: it says where the socket is.

*VM***@***HOST* is a VM of another host: umldir(8) of *HOST* is asked for the way to its monitor, which may run on yet another
host. *VM***@***HOST***:***PORT* goes straight to the monitor that listens there on TCP; umlmon(7), REMOTE CONTROL. An IPv6 address
with a port stands in brackets, as in *vm1@\\[::1\\]:7001*. A password is asked for, once. *VM***@localhost** is a VM of this host.
Messages say which leg has failed: the directory, the redirector, the name, the connection, TLS, who the host is, the password, or
the role.
`;

/** What the manual page says of an option beyond its line of help. */
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

const middle = `# INTERACTIVE MODE

Without words on the command line umlwatch asks for them, one per line, with the name of the VM as prompt. Tab
completes words, channels and options. An error is printed, and the next word asked for. **CTRL-C** ends a word that
waits, such as **events**; a start, stop or kill goes on in the monitor. **help** lists the words. **quit** or
**CTRL-D** leaves; the VM is not touched.

Lines may also come from a pipe or file, with **#** before comments. Then the first error ends umlwatch, and
**connect** is not possible:

    printf 'start\\nlog con0\\n' | umlwatch vm1

# DISK IMAGES

Images are named by their paths as the VM sees them: */disks/NAME* are its own, */shared/disks/NAME* those of all VMs. A
client of a VM may change the first, and only read the others: copy, check, or use them as backing files. **umladmin
disk**, see umladmin(8), does the same with all images of the host, also without a monitor.

Nothing is done to an image while a VM runs with it, nor to a backing file that others depend on: the refusal names
the chain. A verb that is cancelled, fails, or is killed with its monitor leaves the images as they were, or is done.

Verbs are jobs of the monitor. While umlwatch waits for one, a terminal shows how far it is, a pipe has a line for each
tenth at most, and with **-json** a document: the job, with *bytesPerSecond* and *secondsLeft*. The last document has the
result in its *outcome*. **CTRL-C** cancels the job; pressed again it leaves umlwatch at once, and the job to itself.

Sizes are written as in 512M or 10G.

# CONSOLE SESSIONS

Any number of sessions may be at one channel, and all of them see its output. One of them types: the first that wants
to. The others observe, until the one who types leaves, gives the right up, has not typed for **writer\\_idle** of the
configuration, or it is taken from them; both sides are told. The window of the one who types is that of the guest. The
monitor reads the channel all the time, whether anybody is connected or not, so a viewer never slows the guest.

If standard input is a terminal:

- The session begins with what the channel shows; what was on the terminal before goes into its scroll-back.
- Everything typed goes to the guest, also **CTRL-C**, except the escape key: **CTRL-\\]**, or the one that **escape**
  in the configuration names. It opens a menu at any time, also when the guest hangs; see below.
- The guest learns the size of the window, and each change of it.
- The session goes on while the VM is down, and over a reboot.
- When the session ends, also by SIGTERM, SIGHUP or SIGINT, the terminal is put back: its modes, the screen, the
  cursor, mouse reports, and what else a program in the guest may have changed.
- A terminal that is slower than the guest misses output, and is told how many bytes.
- If the guest does not read, what is typed waits, up to 8 MiB; after a second the session says how much. What is beyond is
  dropped, and told. **CTRL-C**, **CTRL-\\\\** and **CTRL-Z** drop what waits, and go to the guest at once.

After the escape key, one key chooses:

**d**, or the escape key again
:   Leave the session. A shell in the guest stays logged in.

**w**
:   List who is at the console.

**t**, **o**
:   Take the right to type from whoever has it; observe, and give it up.

**n**
:   Write a line into the output of the console, where all see it, and into its log.

**b**
:   Send a magic SysRq; the letter follows.

**r**
:   Draw the screen anew.

**s**
:   Give the guest the size of this window.

**c**
:   Record what is shown into a new file *VM-CHANNEL-TIME.cast* in the working directory, or end that.

**l**
:   Type the escape key itself.

**?**
:   List these keys. Any other key does nothing.

If standard input is a pipe or file, no key is special. Input is passed on as fast as the guest takes it. After its
end, the session ends when the guest has been quiet for a second; it also ends with the VM. Input that the guest did
not take is an error:

    echo 'uname -r' | umlwatch vm1 -connect con1

The guest's terminal echoes what it reads, so the output contains the input. umlwatch's own messages go to standard
error.
`;

const end = `# ENVIRONMENT

**UMLMON\\_CONFIG**
:   The configuration, if **-config** is not given.

**UMLMON\\_PASSWORD\\_FILE**
:   As **-password-file**.

**UMLMON\\_ASKPASS**
:   A program that prints the password, if no file is given; its argument is the question. Without it, a terminal is asked.

**XDG\\_STATE\\_HOME**
:   Where the history of the interactive mode is kept, in *umlwatch\\_history*, and the certificates of other hosts,
    in *umlwatch\\_known\\_hosts*; by default *~/.local/state*.

# FILES

*VARDIR/VM/ctrl*
:   The control socket. VARDIR is */var/lib/umlmon*, for users other than root *~/.local/state/umlmon*, unless the
    configuration says otherwise. A user who is to watch root's VMs needs **vardir** in the configuration, also if it
    is the default.

# EXAMPLES

Start a VM, log in, and stop it, with at most 10 seconds for the guest:

    umlwatch vm1 -start -connect con1 -stop -timeout 10s

Start a VM and log in when it is ready:

    umlwatch vm1 -start -wait ready -connect con1

The state of a VM in a script:

    umlwatch vm1 -json -info | jq -r .state

Log in without a terminal, and run a command:

    umlwatch vm1 -start -expect 'login: ' -send 'root\\r' -expect '[#$] $' -run 'uname -a'

The screen of a console as a web page:

    umlwatch vm1 -screen con1 -html > con1.html

Everything that has happened since the monitor started, and will:

    umlwatch vm1 -events -since 1

At a VM of another host, without a question:

    umlwatch vm1@host.example:7001 -password-file ~/.vm1 -stats

# SEE ALSO

umladmin(8), umldir(8), umlmon(5), umlmon(7), umlmon(8)
`;
