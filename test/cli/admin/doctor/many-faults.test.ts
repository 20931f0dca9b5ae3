/** Doctor on a host with five faults at once: each is named with its cure, and after the cures all is well. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NetworkWorld } from '../../../helpers/host/network-world.ts';

const host = new NetworkWorld();
const { world } = host;
const on = (command: string) => host.host.run(command);
const nat = (n: number, more = '') =>
  `eth0 = nat(name=web, subnet=10.9.9.0/24, guest_addr=10.9.9.${n}${more})`;
let listener: ChildProcess;

/** The commands of the hints, up to what the reader may do instead. */
const cures = (text: string) =>
  [...text.matchAll(/→ (.*)$/gm)].flatMap(([, hint = '']) => (hint.split(', or ')[0] ?? '').split('; '));
const doctor = () => world.run('umladmin', ['doctor']).stdout;
const wrong = () => doctor().replace(/^ *good .*$/gm, '');

beforeAll(async () => {
  on('ip link add wan0 type veth peer name wan1');
  on('ip link set wan0 up');
  on('ip addr add 192.0.2.1/24 dev wan0');
  world.configure({
    web: `vmuser = irc\nmem = 64M\nubd0 = /disks/root.dsk\n${nat(2, ', forward=8080:80')}`,
    db: 'vmuser = news\nmem = 64M\nubd0 = /disks/root.dsk',
    mail: 'vmuser = uucp\nmem = 64M\nubd0 = /shared/disks/root.dsk ro\nroot_mode = ro',
    lan: `vmuser = proxy\nmem = 64M\nubd0 = /disks/root.dsk\n${nat(3)}`,
  });
  for (const [vm, uid] of [
    ['web', 39],
    ['db', 9],
    ['lan', 13],
  ] as const)
    chownSync(world.addImage(vm), uid, uid);
  world.addSharedImage();
  // 1: an image of another owner. 2: the disk of another program. 3: a directory that the user of the VM cannot pass.
  const image = world.addImage('web');
  chownSync(image, 0, 0);
  chmodSync(image, 0o600);
  const qcow2 = Buffer.alloc(1024 ** 2);
  qcow2.write('QFI\xfb\0\0\0\x03', 'latin1');
  writeFileSync(world.addImage('db', 'root.dsk', 9), qcow2);
  chmodSync(dirname(world.addSharedImage()), 0o700);
  // 4: a program at the forwarded port. 5: a firewall that drops what is forwarded, as Docker sets it.
  listener = spawn('ip', ['netns', 'exec', host.host.name, 'busybox', 'nc', '-l', '-p', '8080']);
  on('nft add table ip filter');
  on('nft add chain ip filter FORWARD { type filter hook forward priority 0 ; policy drop ; }');
});
afterAll(async () => {
  listener.kill();
  await host.close();
});

test('five faults are named with their cures, and the cures work', async () => {
  await expect.poll(() => on('ss -ltn')).toContain(':8080');
  const said = wrong();
  for (const named of [
    /\[web\] ubd0: user irc may not write .*uid 0/,
    /\[db\] ubd0: .* is a qcow2 image, not a disk image/,
    /\[mail\] ubd0: user uucp cannot enter the directory/,
    /\[web\] eth0: forward: tcp port 8080 of the host is in use: busybox \(pid \d+\)/,
    /\[lan\] eth0: .*FORWARD.*drop/,
  ])
    expect(said).toMatch(named);
  for (const command of cures(said)) {
    if (/^(?:chown|chmod|nft) /.test(command)) host.host.run(command);
    // No other program makes a disk of it here: its image is put back instead.
    if (command.startsWith('qemu-img ')) chownSync(world.addImage('db'), 9, 9);
  }
  const [, pid] = /in use: busybox \(pid (\d+)\)/.exec(said) ?? [];
  process.kill(Number(pid));
  await expect.poll(wrong, { timeout: 10_000 }).not.toMatch(/\[(?:web|db|mail|lan)\]/);
});
