/** What another user of the host, and the network, can reach of a VM that runs. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HostileVm } from '../../helpers/hostile/hostile-vm.ts';

/** A uid that no account has, and that no VM uses. */
const stranger = 61_018;
let vm: HostileVm;
let monitor: number;

beforeAll(async () => {
  vm = new HostileVm();
  await vm.start();
  monitor = (await vm.client.call('info', undefined)).monitorPid;
});

afterAll(() => vm.close());

function asStranger(command: string, args: readonly string[]) {
  const identity = ['--reuid', `${stranger}`, '--regid', `${stranger}`, '--clear-groups', '--'];
  return spawnSync('setpriv', [...identity, command, ...args], { encoding: 'utf8', cwd: '/' });
}

/** What find(1), run by the stranger, finds below VARDIR and RUNDIR, without the tree that is shared. */
function found(...tests: readonly string[]): string[] {
  const { varDir, runDir } = vm.world;
  const where = [varDir, runDir, '-path', join(varDir, 'shared'), '-prune', '-o'];
  const { stdout } = asStranger('find', [...where, ...tests, '-print']);
  const lines = stdout.split('\n').filter(Boolean);
  return lines.map((path) => path.replace(varDir, 'VARDIR').replace(runDir, 'RUNDIR'));
}

test('a user without rights can list which VMs there are, and write nothing', () => {
  expect(found('-readable').sort()).toEqual(['RUNDIR', 'VARDIR']);
  expect(found('-writable', '-not', '-type', 'l')).toEqual([]);
});

test('a user without rights reaches no socket and no file of a VM, by whatever name', () => {
  const { varDir } = vm.world;
  const sockets = [
    `${varDir}/vm1/ctrl`,
    `${varDir}/vm1/run/uml/vm1/mconsole`,
    ...readdirSync(`${varDir}/vm1/run/mon`).map((name) => `${varDir}/vm1/run/mon/${name}`),
  ];
  expect(sockets.length).toBeGreaterThan(3);
  // 13 is EACCES.
  const script =
    'use Socket; for (@ARGV) { for my $kind (SOCK_STREAM, SOCK_DGRAM) { socket(S, AF_UNIX, $kind, 0); ' +
    'print connect(S, pack_sockaddr_un($_)) ? "connected to $_" : $! + 0, "\\n" } }';
  const { stdout } = asStranger('/usr/bin/perl', ['-e', script, ...sockets]);
  expect(stdout).toBe('13\n'.repeat(2 * sockets.length));
  const files = [
    ...['jail/disks/root.dsk', 'log/con0', 'config'].map((name) => `${varDir}/vm1/${name}`),
    ...['run.json', 'status', 'vm.lock', 'monitor.lock'].map((name) => `${varDir}/vm1/${name}`),
  ];
  for (const path of files) expect(asStranger('cat', [path]).status, path).not.toBe(0);
});

test('a user without rights sees neither memory, nor descriptors, nor terminals of kernel and monitor', async () => {
  const kernel = await vm.kernelPid();
  for (const pid of [kernel, monitor])
    for (const file of ['mem', 'environ', 'fd/0', 'root/disks/root.dsk'])
      expect(asStranger('head', ['-c1', `/proc/${pid}/${file}`]).status, file).not.toBe(0);
  const terminal = readlinkSync(`/proc/${kernel}/fd/0`);
  expect(terminal).toMatch(/^\/dev\/pts\//);
  expect(asStranger('head', ['-c1', terminal]).status).not.toBe(0);
});

test('nothing listens on a network', () => {
  const tables = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6', 'packet'];
  const words = new Set(
    tables.flatMap((table) => readFileSync(`/proc/${monitor}/net/${table}`, 'latin1').split(/\s+/)),
  );
  const sockets = readdirSync(`/proc/${monitor}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${monitor}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  expect(sockets.length).toBeGreaterThan(0);
  expect(sockets.filter((inode) => words.has(inode))).toEqual([]);
});
