import type { CommandName } from '../commands/table.ts';

/** Text of umlwatch(1) for each command, after its line of help. */
export const umlwatchCommandDetails: Readonly<Record<Exclude<CommandName, 'disk'>, string>> = {
  info: `Warnings come first, each with a command that helps (*wrong* with **-json**). A warning about the network of the
host has a command that repairs it; see umlmon(7), NETWORK. Settings are listed by file, with their lines; defaults come
last. *mconsole* is the management socket of the kernel, for uml_mconsole(1); see umlmon(8). *guest text* is the last text
that root in the guest wrote to */proc/mconsole*.`,
  start: `The monitor reads the configuration anew. The start is complete when the guest runs its first processes. Its init
may still be at work then, so con1 may need a moment more. If the start fails, the monitor undoes all of it, and the error
names the step.

A kernel that panics or exits before its guest runs is a failed start. The error has the text of the panic and the last
output of con0. A kernel that needs longer than five seconds, for instance with *rootdelay=*, counts as started. The answer
then has a note that the guest runs no process yet.`,
  stop: `The monitor sends Ctrl-Alt-Del and waits for **stop\\_timeout** of the configuration, or for *DURATION* (10s, 2m; a
number alone is in seconds). Then it halts the guest, without a sync of its file systems. At last it kills the kernel. When
the command returns, the kernel is gone, and the disk images are written to the disk of the host.`,
  restart: `The same as **-stop** and then **-start**. A stopped VM is started. *DURATION* is for the stop. With **-wait**,
the command returns when the VM has reached *LEVEL*.`,
  kill: `Data that the guest has not written to its disks is lost. This command interrupts a start or stop that hangs.`,
  ctrlaltdel: `The guest decides what to do. umlwatch does not wait for it.`,
  pause: `The programs and the kernel of the guest do nothing until **-resume**, or until **pause\\_limit** of the
configuration is over. A stop resumes the guest first. A guest cannot be paused while a backup copies its images.`,
  resume: `The clock of the guest jumps forward.`,
  stats: `The kernel of the guest reports them; its programs are not needed. See umlmon(7), STATISTICS, also for scrapers.`,
  'mem-trim': `The host keeps memory that the guest has used once, even after the guest has freed it. See umlmon(7), MEMORY,
for how it is returned, and for **mem\\_trim** of the configuration.`,
  mconsole: `*TEXT* is a command of mconsole version 2, such as 'config ubd1=/disks/x.dsk' or 'proc meminfo'. **help** lists
all commands. Without *TEXT*, umlwatch shows the prompt **(mconsole)**, with completion and history. There, **switch** *VM*
continues with another VM, and **quit** exits.

**halt**, **reboot**, **sysrq o** and **sysrq b** count as a requested stop. **stop** is the same as **-pause**, **go** the
same as **-resume**. The kernel sends long answers without flow control, so lines may be missing. umlwatch then reports it;
with **-json** in *truncated*. Unlike disk commands, **config** and **remove** check nothing first.`,
  sysrq: `Prints the output of the guest. **o** and **b** stop the guest, see **-mconsole**.`,
  ps: `The list comes from **sysrq t** of the kernel; programs of the guest are not needed. Kernel threads are in brackets.
On a busy host the kernel may lose lines. umlwatch then prints the number of tasks.`,
  stack: `*PID* is a number from **-ps**.`,
  'log-to-guest': `**dmesg** in the guest shows the line as a warning.`,
  wait: `*LEVEL* is **launched**, **kernel**, **guest** or **console** (see READINESS in umlmon(7)), **ready** or **stopped**.
**ready** is the level that the configuration names. **stopped** is the stopped VM. The command returns at once if the level
is already reached. A stopped VM may be started later: the command waits for that.

If the VM stops or a start fails, the exit status is 7. After *DURATION*, by default 60s, it is 8. **stopped** has no default
timeout. After a command of the same command line that stops the guest (**-ctrlaltdel**, **-sysrq b**, **-run reboot**), the
level is that of the next run.`,
  connect: `See CONSOLE SESSIONS. **-observe** sends no input. **-force** takes control from another viewer. **-record**
writes the output to the new file *RECORDING*, in the format asciicast v2, at most 256 MiB.`,
  who: `Prints the controller, the time of each viewer, and how far a slow viewer lags behind. Without *CHANNEL*, all channels
are listed.`,
  screen: `As text. **-html** prints a web page with colours. **-json** prints every cell: *screen\\_picture* in
*docs/protocol.md*. The monitor rebuilds the screen from the output that it holds, at most 1 MiB.`,
  history: `Up to 1000 lines of scrollback, and the screen. **-lines** prints only the last *NUMBER* lines. **-search** prints
only lines that match the regular expression *PATTERN*; if no line matches, the exit status is 1. Older output is in the
log.`,
  run: `Types *COMMAND* into the shell on con1, or on the channel of **-on**, prints its output, and returns its exit status.
Later commands of the command line are skipped if it fails. The command runs in a subshell. With **-json**, the document has
*output* and *status*.

umlwatch first types a harmless **echo**, and types the command only after the shell has answered. It waits while another
viewer types. If no shell answers within the timeout, by default 60s, the command never runs. If the command does not end in
time, it continues in the guest. Both errors contain the last screen. A stopped VM is refused with status 5. If the VM stops
or reboots during the command, the status is 7. A command such as **reboot** returns 0 then.`,
  send: `*KEYS* may contain \\\\r (Enter), \\\\n, \\\\t, \\\\e, \\\\\\\\ and \\\\xHH. Nothing is added. A stopped VM is
refused. The guest buffers about 3,000 bytes; more is typed as the guest reads. If it does not read all within *DURATION*, by
default 60s, the exit status is 8. The error has the number of bytes that the guest has received, and of those dropped.`,
  expect: `*PATTERN* is a regular expression of JavaScript; **^** and **$** match at lines. The first **-expect** searches all
output since the start of the VM. After another **-send**, **-expect** or **-run** of the same command line, only newer output
is searched. Colours and other control sequences are ignored. After *DURATION*, by default 60s, the exit status is 8. The
error contains the last screen.`,
  log: `Only channels with **log** in their configuration have a log; see umlmon(5). The bytes are printed as the guest sent
them, across all rotated files.`,
  events: `Runs until it is interrupted. Events are numbered from 1 since the start of the monitor. *docs/events.md* lists
their kinds.`,
  security: `Needs the role admin. Prints the security events that the monitor holds: logins, refusals, and the actions of
clients. *docs/events.md* lists their kinds. They are also in *VARDIR/VM/log/security.log*.`,
  plug: `*DISK* is ubd0 to ubd15. *IMAGE* is the value of **ubd***N* in the configuration, in quotes: a path as the jail sees
it, and flags. The disk is attached until the VM stops. For the next start, write it to the configuration.`,
  unplug: `The guest must not use the disk: unmount it first. When the command returns, the image is written to the disk of
the host, and is free for other uses.`,
  'plug-net': `*NETWORK* is the value of **eth***N* in the configuration, in quotes, such as 'network(name=lab)'. The
interface is attached until the VM stops. For the next start, write it to the configuration. The VM must have been started
with an interface of this kind, or of one with the same needs. Only root and the user of the monitor may do this. **-info**
prints the commands for the guest.`,
  'unplug-net': `The interface must be down in the guest. The host resources of the interface are removed.`,
  backup: `Copies all writable disks as they are at one moment, to a directory named *BACKUP*, or after the time in UTC. The
guest is frozen meanwhile: for some milliseconds if the file system of the host can share blocks. A guest that **-pause**
paused must be resumed first. See umlmon(7), BACKUPS.`,
  backups: `With name, time, size, consistency (**frozen**, **synced**, **crash**), and how long the guest was frozen.`,
  restore: `Restores all disks of the backup, or none. The present content of the images is lost.`,
  crashes: `A crash is an unexpected exit of the kernel. umlmon(7) describes crash bundles, and how many are preserved.`,
  crash: `Prints how the kernel exited, and the state of the host and of the disk images at that time. The last events and the
last lines of con0 follow. *NAME* is a name from **-crashes**, or **last**. **-get** prints the file *FILE* of the bundle, such as
*console/con0*. A pipe or file gets it unchanged; on a terminal, dangerous characters are escaped. **-json** lists the files.`,
  jobs: `Slow disk commands are jobs of the monitor. They continue if the client disconnects, and are listed for a while
after their end. See DISK IMAGES.`,
  cancel: `*ID* is a number from **-jobs**. The command returns when the job has ended. The images are then as before the
job, unless the job had already finished.`,
};
