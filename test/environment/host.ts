import { type Environment, everywhere } from './environment.ts';

/** Shell text that puts the row in a cgroup of its own, with limits. run-row.ts removes it. */
const cgroup = (hierarchy: string, settings: readonly (readonly [string, string])[]) => `
  group=/sys/fs/cgroup/${hierarchy}/umlmon-matrix-$uid
  mkdir -p $group
  ${settings.map(([file, value]) => `echo ${value} >$group/${file} || exit 1`).join('\n  ')}
  echo $$ >$group/cgroup.procs`;

const needsV1 = (controller: string) =>
  `[ -e /sys/fs/cgroup/${controller}/cgroup.procs ] || { echo 'the host has no controller ${controller} of cgroup v1'; exit 1; }`;
const needsV2 = (controller: string) =>
  `grep -qsw ${controller} /sys/fs/cgroup/cgroup.subtree_control || { echo 'the host has no controller ${controller} of cgroup v2'; exit 1; }`;

/** Bytes of memory for a VM of 64 MiB and its monitor, and for less than that. */
const enough = `${400 * 1024 ** 2}`;
const little = `${60 * 1024 ** 2}`;
const tooLittle = everywhere({ cause: /60 MiB of cgroup \/umlmon-matrix/, hint: /less|raise/ });

/** Limits of cgroups(7), of both versions. */
const cgroups: readonly Environment[] = [
  {
    name: 'cgroup v1: memory of 400 MiB',
    who: ['user'],
    needs: needsV1('memory'),
    before: cgroup('memory', [['memory.limit_in_bytes', enough]]),
  },
  {
    name: 'cgroup v1: memory of 60 MiB',
    needs: needsV1('memory'),
    before: cgroup('memory', [['memory.limit_in_bytes', little]]),
    refused: tooLittle,
  },
  {
    name: 'cgroup v1: 150 processes',
    who: ['user'],
    needs: needsV1('pids'),
    before: cgroup('pids', [['pids.max', '150']]),
  },
  {
    name: 'cgroup v1: half a core',
    who: ['root'],
    needs: needsV1('cpu'),
    before: cgroup('cpu', [['cpu.cfs_quota_us', '50000']]),
  },
  {
    name: 'cgroup v1: one core',
    who: ['root'],
    needs: needsV1('cpuset'),
    before: cgroup('cpuset', [
      ['cpuset.mems', '0'],
      ['cpuset.cpus', '1'],
    ]),
  },
  {
    name: 'cgroup v2: memory of 400 MiB',
    who: ['user'],
    needs: needsV2('memory'),
    before: cgroup('', [['memory.max', enough]]),
  },
  {
    name: 'cgroup v2: memory of 60 MiB',
    needs: needsV2('memory'),
    before: cgroup('', [['memory.max', little]]),
    refused: tooLittle,
  },
  {
    name: 'cgroup v2: 150 processes',
    who: ['user'],
    needs: needsV2('pids'),
    before: cgroup('', [['pids.max', '150']]),
  },
];

/** A host with a way out, and a VM behind nat. */
const uplink = `
  ip link set lo up; ip link add out0 type veth peer name out1; ip link set out1 up; ip addr add 192.0.2.1/24 dev out0
  ip link set out0 up; ip route add default via 192.0.2.9`;
const behindNat = {
  who: ['root'],
  vm: 'eth0 = nat(name=lan, subnet=10.8.0.0/24, guest_addr=10.8.0.2)',
} as const;
/** Shell function: the guest configures its network, and reaches the host. */
const reach = `reach() {
    commands=$(program umlwatch vm1 -info -json |
      /opt/node/node -p 'JSON.parse(fs.readFileSync(0)).networks[0].guestCommands.join(";")')
    program umlwatch vm1 -run "$commands; ping -c 1 -W 3 10.8.0.1"
  }`;
const again = `for wait in 0.05 0.1 0.2 0.5 1 2; do nft list ruleset | grep -q 10.8.0.0 && break; sleep $wait; done
  nft list ruleset | grep 10.8.0.0 || { echo 'the rules of the VM are gone'; exit 1; }`;
/** Shell text: -check and -info name a chain that drops what the VM sends. */
const named = (chain: string) =>
  `{ program umlmon -check vm1; program umlwatch vm1 -info; } 2>&1 | grep -q ${chain} || { echo '${chain} is not named'; exit 1; }`;

/** What the network of the host lacks, and what others do to it. */
const networks: readonly Environment[] = [
  { name: 'nat', ...behindNat, before: uplink, underWay: `${reach}; reach` },
  {
    name: 'no IPv6',
    ...behindNat,
    before: `${uplink}
      for name in all default; do echo 1 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done`,
    underWay: `${reach}; reach`,
  },
  {
    name: 'a kernel without IPv6',
    ...behindNat,
    before: `${uplink}
      for name in all default; do echo 1 >/proc/sys/net/ipv6/conf/$name/disable_ipv6; done
      mkdir /opt/empty; mount --bind /opt/empty /proc/sys/net/ipv6; mount --bind /opt/empty /proc/self/net/stat`,
    underWay: `${reach}; reach`,
  },
  {
    name: 'nftables emptied under way',
    ...behindNat,
    before: uplink,
    underWay: `${reach}; nft flush ruleset; ${again}; reach`,
  },
  {
    name: 'FORWARD of Docker drops',
    ...behindNat,
    before: `${uplink}
      nft add table ip filter
      nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'`,
    underWay: `${reach}; ${named('FORWARD')}; reach`,
  },
  {
    name: 'firewalld reloads',
    ...behindNat,
    needs:
      'command -v firewalld dbus-daemon >/dev/null || { echo "no firewalld (packages firewalld, dbus)"; exit 1; }',
    // Its bus is one of this row.
    before: `${uplink}
      mkdir -p /run/dbus; dbus-daemon --system --fork --nopidfile
      firewalld --nopid --nofork >/dev/null 2>&1 & firewalld=$!
      for wait in 0.5 0.5 0.5 1 1 1 1 2 2; do firewall-cmd --state >/dev/null 2>&1 && break; sleep $wait; done`,
    underWay: `trap 'kill $firewalld $(pidof dbus-daemon)' EXIT
      ${reach}; firewall-cmd --reload; ${again}; ${named('filter_FWD_public')}`,
  },
  {
    name: 'what firewalld does at a reload',
    ...behindNat,
    before: `${uplink}
      firewalld() { nft -f - <<'END'
table inet firewalld {
  chain filter_FORWARD {
    type filter hook forward priority filter + 10; policy accept
    ct state established,related accept
    reject with icmpx admin-prohibited
  }
}
END
      }
      firewalld`,
    underWay: `${reach}; nft delete table inet firewalld; firewalld; ${again}; ${named('filter_FORWARD')}; reach`,
  },
  {
    name: 'a way out that goes away and comes back',
    ...behindNat,
    before: uplink,
    underWay: `${reach}; ip link delete out0; ${uplink}; ${again}; reach`,
  },
];

/** Variables under which a program sees another time of day, which /opt/clock sets. */
const faked = {
  LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  FAKETIME_TIMESTAMP_FILE: '/opt/clock',
  FAKETIME_NO_CACHE: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  NO_FAKE_STAT: '1',
};
const jump = (seconds: number) => `
  echo ${seconds < 0 ? '' : '+'}${seconds} >/opt/clock
  program umlwatch vm1 -run 'echo $((6*7))'
  program umlwatch vm1 -info >/dev/null
  grep -qz libfaketime "/proc/$(cat "$run/vm1.pid")/environ" || { echo 'the monitor sees the true time'; exit 1; }`;

/** Time of day, and since the boot. A time namespace has no time of day of its own, so that comes from libfaketime(1). */
const clocks: readonly Environment[] = [
  ...[-7200, 7200, -400_000_000, 400_000_000].map((seconds) => ({
    name: `clock set ${seconds < 0 ? 'back' : 'forward'} by ${Math.abs(seconds)} s under way`,
    needs: `[ -e ${faked.LD_PRELOAD} ] || { echo 'no libfaketime'; exit 1; }`,
    before: 'echo +0 >/opt/clock; chmod 644 /opt/clock',
    variables: faked,
    start: 'foreground' as const,
    ...(Math.abs(seconds) > 7200 ? { who: ['root'] as const } : {}),
    underWay: jump(seconds),
  })),
  {
    name: 'up for ten days',
    who: ['user'],
    namespaces: ['--time', '--monotonic', '864000', '--boottime', '864000'],
  },
  {
    name: 'up for twenty years',
    namespaces: ['--time', '--monotonic', '630000000', '--boottime', '630000000'],
  },
];

export const hostStates: readonly Environment[] = [...cgroups, ...networks, ...clocks];
