import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { kernelArguments } from '../../src/kernel/command-line.ts';
import { KernelSender } from '../../src/kernel/kernel-sender.ts';
import { resolveLibraries } from '../../src/kernel/libraries.ts';
import { findLoopsPerJiffy } from '../../src/kernel/lpj.ts';
import { type Notification, NotifyListener } from '../../src/kernel/notify.ts';
import { probeKernel } from '../../src/kernel/probe.ts';
import { openDatagram, sendDatagram } from '../../src/system/native/native.ts';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const UID = 61_234;
const scratch = mkdtempSync(join(tmpdir(), 'umlmon-image-'));
chmodSync(scratch, 0o755);
afterAll(() => rmSync(scratch, { recursive: true }));

const made = join(scratch, 'made');
mkdirSync(made);
chownSync(made, UID, UID);
const image = join(made, 'demo.img');
// Made by a user without privileges: what it holds belongs to root all the same.
const user = ['--reuid', `${UID}`, '--regid', `${UID}`, '--clear-groups', '--no-new-privs'];
const maker = spawnSync('setpriv', [...user, 'sh', 'src/setup/image.sh', image, '24'], { encoding: 'utf8' });

const sbin = { env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' }, encoding: 'utf8' } as const;
const ask = (program: string, ...args: string[]) => execFileSync(program, args, { ...sbin, stdio: 'pipe' });

describe('the image', () => {
  test('any user can make it, silently, and no other file is left', () => {
    expect(maker).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(made)).toEqual(['demo.img']);
  });

  test('is a clean, sparse file system with blocks of 4 KiB', () => {
    expect(ask('e2fsck', '-fn', image)).toMatch(/Pass 5/);
    expect(ask('dumpe2fs', '-h', image)).toMatch(/^Block size: +4096$/m);
    const { size, blocks } = statSync(image);
    expect(size).toBe(24 * 1024 * 1024);
    expect(blocks * 512).toBeLessThan(size / 2);
  });

  test('belongs to root', () => {
    for (const directory of ['/', '/bin', '/etc', '/root']) {
      const entries = ask('debugfs', '-R', `ls -p ${directory}`, image).trim().split('\n');
      // /inode/mode/uid/gid/name/size/
      const owners = entries
        .filter((line) => line.startsWith('/'))
        .map((line) => line.split('/').slice(3, 5).join(':'));
      expect(owners.length).toBeGreaterThanOrEqual(2);
      expect(new Set(owners)).toEqual(new Set(['0:0']));
    }
  });

  test('has the usual programs', () => {
    const names = ask('debugfs', '-R', 'ls -p /bin', image);
    for (const name of ['busybox', 'sh', 'vi', 'less', 'top', 'poweroff', 'ip'])
      expect(names).toContain(`/${name}/`);
  });
});

test.each([[[]], [['a', '1', 'b']]])('%j is wrong usage', (args) => {
  expect(spawnSync('sh', ['src/setup/image.sh', ...args]).status).toBe(2);
});

/** The image booted in a jail, with con1 and ssl0 on sockets. */
class Guest {
  readonly directory = mkdtempSync(join(scratch, 'vm-'));
  readonly image = join(this.directory, 'root.dsk');
  readonly notifications: Notification[] = [];
  readonly shown = { con0: '', con1: '', ssl0: '' };
  readonly child: ChildProcess;
  readonly exited: Promise<unknown[]>;
  readonly #listener: NotifyListener;

  constructor(consoles: 'con1,ssl0' | 'con1' | '') {
    for (const name of ['uml', 'mon']) mkdirSync(join(this.directory, name));
    chmodSync(this.directory, 0o755);
    copyFileSync(image, this.image);
    for (const path of [this.image, join(this.directory, 'uml')]) chownSync(path, UID, UID);
    const notify = join(this.directory, 'mon/notify');
    this.#listener = NotifyListener.open(notify, (one) => this.notifications.push(one));
    this.#listener.hear(new KernelSender({ vm: 'vm1', uid: UID }, () => undefined));
    chmodSync(notify, 0o666);

    const kernel = probeKernel(testKernelDirectory());
    const { interpreter, libraries } = resolveLibraries(kernel.file, kernel.libraryDirectory);
    const binds = [
      ['--bind', this.image, '/disks/root.dsk'],
      ['--bind', join(this.directory, 'uml'), '/run/uml'],
      ['--ro-bind', join(this.directory, 'mon'), '/run/mon'],
      ['--ro-bind', kernel.file, '/kernel/linux'],
      ...(interpreter ? [['--ro-bind', interpreter.hostPath, interpreter.jailPath]] : []),
      ...libraries.map(({ name, hostPath }) => ['--ro-bind', hostPath, `/lib/${name}`]),
    ].flat();
    const jail = [
      ...[
        '--unshare-user',
        '--unshare-pid',
        '--unshare-net',
        '--unshare-ipc',
        '--unshare-uts',
        '--new-session',
      ],
      ...[
        '--die-with-parent',
        '--cap-drop',
        'ALL',
        '--clearenv',
        '--setenv',
        'TMPDIR',
        '/tmp',
        '--tmpfs',
        '/tmp',
      ],
    ];
    const channels = { con1: 3, ssl0: 4 } as const;
    const linux = kernelArguments({
      name: 'demo7',
      memory: 64 * 1024 * 1024,
      root: '/dev/ubda',
      rootMode: 'rw',
      networks: [],
      disks: [
        {
          unit: 0,
          jailPath: '/disks/root.dsk',
          readOnly: false,
          sync: false,
          kernelLock: true,
          trim: true,
          serial: '',
        },
      ],
      consoles: [
        { channel: 'con0', input: 0, output: 1 },
        ...(['con1', 'ssl0'] as const)
          .filter((channel) => consoles.includes(channel))
          .map((channel) => ({ channel, input: channels[channel], output: channels[channel] })),
      ],
      umlDirectory: '/run/uml/',
      umid: 'vm1',
      notify: '/run/mon/notify',
      fastBoot: true,
      loopsPerJiffy: 38_682_624,
      append: [],
    });
    this.child = spawn(
      'setpriv',
      [...user, '--', 'setarch', '-R', 'bwrap', ...jail, ...binds, '--', '/kernel/linux', ...linux],
      { stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'], cwd: '/' },
    );
    this.exited = once(this.child, 'exit');
    for (const [channel, index] of [
      ['con0', 1],
      ['con0', 2],
      ['con1', 3],
      ['ssl0', 4],
    ] as const) {
      const stream = this.#stream(index);
      stream.on('data', (part: Buffer) => {
        this.shown[channel] += part.toString();
      });
      stream.on('error', (error) => {
        this.shown[channel] += `[${error.message}]`;
      });
    }
  }

  #stream(index: number): Duplex {
    return this.child.stdio[index] as Duplex;
  }

  type(channel: 'con1' | 'ssl0', text: string): void {
    this.#stream(channel === 'con1' ? 3 : 4).write(text);
  }

  /** Waits; the limit of the test ends a wait in vain. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`the kernel ended:\n${this.shown.con0}${this.shown.con1}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  booted(): Promise<void> {
    return this.until(() =>
      this.notifications.some(({ type, text }) => type === 'user' && text.trim() === 'booted'),
    );
  }

  /** Types, and waits for what is printed then. */
  async expect(channel: 'con1' | 'ssl0', keys: string, output: RegExp): Promise<void> {
    const before = this.shown[channel].length;
    this.type(channel, keys);
    await this.until(() => output.test(this.shown[channel].slice(before)));
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.exited;
    this.#listener.close();
    rmSync(this.directory, { recursive: true });
  }
}

describe('the demo guest', () => {
  let guest: Guest;
  afterEach(() => guest.stop());
  const prompt = /demo7:\/root# /;
  /** Ended by itself, and with a root file system that needs no repair and no journal replay. */
  const endsCleanly = async (status = 0) => {
    expect(await guest.exited).toEqual([status, null]);
    expect(ask('e2fsck', '-fn', guest.image)).not.toMatch(/journal/);
    expect(ask('dumpe2fs', '-h', guest.image)).toMatch(/^Filesystem state: +clean$/m);
    expect(ask('dumpe2fs', '-h', guest.image)).not.toMatch(/needs_recovery/);
  };

  test('boots, has shells on its consoles, and powers off', async () => {
    guest = new Guest('con1,ssl0');
    await guest.booted();
    expect(findLoopsPerJiffy(guest.shown.con0)).toBe(38_682_624);
    await guest.until(() => prompt.test(guest.shown.con1) && prompt.test(guest.shown.ssl0));
    await guest.expect('con1', 'tty; hostname; echo $TERM\n', /\/dev\/tty1\r\ndemo7\r\nxterm-256color/);
    await guest.expect('ssl0', 'tty\n', /\/dev\/ttyS0\r\n/);
    await guest.expect('con1', 'cat /proc/sys/kernel/ctrl-alt-del /etc/passwd\n', /\n0\r\nroot:/);
    await guest.expect('con1', 'echo kept >/root/file; ip -o link show lo\n', /lo: <LOOPBACK,UP/);
    guest.type('con1', 'poweroff\n');
    await endsCleanly();
    expect(ask('debugfs', '-R', 'cat /root/file', guest.image)).toContain('kept');
  });

  test('gives every shell its terminal: ctrl-C, ctrl-\\, and a new shell after the last one', async () => {
    guest = new Guest('con1');
    await guest.until(() => prompt.test(guest.shown.con1));
    for (const key of ['\x03', '\x1c']) {
      guest.type('con1', 'cat -n\n');
      await guest.expect('con1', 'is cat there\n', /1\tis cat there\r\n/);
      await guest.expect('con1', key, prompt);
      await guest.expect('con1', 'echo status $?\n', /status 13[01]\r\n/);
    }
    await guest.expect('con1', 'exit\n', /built-in shell[\s\S]*demo7:\/root# /);
    guest.type('con1', 'reboot\n');
    await endsCleanly(); // noreboot: the monitor would start it again.
  });

  test('powers off when ctrl-alt-del is pressed, also without any shell', async () => {
    guest = new Guest('');
    await guest.booted();
    // uml_mconsole would wait for an answer, which cannot reach it from the guest's namespaces.
    const command = Buffer.from('\0\0\0\0\0\0\0\0\0\0\0\0cad');
    for (const [index, word] of [0xcafebabe, 2, 'cad'.length].entries())
      command.writeUInt32LE(word, index * 4);
    const fd = openDatagram('');
    sendDatagram(fd, command, join(guest.directory, 'uml/vm1/mconsole'));
    closeSync(fd);
    await endsCleanly();
  });
});
