import { type Environment, everywhere, type Refused } from './environment.ts';

const flags = 'noexec,nodev,nosuid';
/** Where the file system of RUNDIR is mounted. */
const runtime = '"$([ $who = root ] && echo /run || echo /run/user/$uid)"';

/** bubblewrap builds the root of a jail there. */
const noTmp: Refused = { cause: /./, hint: /mkdir -m 1777 \/tmp/ };

/** Mount flags, and directories that vanish. */
export const fileSystems: readonly Environment[] = [
  { name: `${flags} on RUNDIR`, before: `mount -o remount,${flags} ${runtime}` },
  { name: `${flags} on /tmp`, who: ['root'], before: `mount -o remount,${flags} /tmp` },
  { name: `${flags} on VARDIR`, before: `mount -o remount,${flags} "$var"` },
  {
    name: `${flags} on all three`,
    before: `for place in ${runtime} /tmp "$var"; do mount -o remount,${flags} "$place"; done`,
  },
  {
    name: 'read-only root',
    before:
      'mount -t tmpfs none /root; mount -o remount,ro /; for d in /usr /etc; do mount -o remount,bind,ro $d; done',
  },
  {
    name: 'read-only root, and no /tmp to write to',
    who: ['user'],
    before: 'mount -o remount,ro /tmp; mount -t tmpfs none /root; mount -o remount,ro /',
  },
  { name: 'no /tmp', before: 'umount /tmp; rmdir /tmp', refused: everywhere(noTmp) },
  {
    name: '/tmp removed under way',
    underWay: 'umount /tmp && rmdir /tmp',
    refused: { umlrun: noTmp, 'umlrun -root': noTmp },
  },
  {
    name: 'RUNDIR removed under way',
    underWay: `rm -rf "$run"
      for wait in 0.1 0.2 0.5 1 2; do program umlwatch vm1 -info >/dev/null 2>&1 && exit 0; sleep $wait; done
      echo 'the monitor cannot be reached any more'; exit 1`,
  },
  {
    name: 'RUNDIR removed under way: one monitor',
    underWay: `rm -rf "$run"
      for pid in /proc/[0-9]*; do grep -q umlmon "$pid/comm" && echo "$pid"; done | wc -l >/opt/before
      program umladmin start vm1 >/opt/said 2>&1
      for pid in /proc/[0-9]*; do grep -q umlmon "$pid/comm" && echo "$pid"; done | wc -l >/opt/after
      cmp /opt/before /opt/after || { cat /opt/said; exit 1; }`,
  },
  { name: 'no /dev/shm', who: ['user'], before: 'umount /dev/shm' },
  { name: 'no /dev/net/tun', who: ['root'], before: 'mount -t tmpfs none /dev/net' },
  { name: 'no /sys', before: 'umount -R /sys' },
  { name: 'read-only /sys', who: ['user'], before: 'mount -o remount,bind,ro /sys' },
  {
    name: 'no writing to /proc/sys',
    before: 'mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys',
  },
  { name: 'hidepid=2 on /proc', who: ['user'], before: 'mount -o remount,hidepid=2 /proc' },
];
