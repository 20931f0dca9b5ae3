/**
 * Every command line that README, docs/install.md and the manual pages print: run here as it is printed, or the table says what runs it
 * instead. The blocks of GETTING STARTED are in examples.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const root = join(import.meta.dirname, '../..');

/** The first words of a command line; options and arguments follow. */
const programs =
  'apt-get cat chmod chown cp curl echo install ip kill ln man mkdir mount npm nft openssl rm sh systemctl systemd-sysusers umladmin umldir umlmon umlrun umlwatch umlweb update-rc.d';
const commandForm = new RegExp(
  `^(?:\\w+[#$] |[#$] )?((?:[A-Z_0-9]+=\\S+ )?(?:${programs.replaceAll(' ', '|')}) [^|*].*)$`,
);

/** The command lines of a page: in indented blocks, and after the prompt in blocks of a console. */
function commandsOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  const consoles = [...text.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => /^[#$] /.test(line)),
  );
  const indented = text
    .replace(/^ *```.*\n[\s\S]*?^ *```$/gm, '')
    .split('\n')
    .filter((line) => /^ {4,}\S/.test(line) && !/\*\*|\.$/.test(line));
  return [...consoles, ...indented].flatMap((line) => commandForm.exec(line.trim())?.[1] ?? []);
}

interface Shown {
  /** Lines of a shell that come before it. */
  readonly before?: string;
  /** In the guest, by -run; else on the host. */
  readonly guest?: true;
  /** It runs until it is stopped. */
  readonly endless?: true;
  /** Where it runs, or why it cannot run in a test; absent: it is run here. */
  readonly elsewhere?: string;
}

const container = 'systemd runs in test/systemd/container.test.ts';
const twoHosts =
  'it takes another host: test/directory/two-hosts.test.ts, test/cli/umlwatch.test.ts, test/web';
const inGuest = 'what a guest does with the addresses of its network: test/network';
const down = 'umlwatch vm1 -stop || true';

/** In the order in which they run; the same line on several pages runs once. */
const table: Readonly<Record<string, Shown>> = {
  'npm run demo': { elsewhere: 'test/setup/scripts.test.ts' },
  'npm test': { elsewhere: 'it is what runs this' },
  'sh src/setup/packages.sh run': {},
  'npm run install-host': {},
  'systemd-sysusers && systemd-tmpfiles --create umlmon.conf': { elsewhere: container },
  'systemctl daemon-reload': { elsewhere: container },
  'systemctl enable --now umlmon.target': { elsewhere: container },
  'systemctl status umlmon@vm1': { elsewhere: container },
  'cat /etc/umlmon/umlmon.ini': {
    before: `mkdir -p /var/lib/umlmon/shared/kernels
umladmin doctor || true
umladmin list 2>&1 | sed -n 's/.*start with the example: \\(.*\\))$/\\1/p' | sh -ex
test -s /etc/umlmon/umlmon.ini
rm /etc/umlmon/umlmon.ini
test "$(umladmin kernel list)" = 'there is no kernel; umladmin kernel fetch gets one'
umladmin kernel fetch
printf '[vm1]\\nmem = 128M\\nubd0 = /disks/root.dsk\\nmetrics = socket\\nssl0 = pty\\neth0 = network(name=first)\\n' >/etc/umlmon/umlmon.ini
umladmin user vm1`,
  },
  'umlmon vm1': {},
  'umlwatch vm1 -start': {
    before: `sh src/setup/image.sh /var/lib/umlmon/vm1/jail/disks/root.dsk
chown uml-vm1: /var/lib/umlmon/vm1/jail/disks/root.dsk
umladmin disk create vm1:/disks/data.dsk 16M`,
  },
  "umlwatch vm1 -run 'hostname; free -m | grep Mem'": {},
  "echo 'uname -r' | umlwatch vm1 -connect con1": {},
  'umlwatch vm1 -json -info | jq -r .state': {},
  "umlwatch vm1 -plug ubd1 '/disks/data.dsk ro'": {},
  'umlwatch vm1 -unplug ubd1': {},
  "umlwatch vm1 -plug-net eth1 'network(name=lab)'": {},
  'umlwatch vm1 -unplug-net eth1': {},
  "echo 'ready' >/proc/mconsole": { guest: true },
  "echo 'ip=10.0.0.2' >/proc/mconsole": { guest: true },
  'LIBMOUNT_FORCE_MOUNT2=always mount -t hostfs none /lib/modules -o /kernel/modules': { guest: true },
  'umlwatch vm1 -screen con1 -html > con1.html': {},
  'umlwatch vm1 -events -since 1': { endless: true },
  'curl --unix-socket /var/lib/umlmon/vm1/metrics http://localhost/metrics': {},
  'umlwatch vm1 -stop': {},
  'umlwatch vm1 -start -wait ready -connect con1': { before: down },
  'umlwatch vm1 -start -wait guest -connect con1': {
    elsewhere: 'it takes a guest that says so when it boots: test/monitor/start/ready.test.ts',
  },
  'umlwatch vm1 -start -connect con1 -stop -timeout 10s': { before: down },
  "umlwatch vm1 -start -expect 'login: ' -send 'root\\r' -expect '[#$] $' -run 'uname -a'": {
    elsewhere: 'it takes a guest that asks for a name: test/cli/automation/console-script.test.ts',
  },
  'mkdir -p /var/lib/umlmon/vm1/jail/usr/bin': {},
  'chmod 755 /var/lib/umlmon/vm1/jail/usr /var/lib/umlmon/vm1/jail/usr/bin': {},
  'cp /usr/bin/uml_watchdog /var/lib/umlmon/vm1/jail/usr/bin': {},
  'umlmon -check': {},
  'umlmon -plan vm1 -json | jq -r \'.sandbox.command | join(" ")\'': {},
  'umladmin config set vm1 mem 512M': {},
  'umladmin update -n': {},
  'umladmin update': {},
  'umladmin -json doctor | jq \'.findings[] | select(.level != "good")\'': {},
  'umladmin start -wait ready': {},
  'umladmin stop -timeout 60s': {},
  'umladmin disk create /shared/disks/base.dsk 10G -ext4': { before: 'umladmin stop; ' },
  'umladmin disk cow-create vm1:/disks/root.cow /shared/disks/base.dsk': {},
  'umladmin -json disk list | jq \'.images[] | select(.problem != "")\'': {},
  'openssl rand -base64 18 | tee ~/umlmon-view | umladmin password -role view': {},
  'umlrun -root / -share "$PWD" -- make test': {
    before: 'mkdir -p /tmp/work; cd /tmp/work; printf "test:\\n\\techo tested\\n" >Makefile',
  },
  "umlrun -image debian.img -- sh -c 'apt-get --version; exit 7'": {
    elsewhere: 'it takes an image of Debian; exit statuses: test/umlrun/umlrun.test.ts',
  },
  'ip link set vec0 up': { elsewhere: inGuest },
  'ip addr add 192.168.2.2 peer 192.168.2.1 dev vec0': { elsewhere: inGuest },
  'ip route add default via 192.168.2.1 dev vec0': { elsewhere: inGuest },
  'umladmin password vm1                    on the host: asks for a new password': {
    elsewhere: 'it asks on a terminal: test/cli/admin/password.test.ts',
  },
  'umlwatch vm1@host.example:7001 -connect con1': { elsewhere: twoHosts },
  'umlwatch vm1@host.example:7001 -password-file ~/.vm1 -stats': { elsewhere: twoHosts },
  'umldir -list host1 -json | jq -r \'.entries[] | select(.vm.state == "running") | "\\(.vm.name)@\\(.host)"\'':
    {
      elsewhere: twoHosts,
    },
  'umlwatch vm7@host1 -connect con1': { elsewhere: twoHosts },
  'umladmin password -role operate': { elsewhere: twoHosts },
  'install -m 600 /dev/null /etc/umlmon/web.password': {},
};

const pages = [
  'README.md',
  'docs/install.md',
  ...readdirSync(join(root, 'docs')).flatMap((name) => (/\.\d\.md$/.test(name) ? [`docs/${name}`] : [])),
];

test('the table has every command line that is printed, and no other', () => {
  const printed = new Set(pages.flatMap(commandsOf));
  expect([...printed].filter((line) => !(line in table))).toEqual([]);
  expect(Object.keys(table).filter((line) => !printed.has(line))).toEqual([]);
});

test('they run as printed, on a host where umlmon was installed by docs/install.md', () => {
  const words = (line: string) => `'${line.replaceAll("'", "'\\''")}'`;
  const script = Object.entries(table).flatMap(([line, { before = '', guest, endless, elsewhere }]) => {
    if (elsewhere !== undefined) return [];
    if (guest) return [before, `umlwatch vm1 -run ${words(line)} -timeout 10s`];
    // A command must not write into the checkout.
    if (/ > [\w.]+$/.test(line)) return [before, `(cd "$(mktemp -d)"; ${line})`];
    return [before, endless ? `timeout 2 sh -c ${words(line)} || test $? = 124` : line];
  });
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      '--net',
      '--mount',
      ...[
        'sh',
        '-c',
        '! umount -l /run/netns; exec sh "$@"',
        'sh',
        join(root, 'test/helpers/host/private-host.sh'),
      ],
      'sh',
      '-exc',
      `ip link set lo up\n${script.join('\n')}\nnpm --prefix "$OLDPWD" run uninstall-host`,
    ],
    {
      cwd: root,
      encoding: 'utf8',
      input: 'echo hello\n',
      timeout: 100_000,
      killSignal: 'SIGKILL',
      env: { PATH: process.env.PATH, HOME: '/root', UMLMON_CACHE: dirname(testKernelDirectory()) },
    },
  );
  expect(status, `${stdout.slice(-1500)}\n${stderr.slice(-3000)}`).toBe(0);
  expect(stdout.slice(0, stdout.indexOf('uninstall-host'))).toContain('tested');
}, 120_000);

/** As mount(8) of Debian 13 mounts: it opens the file system, and sets each option by itself (fsconfig(2)). */
const newMount = `
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    result = libc.syscall(*words)
    return result if result >= 0 else -ctypes.get_errno()
fd = call(430, b"hostfs", 0)
print(call(431, fd, 0, b"/kernel", None, 0), call(431, fd, 1, b"hostfs", b"/kernel", 0), call(431, fd, 6, None, None, 0))
call(429, call(432, fd, 0, 0), b"", -100, b"/mnt", 4)
print(os.listdir("/mnt"))
`;

test('hostfs in fstab of a guest whose mount(8) sets options one by one: hostfs=PATH, and not the path alone', () => {
  const kernel = testKernelDirectory();
  const { stdout, stderr } = spawnSync(
    join(root, 'dist/umlrun'),
    ['-kernel', kernel, '-root', '/', '--', 'python3', '-c', newMount],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(stderr).toBe('');
  expect(stdout).toBe("-22 0 0\n['linux']\n");
  expect(readFileSync(join(root, 'docs/umlmon.7.md'), 'utf8')).toContain('**hostfs=/kernel/modules**');
});
