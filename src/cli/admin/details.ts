/** What umladmin(8) says of its words beyond their line of help; those of disk commands are in disk-details.ts. */
export const adminCommandDetails: Readonly<Record<string, string>> = {
  list: `Each monitor is asked through its control socket; **no monitor** means that none answers. A line ends with what should
not be missed: a pause, a hang, why the VM was kept or given up, a crash, or the last trouble, as a boot that has failed. A VM whose
configuration has a mistake is listed with the mistake; so is a monitor whose VM is **not in the configuration** any more.`,
  start: `For every VM by its key **start**: nothing (*off*), its monitor (*manual*), or its monitor, which then boots it (*boot*).
With names: for these VMs and no others. Monitors that run are left untouched, whatever their VMs do.

VMs of the same **start\\_order** are started together, and those of the next one when all of them have been, after the
longest **start\\_delay** among them. A monitor goes on when umladmin, the shell and the session have ended. Where the host
runs systemd and has *umlmon@.service*, and the configuration is that of */etc*, monitors are started as *umlmon@VM.service*,
and a start is over when systemd says so.

Boots are not waited for, unless **-wait** says up to which level of readiness (see **-wait** in umlwatch(1)), for at
most 60 s or **-timeout** each: then every turn is, before the next one begins.`,
  stop: `Each guest gets Ctrl-Alt-Del and **stop\\_timeout** to go down, as with **-stop** in umlwatch(1); then its monitor ends. With
names: these VMs and no others; without, also those that are not in the configuration any more. VMs of the highest **start\\_order** are first, the others
when those are down. A kernel without a monitor is taken over and stopped as well.

With **-timeout**, for a host that shuts down, all is over by then: every turn gets an equal part of the time that is
left, and a guest that is still there at its end is killed.`,
  restart: `Guests stop in order and start again, in the turns of **start**; their monitors go on. Without a *VM*, all that are
not down. With **-wait** each turn waits until its VMs have reached *LEVEL*. *DURATION* is for the stop of each.`,
  update: `Every monitor reads the configuration anew, takes what needs no new start, and tells each setting that differs from what is
in force: the old value, the new one, and when it takes effect. Guests are not touched. Then VMs that are not in the
configuration any more are stopped, after a question for each on a terminal; without a terminal only with **-yes**. At last
VMs without monitor are started, as with **start**. With **-n** nothing is done, only told. Where
monitors are units, systemd is told the new order and limits, too. The files of the configuration are only read.`,
  doctor: `Mistakes of the configuration, and what would keep VMs that are down from starting; kernels and whether the processor suits
them (AMX); programs; whether the host lets users make jails (user namespaces: AppArmor, containers, settings), and the tools of e2fsprogs have one,
by a trial; **vm.max\\_map\\_count**; memory and swap against what all guests may take; how long a stop
of all VMs takes; */dev/net/tun*, and whether it can be opened; forwarded ports that programs of the host have; rules of other
programs (Docker, firewalld, ufw) that drop the traffic of VMs; what running VMs have set up of the network of the host, compared
with what is there; room for images, logs and sockets; */etc/services*, if VMs are reached over TCP; what dead VMs have left,
kernels without monitors; and VMs in trouble. Each finding is *good*, a *warning* or an *error*, with what to do about it
beside it. Nothing is changed. Exit status: 0 all good, 1 warnings, 2 errors.`,
  cleanup: `As **umlmon -cleanup** does, see umlmon(8): for these VMs, or for all that have neither a monitor nor a kernel. It names each
file and interface that it removes.`,
  'kernel list': `Those in *SHARED/kernels*, and those that VMs name: version, the VMs that use it, and why it cannot run on this host.`,
  'kernel info': `*KERNEL* is a name in *SHARED/kernels*. Also the kinds of networks that it knows, its libraries and its modules.`,
  'kernel fetch': `From the Debian mirror that apt is configured with, checked with Debian's keyring, into a cache; then linked into
*SHARED/kernels*. One that is in the cache is used as it is; **-update** looks for a newer one. If there is no kernel
*linux* yet, it becomes that, which VMs use if their configuration says nothing else.`,
  'kernel use': `Sets **kernel** in the configuration, as **config set** does, if the kernel can run on this host.`,
  user: `A system user with a group of its own, without password, home and shell, by useradd(8): jail and sockets of a VM are
open to the group of its user, so nobody else may be in it. It is the configured **vmuser** if there is no such user yet, else
*uml-VM*, which is then written to the configuration. A user that has a group of its own, and is that of no other VM, stays
as it is; one of the name *uml-...* whose group is shared, as adduser(8) makes them with **--system** alone, gets its own
group, if the VM is down. With **-n** the commands are printed, and nothing is done.

**-remove** removes a user that was made so, and its group, when VM and monitor are down and the directories of the VM are gone: who
gets the numbers of the user next would own the files. The configuration is left as it is.`,
  password: `For clients over TCP, see umlmon(7), REMOTE CONTROL. There may be one for each VM and *ROLE*, by default **admin**; without
*VM* it opens all VMs. It is asked for twice on a terminal, or read from a pipe: its first line. It counts at once, and
nobody can read it from the file that it is proved by. **-remove** removes the one of *ROLE*, or those of all roles; connections that were
made with it go on. **-list** shows which there are.`,
  'config get': `Of all files together, or the default. *SECTION* is a VM, or **GLOBAL**.`,
  'config set': `In the file where it stands, or where the section is; all other lines stay as they are, comments too, and the file
keeps its owner, mode, access control list, label and links. Refused if it would add a mistake: then nothing is written. Two that edit at the same time wait for
each other. Says when the change takes effect.`,
  'config unset': `What then counts is the default.`,
  'config list': `Of all sections, or of one: with the line of each file, and the defaults.`,
  'config check': `All mistakes of all files at once; and, without an effect on the exit status, what the host lacks for starts, as **umlmon -check** says.`,
};
