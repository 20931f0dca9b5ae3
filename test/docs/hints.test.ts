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
import { elsewhere } from './hint-places.ts';

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
const pidFile = join(world.runDir, 'vm1.pid');
/** Shell text that ends the monitor, and waits for that; a zombie has no program any more. */
const endMonitor = (signal: string) =>
  `pid=$(cat ${pidFile}); kill -${signal} $pid; while [ -e /proc/$pid/exe ]; do sleep 0.05; done`;
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
    given: () => shell(endMonitor('KILL')),
    line: 'umlwatch vm1 -info',
    command: /: (umlmon vm1)/,
    after: 'umlwatch vm1 -stop',
  },
};

let ended: () => void = () => undefined;

beforeAll(() => {
  mkdirSync(bin);
  for (const name of ['umlmon', 'umlwatch', 'umladmin', 'umldir', 'umlrun', 'umlweb'])
    symlinkSync(join(root, 'dist', name), join(bin, name));
  world.configure({ vm1: 'ubd0 = /disks/root.dsk\nssl0 = pty' });
});
afterAll(async () => {
  shell('umladmin stop');
  shell(`test ! -e ${pidFile} || { ${endMonitor('TERM')}; }`);
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
