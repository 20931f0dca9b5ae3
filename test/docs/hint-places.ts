/** Hints that test/docs/hints.test.ts does not follow itself. */

const placeholder = 'it has VM, FILE or the like in the place of what only the reader knows';
const changesHost = 'it changes accounts, packages, modules or settings of the host';
const network = 'test/network and test/cli/print/wrong-hints.test.ts';
const needsFault =
  'it takes a fault that tests make by other means; the command only shows, or the one of another hint';

/** Where they are followed instead, or why not. */
export const elsewhere: Readonly<Record<string, string>> = {
  'umlwatch VM -info; -help prints all commands': placeholder,
  "umlwatch -mconsole-socket PATH -mconsole 'COMMAND'": placeholder,
  'read its output instead: umlwatch VM -connect, or -log': placeholder,
  'give an image: umlrun -image FILE -- COMMAND': placeholder,
  'run it in the foreground: umlmon -fg VM': placeholder,
  'choose another name; umlmon -cleanup VM removes it while its VM is stopped': placeholder,
  'start it by a program that passes it as LISTEN_FDS and LISTEN_FDNAMES of sd_listen_fds(3), with umlmon -fg':
    placeholder,
  'umldir -list HOST lists its VMs; on the host of the VM: umlmon …': placeholder,
  'make the file readable on the host: chmod a+r': placeholder,
  'list the backups: umlwatch VM -backups': placeholder,
  'close other viewers of this console: umlwatch VM -who': placeholder,
  'list its addresses: ip addr': network,
  'run umladmin disk on the host': placeholder,
  'change a copy in /disks, or run umladmin disk on the host': placeholder,
  'bubblewrap must be able to create namespaces, as for VMs: umladmin doctor': changesHost,
  'make that user its owner on the host: chown …': placeholder,
  'apt-get install libc6 util-linux': changesHost,
  'addgroup --system --gid … NAME': changesHost,
  'addgroup --system …': changesHost,
  'addgroup --system NAME': changesHost,
  'modprobe tun; in a container, add the device': changesHost,
  'set the usual permissions: modprobe tun; chmod 666 /dev/net/tun': changesHost,
  'apt-get install …': changesHost,
  'echo vm.max_map_count=… >/etc/sysctl.d/umlmon.conf; sysctl -p /etc/sysctl.d/umlmon.conf': changesHost,
  'modprobe tun': changesHost,
  'install cc and the static C library (libc6-dev), then build it: npm run build': changesHost,
  'choose another name, or if no program uses this tap: ip link delete …': network,
  'ip link set … type bridge vlan_filtering 1': network,
  'sysctl -w net.ipv6.conf.all.forwarding=1; set accept_ra=2 first on interfaces that learn routes from routers':
    network,
  'change one of the two; if … does not run: umlmon -cleanup …': network,
  'ip link set … down in the guest first': network,
  'umladmin user …': 'test/cli/admin/users/user.test.ts',
  'umladmin user … creates one and sets vmuser = uml-…': 'test/cli/admin/users/user.test.ts',
  'umladmin config set … vmuser NAME': 'test/cli/admin/users/user.test.ts',
  'give … another one: umladmin user …': 'test/cli/admin/users/user.test.ts',
  'take the others out of the group, or remove it: getent group …': 'test/cli/admin/users/user.test.ts',
  'save needed files, then: rm -r …': 'test/cli/admin/users/user.test.ts',
  'start with the example: mkdir -p …; cp … …': 'test/docs/commands.test.ts',
  'umladmin kernel fetch': 'test/docs/commands.test.ts',
  'umlwatch … -events -since 1': 'test/docs/commands.test.ts',
  'systemctl daemon-reload; systemctl restart …': 'systemd runs in test/systemd/container.test.ts',
  'have systemd run the monitor: umladmin stop …; systemctl daemon-reload; systemctl start …':
    'systemd runs in test/systemd/container.test.ts',
  'journalctl -u …': 'systemd runs in test/systemd/container.test.ts',
  'umladmin start …':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'umladmin cleanup …':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'umladmin stop …':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'kill the monitor: umladmin start … takes over':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'umlwatch … -kill -start':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'umladmin list shows all':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'umladmin kernel list':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'umladmin update -yes stops it':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'write a section […], or, if its images are not needed any more: rm -r …':
    'it only shows what doctor, of test/cli/admin/doctor/checks.test.ts, is about, or is a word of test/systemd/umladmin.test.ts',
  'set the passwords again: umladmin password':
    'it asks for a password on a terminal: test/cli/admin/password.test.ts',
  'set one on the host: umladmin password':
    'it asks for a password on a terminal: test/cli/admin/password.test.ts',
  'on its host: umladmin password …': 'it asks for a password on a terminal: test/cli/admin/password.test.ts',
  'umlwatch … -jobs, or -cancel …': needsFault,
  'umlwatch … -connect … <FILE': needsFault,
  'umlwatch … -start; on_reboot and on_poweroff of the configuration select what follows': needsFault,
  'umlwatch … -…': needsFault,
  'umlwatch … -crashes lists them': needsFault,
  'umlwatch … -info -log con0': needsFault,
  'umldir -list prints its VMs': needsFault,
  'find the process with: fuser -v …': needsFault,
  'take a snapshot, then repair it in a guest with e2fsck -f': needsFault,
  'repair it in a guest with e2fsck -f': needsFault,
  'do it as root, or remove the attribute first: getfattr -d -m - …': needsFault,
  'see the whole command: umlmon -plan VM': needsFault,
  'findmnt -T … shows it; move the hook to another file system': 'test/environment/mount-options.test.ts',
  'findmnt -T … shows how it is mounted; install umlmon on a file system without noexec':
    'test/environment/mount-options.test.ts',
  'mount -o remount,… …, or …': 'test/environment/mount-options.test.ts',
  'set the usual permissions: chmod 666 /dev/net/tun': 'test/environment/mount-options.test.ts',
  'modprobe tun; after an update of the host kernel, boot the new kernel first':
    'it would change the kernel of the host',
  'create /tmp, which bubblewrap needs: mkdir -m 1777 /tmp': 'the row "no /tmp" of test/environment',
  'free some space on the file system of the VM: df VARDIR/VM shows it':
    'test/monitor/disks/full-disk.test.ts',
  'make the kernel and its loader executable: chmod a+x': 'test/monitor/vm.test.ts',
  'umlwatch … -log con0': needsFault,
  "list the processes of the VM's user: ps -u … -o pid,args": needsFault,
  'see the event hook: umlwatch … -events -since 1': needsFault,
  'wait for one, or end it with: umlwatch … -cancel ID': needsFault,
  'wait for it, or end it with: umlwatch … -kill': needsFault,
  'umlmon … takes it over': needsFault,
  'umlwatch … -who; -connect … -force takes over': needsFault,
  'find it with: fuser -v …': needsFault,
  'read the log: umlwatch … -log con0': needsFault,
  'check the file and its file system: ls -l …; df …': needsFault,
  'check the directory and its file system: ls -ld …; df …': needsFault,
  'chmod a+x …, or move it elsewhere': needsFault,
  'as root: chgrp … … && chmod 640 …': needsFault,
  'make room on its file system: df …': needsFault,
  'make room within the quota of its owner: quota -s': needsFault,
  'check its flags: lsattr …': needsFault,
  'run it as the owner of the file: ls -l …': needsFault,
  'chmod a+x …, or choose another user with -user': needsFault,
  'chmod u+r …': needsFault,
  'look for the program that freezes in the guest, see umlmon(7), BACKUPS: umlwatch … -connect …': needsFault,
  'check it by hand, on a copy: e2fsck -fn FILE; the files are in …': needsFault,
  'mkdir …': needsFault,
};
