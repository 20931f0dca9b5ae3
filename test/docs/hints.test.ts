/**
 * Every hint that is a command: followed here as it is printed, in the situation that it is for; or the table says where it is
 * followed, or why it cannot be. The hints are read from the sources, so a new one fails here until it is in the table.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';
import { NetNamespace } from '../helpers/host/net-namespace.ts';
import { hintsOfSources } from '../helpers/programs/hints-of-sources.ts';
import { testImage, vmUid, World } from '../helpers/programs/world.ts';

const commands =
  'umlwatch umladmin umlmon umlrun umldir umlweb chmod chown chgrp fuser ip apt-get modprobe sysctl systemctl journalctl getent useradd addgroup nft df ls lsattr findmnt kill rm mv cp diff e2fsck mount umount quota usermod userdel setfacl getfattr npm ps echo mkdir';
const prose = 'is has or and in for with it as to may must does cannot on of serves needs makes leaves';
const commandForm = new RegExp(
  `(?:^|[:;(] |, or |, then |run |with )(?:${commands.replaceAll(' ', '|')}) (?!(?:${prose.replaceAll(' ', '|')}) )`,
);

const root = join(import.meta.dirname, '../..');
const world = new World();
const net = new NetNamespace();
const bin = join(world.home, 'bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, UMLMON_CONFIG: world.configPath };

/** A line of a shell, with the programs of this checkout as they are installed. */
function shell(line: string, within: readonly string[] = []) {
  const [command = '', ...args] = [...within, 'sh', '-c', line];
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env,
    cwd: world.home,
    timeout: 60_000,
  });
  return { status, said: stdout + stderr };
}

interface Followed {
  /** What makes the situation. */
  readonly given?: () => void;
  /** The line that gives the hint. */
  readonly line: string;
  /** What of the hint is the command; the whole of it if absent. */
  readonly command?: RegExp;
  /** Exit statuses of the command; 0 if absent. */
  readonly ends?: readonly number[];
  /** A line that succeeds afterwards. */
  readonly after?: string;
  readonly within?: readonly string[];
}

const image = join(world.varDir, 'vm1/jail/disks/root.dsk');
const password = join(world.varDir, '.passwords');
const inNet = ['ip', 'netns', 'exec', net.name];
const anyEnd = [0, 1, 2];
const withEth = (eth: string) => () => {
  chownSync(image, vmUid, vmUid);
  world.configure({ vm1: `ubd0 = /disks/root.dsk\nssl0 = pty\neth0 = ${eth}` });
};
const plain = () => world.configure({ vm1: 'ubd0 = /disks/root.dsk\nssl0 = pty' });

/** In this order: from a host without a running VM to one with one. */
const followed: Readonly<Record<string, Followed>> = {
  'umlwatch -help lists all commands': { line: 'umlwatch vm1 -nonsense', command: /^(umlwatch -help)/ },
  'umladmin -help lists all commands': { line: 'umladmin nonsense', command: /^(umladmin -help)/ },
  'umlrun -help': { line: 'umlrun -nonsense' },
  'umldir -help': { line: 'umldir somewhere' },
  'umlmon -check lists all VMs': { line: 'umlmon -check nosuch', command: /^(umlmon -check)/, ends: [0, 3] },
  'umlmon VM; umlmon -check lists them': { line: 'umlmon', command: /(umlmon -check)/, ends: [0, 3] },
  'umladmin kernel list prints the names': {
    line: 'umladmin kernel info .x',
    command: /^(umladmin kernel list)/,
  },
  'umladmin password -list': { line: 'umladmin password vm1 -remove' },
  'chmod 600 …': {
    given: () => {
      shell('echo "a good password" | umladmin password');
      chmodSync(password, 0o644);
    },
    line: 'umladmin password -list',
    after: 'umladmin password -list',
  },
  'getent hosts …': { line: 'umlwatch vm1@nosuch.invalid:7001 -info', ends: anyEnd },
  'list the users of the host: getent passwd': {
    given: () => world.configure({ vm1: 'vmuser = bug@nosuch.example\nubd0 = /disks/root.dsk' }),
    line: 'umlmon -check vm1',
    command: /(getent passwd)/,
  },
  'list the groups of the host: getent group': {
    given: () => world.configure({ vm1: 'ubd0 = /disks/root.dsk' }, 'group = the admins'),
    line: 'umlmon vm1',
    command: /(getent group)/,
  },
  'chmod a+x …': {
    given: () => {
      world.configure({ vm1: 'ubd0 = /shared/disks/root.dsk ro\nroot_mode = ro' });
      chmodSync(dirname(world.addSharedImage()), 0o700);
    },
    line: 'umlmon -check vm1',
    after: 'umlmon -check vm1',
  },
  'chown … …, or add ro to the disk': {
    given: () => {
      plain();
      world.addImage('vm1');
      chownSync(image, 0, 0);
      chmodSync(image, 0o600);
    },
    line: 'umlmon -check vm1',
    command: /^(chown .*), or/,
    after: 'umlmon -check vm1',
  },
  'chmod a+r …': {
    given: () => {
      world.configure({ vm1: 'ubd0 = /disks/root.dsk ro\nroot_mode = ro' });
      chownSync(image, 0, 0);
      chmodSync(image, 0o600);
    },
    line: 'umlmon -check vm1',
    after: 'umlmon -check vm1',
  },
  'chmod a+r …, or choose another user with -user': {
    given: () => {
      const copy = join(world.home, 'closed.img');
      spawnSync('cp', ['--sparse=always', testImage(), copy]);
      chmodSync(copy, 0o600);
    },
    line: `umlrun -image closed.img -- true`,
    command: /^(chmod .*), or/,
    after: `umlrun -kernel ${testKernelDirectory()} -image closed.img -- true`,
  },
  'its file system is mounted read-only: findmnt -T …': {
    given: plain,
    line: 'umladmin config set vm1 mem 80M',
    command: /: (findmnt .*)$/,
    within: [
      'unshare',
      '-m',
      'sh',
      '-c',
      `mount --bind ${world.home} ${world.home}; mount -o remount,ro,bind ${world.home}; exec "$@"`,
      'sh',
    ],
  },
  'diff … …; then remove …': {
    given: () => {
      linkSync(world.configPath, join(world.home, 'second-name'));
      writeFileSync(join(world.home, '.umlmon.ini.umlmon-old'), 'before\n');
    },
    line: 'umladmin config set vm1 mem 80M',
    command: /^(diff .*);/,
    ends: [1],
    after: 'rm .umlmon.ini.umlmon-old second-name; umladmin config set vm1 mem 80M',
  },
  'fuser -v …': {
    given: () => {
      const holder = spawn('flock', [world.configPath, 'sleep', '40'], { stdio: 'ignore' });
      afterAll(() => holder.kill());
      spawnSync('sleep', ['0.3']);
      ended = () => holder.kill();
    },
    line: 'umladmin config set vm1 mem 96M',
  },
  'create it: ip link add … type bridge; ip link set … up': {
    given: withEth('bridged(proxy_if=tv1, bridge_if=br9)'),
    line: 'umlmon -check vm1',
    command: /create it: (.*)$/,
    after: 'umlmon -check vm1',
    within: inNet,
  },
  'start it: umlmon …': {
    given: plain,
    line: 'umlwatch vm1 -info',
    command: /: (umlmon vm1)/,
    after: 'umlwatch vm1 -info',
  },
  'umlwatch … -info': { line: 'umlmon vm1' },
  'umlwatch … …': { line: 'umlwatch vm1 -ctrlaltdel' },
  'umlwatch … -jobs lists them': { line: 'umlwatch vm1 -cancel 99', command: /^(umlwatch vm1 -jobs)/ },
  'umlwatch … -start': {
    given: () => shell('umlwatch vm1 -stop'),
    line: "umlwatch vm1 -run 'ls'",
    after: 'umlwatch vm1 -wait kernel -timeout 20s',
  },
  'umlwatch … -resume': {
    given: () => shell('umlwatch vm1 -wait ready -timeout 20s; umlwatch vm1 -pause'),
    line: "umlwatch vm1 -run 'ls' -timeout 2s",
    after: "umlwatch vm1 -run 'ls' -timeout 10s",
  },
  'start it again: umlmon …': {
    given: () => shell(`kill -9 $(cat ${join(world.runDir, 'vm1.pid')}); sleep 0.5`),
    line: 'umlwatch vm1 -info',
    command: /: (umlmon vm1)/,
    after: 'umlwatch vm1 -stop',
  },
};

let ended: () => void = () => undefined;

const placeholder = 'it has VM, FILE or the like in the place of what only the reader knows';
const changesHost = 'it changes accounts, packages, modules or settings of the host';
const network = 'test/network and test/cli/print/wrong-hints.test.ts';
const needsFault =
  'it takes a fault that tests make by other means; the command only shows, or the one of another hint';

/** Where they are followed instead, or why not. */
const elsewhere: Readonly<Record<string, string>> = {
  'umlwatch VM -info; -help tells more': placeholder,
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

beforeAll(() => {
  mkdirSync(bin);
  for (const name of ['umlmon', 'umlwatch', 'umladmin', 'umldir', 'umlrun', 'umlweb'])
    symlinkSync(join(root, 'dist', name), join(bin, name));
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nssl0 = pty' });
});
afterAll(async () => {
  shell('umladmin stop');
  const pid = join(world.runDir, 'vm1.pid');
  shell(`test ! -e ${pid} || kill $(cat ${pid}); sleep 1`);
  net.close();
  await world.close();
});

test('the table has every hint of the sources that is a command, and no other', () => {
  const found = [...hintsOfSources().keys()].filter((text) => commandForm.test(text));
  const known = [...Object.keys(followed), ...Object.keys(elsewhere)];
  expect(found.filter((text) => !known.includes(text))).toEqual([]);
  expect(known.filter((text) => !found.includes(text))).toEqual([]);
  expect(Object.keys(followed).filter((text) => text in elsewhere)).toEqual([]);
});

test.each(Object.entries(followed))(
  '%s',
  (_text, { given, line, command = /^(.*)$/, ends = [0], after, within }) => {
    given?.();
    const { said } = shell(line, within);
    const [, hint = ''] =
      /\(hint: ([\s\S]*)\)\s*$/.exec(
        said
          .trimEnd()
          .split('\n')
          .find((one) => one.includes('(hint: ')) ?? '',
      ) ?? [];
    const [, typed = ''] = command.exec(hint) ?? [];
    expect(typed, said).not.toBe('');
    const followedBy = shell(typed, within);
    expect(ends, `${typed}: ${followedBy.said}`).toContain(followedBy.status);
    ended();
    if (after !== undefined) {
      const cured = shell(after, within);
      expect(cured.status, cured.said).toBe(0);
    }
  },
);
