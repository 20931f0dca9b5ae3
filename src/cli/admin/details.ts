/** Text of umladmin(8) for its commands, after their line of help. Disk commands are in disk-details.ts. */
export const adminCommandDetails: Readonly<Record<string, string>> = {
  list: `Asks each monitor through its control socket; **no monitor** means that no monitor answers. A line ends with what
needs attention: a pause, a hang, a crash, or the reason why the VM was preserved or given up. Otherwise it ends with the last
warning, such as a failed start.
A VM with a problem in its configuration is listed with the problem. A monitor of a VM that is no longer configured is listed
as **not in the configuration**.`,
  start: `The key **start** of each VM decides. *off* starts nothing, *manual* the monitor, and *boot* the monitor and the VM. With *VM*, only these VMs are started. Running monitors are not changed.

VMs with the same **start\\_order** are started together. The next group follows after the longest **start\\_delay** of the
group before it. A monitor continues when umladmin, the shell and the session have ended. If the host runs systemd with
*umlmon@.service* and the configuration in */etc*, monitors are started as *umlmon@VM.service*. The start is complete when
systemd reports it.

**-wait** waits for a level of readiness (see **-wait** in umlwatch(1)), at most 60 s or **-timeout** for each VM. Each group
reaches the level before the next group is started.`,
  stop: `Sends Ctrl-Alt-Del to each guest and waits for **stop\\_timeout**, as **-stop** in umlwatch(1); then the monitor shuts
down. With *VM*, only these VMs are stopped. Without, also those that are no longer configured. VMs with the highest
**start\\_order** are stopped first, and the others after them. A kernel without a monitor is taken over and stopped as well.

**-timeout** limits the whole command, for a host that shuts down. Each group gets an equal part of the remaining time. A guest
that still runs then is killed.`,
  restart: `Guests are stopped cleanly and started again, in the groups of **start**. Their monitors continue. Without *VM*, all
VMs that are not stopped. With **-wait**, each group waits until its VMs have reached *LEVEL*. *DURATION* is for the stop of
each VM.`,
  update: `Each monitor reads the configuration anew and applies what needs no restart. It lists each changed setting: old value,
new value, and when the new value takes effect. Guests are not affected. Then VMs that are no longer configured are stopped,
after a question for each on a terminal, or with **-yes**. At last VMs without a monitor are started, as with **start**.

**-n** only prints what would be done. If monitors are units of systemd, the new order and limits are written to their units.
The files of the configuration are only read.`,
  doctor: `Checks the configuration, and what would prevent the start of stopped VMs. Each finding is *good*, a *warning* or an
*error*, with a command or an action that helps. Nothing is changed. The exit status is 0 without problems, 1 with warnings, and
2 with errors. It checks:

- kernels, and whether the processor supports them (AMX); programs; memory and swap for all guests; **vm.max\\_map\\_count**;
- whether users can create jails (user namespaces: AppArmor, containers, settings), and the jail of the tools of e2fsprogs, by a trial;
- how long a stop of all VMs takes;
- */dev/net/tun*, and forwarded ports that other programs use;
- firewall rules of other programs (Docker, firewalld, ufw) that drop the traffic of VMs; the network of the host against the records of running VMs;
- free space for images, logs and sockets; */etc/services* for VMs over TCP;
- leftovers of stopped VMs, kernels without monitors, and VMs with warnings.`,
  cleanup: `The same as **umlmon -cleanup**, see umlmon(8), for these VMs, or for all VMs without a monitor and a kernel. It lists
each file and interface that it removes.`,
  'kernel list': `The kernels in *SHARED/kernels*, and those that VMs name, with version, VMs, and why a kernel cannot run on this
host.`,
  'kernel info': `*KERNEL* is a name in *SHARED/kernels*. Includes the network kinds of the kernel, its libraries and its modules.`,
  'kernel fetch': `Downloads from the Debian mirror of apt to a cache, checks the signature with the keyring of Debian, and links the
kernel into *SHARED/kernels*. A cached kernel is used without a download; **-update** looks for a newer one. Without a kernel named
*linux*, the new kernel gets this name, which is the default of VMs.`,
  'kernel use': `Sets **kernel** in the configuration, as **config set** does, if the kernel can run on this host.`,
  user: `Creates a system user with a group of its own, without password, home and shell, by useradd(8). Jail and sockets of a VM
are open to the group of its user, so the group must have no other member. The name is the configured **vmuser**, or *uml-VM*,
which is then written to the configuration.

An existing user with a group of its own, and of no other VM, is not changed. A user *uml-...* with a shared group, as adduser(8)
creates it with **--system** alone, gets a group of its own if the VM is stopped. **-n** only prints the commands.

**-remove** deletes such a user and its group. VM and monitor must be stopped, and the directories of the VM deleted: the next user
with the same numbers would own the files. The configuration is not changed.`,
  password: `For clients over TCP, see umlmon(7), REMOTE CONTROL. Each VM can have one password per *ROLE*, by default **admin**;
without *VM*, the password is for all VMs. umladmin asks for it twice on a terminal, or reads the first line of a pipe. It takes
effect at once, and cannot be read from the password file.

**-remove** removes the password of *ROLE*, or of all roles. Connections that used it continue. **-list** lists the passwords.`,
  'config get': `From all files together, or the default. *SECTION* is a VM, or **GLOBAL**.`,
  'config set': `Changes the file that has the key, or the section. All other lines, and comments, stay as they are. The file keeps its
owner, mode, access control list, label and links. A change that would add a problem is refused, and nothing is written.
Concurrent changes wait for each other. umladmin prints when the change takes effect.`,
  'config unset': `The default takes effect.`,
  'config list': `Of all sections, or of one, with the line of each file, and with defaults.`,
  'config check': `Lists all problems of all files at once. It also lists what the host lacks for a start, as **umlmon -check** does,
without effect on the exit status.`,
};
