import { closeSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KernelSender } from '../../src/kernel/kernel-sender.ts';
import { Mconsole } from '../../src/kernel/mconsole.ts';
import { type Notification, NotifyListener } from '../../src/kernel/notify.ts';
import { openDatagram, sendDatagram } from '../../src/system/native/native.ts';
import { makeTestDirectory, startTestKernel, TEST_UID, type TestKernel } from '../helpers/guest/kernel.ts';

const home = process.cwd();
const socket = 'run/uml/vm1/mconsole';
const notifications: Notification[] = [];
/** The user is known before the kernel is there. */
const sender = new KernelSender({ vm: 'vm1', uid: TEST_UID }, () => undefined);
let kernel: TestKernel;
let listener: NotifyListener;
let mconsole: Mconsole;
let directory: string;

const notified = async (condition: (one: Notification) => boolean): Promise<Notification> => {
  for (;;) {
    const found = notifications.find(condition);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A request that is not in the table of Mconsole, from a client that wants no answer. */
function sendRaw(bytes: Buffer): void {
  const fd = openDatagram('');
  sendDatagram(fd, bytes, socket);
  closeSync(fd);
}

beforeAll(async () => {
  directory = makeTestDirectory();
  process.chdir(directory);
  listener = NotifyListener.open('run/mon/notify', (notification) => notifications.push(notification));
  listener.hear(sender);
  kernel = startTestKernel(directory, { args: ['mconsole=notify:run/mon/notify'] });
  mconsole = Mconsole.open('run/mon/reply', socket, sender);
  await notified(({ type }) => type === 'socket');
  await kernel.shown('READY');
});
afterAll(async () => {
  mconsole.close();
  listener.close();
  process.chdir(home);
  await kernel.stop();
});

describe('a real kernel, in namespaces of its own,', () => {
  test('announces its socket', () => {
    expect(notifications[0]).toEqual({ type: 'socket', text: '/run/uml/vm1/mconsole' });
  });

  test('answers version', async () => {
    const { text, truncated } = await mconsole.request('version');
    expect(text).toMatch(/^Linux \S+ \d+\.\d+\.\S+ .*\S$/);
    expect(truncated).toBe(false);
    kernel.type('uname -r');
    await kernel.shown(text.split(' ')[2] ?? 'no release');
  });

  test('answers help in two packets, which are joined', async () => {
    const { text, truncated } = await mconsole.request('help');
    expect(text.length).toBeGreaterThan(512);
    expect(text).toMatch(/^Commands: \n {4}version/);
    expect(text).toContain('stack <pid>');
    expect(truncated).toBe(false);
  });

  test('shows a file of its proc', async () => {
    const { text } = await mconsole.request('proc cmdline');
    expect(text).toContain('mconsole=notify:run/mon/notify');
  });

  test('reports a refusal as text, and answers the next request', async () => {
    await expect(mconsole.request('proc no/such/file')).rejects.toMatchObject({ code: 'MCONSOLE_REFUSED' });
    await expect(mconsole.request('config bogus')).rejects.toMatchObject({
      code: 'MCONSOLE_REFUSED',
      place: 'mconsole config bogus',
      reason: expect.stringMatching(/\S/),
    });
    expect((await mconsole.request('version')).text).toMatch(/^Linux/);
  });

  test('answers sysrq t, whose parts may be lost, and nothing of it reaches the next request', async () => {
    const { text } = await mconsole.request('sysrq t');
    expect(text).toContain('task:');
    for (let i = 0; i < 20; i++) expect((await mconsole.request('version')).text).toMatch(/^Linux [^\n]*$/);
  });

  test('keeps the order of many requests, and refuses too many', async () => {
    const files = ['version', 'uptime', 'loadavg', 'filesystems'];
    const answers = await Promise.all(files.map((file) => mconsole.request(`proc ${file}`)));
    expect(answers[0]?.text).toContain('Linux version');
    expect(answers[2]?.text).toMatch(/\d\/\d/);
    expect(answers[3]?.text).toContain('ext4');
    const many = await Promise.allSettled(Array.from({ length: 400 }, () => mconsole.request('version')));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(300);
    expect(many.at(-1)).toMatchObject({ reason: { code: 'MCONSOLE_BUSY' } });
  });

  test('stops, stays stopped for any request, and continues', async () => {
    kernel.type('(while sleep 0.02; do echo tick; done) & ticker=$!');
    await kernel.shown('tick');
    await mconsole.request('stop');
    await expect(mconsole.request('stop')).rejects.toMatchObject({
      code: 'MCONSOLE_REFUSED',
      reason: 'Already stopped',
    });
    const seen = () => kernel.output().length;
    // What the guest wrote before may still be on its way.
    let before: number;
    do {
      before = seen();
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (seen() !== before);
    expect((await mconsole.request('version')).text).toMatch(/^Linux/);
    await expect(mconsole.request('config bogus')).rejects.toMatchObject({ code: 'MCONSOLE_REFUSED' });
    await expect(mconsole.request('bogus')).rejects.toMatchObject({ code: 'MCONSOLE_COMMAND' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen()).toBe(before);
    await mconsole.request('go');
    kernel.type('kill $ticker; echo resumed');
    await kernel.shown('resumed');
    expect(seen()).toBeGreaterThan(before);
  });

  test('answers a request that is stranded behind a malformed one', async () => {
    for (let i = 0; i < 10; i++) {
      sendRaw(Buffer.from('not a request'));
      expect((await mconsole.request('version')).text).toMatch(/^Linux/);
    }
  });

  test('passes on what the guest writes, made harmless and limited', async () => {
    kernel.type(`printf 'booted \\033[2J\\n' >/proc/mconsole`);
    expect((await notified(({ type }) => type === 'user')).text).toBe('booted \\x1b[2J');
    kernel.type(
      'i=0; while [ $i -lt 200 ]; do echo flood $i >/proc/mconsole; i=$((i+1)); done; echo flooded',
    );
    await kernel.shown('flooded');
    const passed = () => notifications.filter(({ text }) => text.startsWith('flood')).length;
    await expect.poll(() => passed() + listener.counts.suppressed).toBe(200);
    expect(listener.counts.suppressed).toBeGreaterThan(100);
    expect(listener.counts.malformed).toBe(0);
  });
});

describe('a hostile directory', () => {
  /** Something else in place of a file of the VM's, while `action` runs. */
  async function replaced(path: string, by: () => void, action: () => Promise<void>): Promise<void> {
    renameSync(path, `${path}.away`);
    by();
    try {
      await action();
    } finally {
      rmSync(path, { force: true });
      renameSync(`${path}.away`, path);
    }
  }
  const refused = async (reason: RegExp) => {
    await expect(mconsole.request('version')).rejects.toMatchObject({
      code: 'MCONSOLE_DOWN',
      reason: expect.stringMatching(reason),
    });
  };

  test('gains nothing by symbolic links', async () => {
    await replaced(
      socket,
      () => symlinkSync('mconsole.away', socket),
      () => refused(/not a socket/),
    );
    await replaced(
      'run/uml/vm1',
      () => symlinkSync('vm1.away', 'run/uml/vm1'),
      () => refused(/ENOTDIR|ELOOP/),
    );
    expect((await mconsole.request('version')).text).toMatch(/^Linux/);
  });

  test('gains no access by a missing socket or one of another user', async () => {
    let other = -1;
    await replaced(
      socket,
      () => {
        other = openDatagram(socket);
      },
      () => refused(/belongs to user 0/),
    );
    closeSync(other);
    await replaced(
      socket,
      () => undefined,
      () => refused(/ENOENT/),
    );
  });
});

describe('a kernel that does not answer', () => {
  test('is a timeout; the late answer is not taken for the next one', async () => {
    const pid = kernel.pid();
    process.kill(pid, 'SIGSTOP');
    await expect(mconsole.request('proc filesystems', { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'MCONSOLE_TIMEOUT',
    });
    expect(readdirSync('run/mon').filter((name) => name.startsWith('reply'))).toEqual([]);
    setTimeout(() => process.kill(pid, 'SIGCONT'), 50);
    expect((await mconsole.request('version')).text).toMatch(/^Linux/);
    expect(readdirSync('run/mon').filter((name) => name.startsWith('reply'))).toHaveLength(1);
  });

  test('a later monitor takes another name, and removes the files of the previous one', async () => {
    const left = readdirSync('run/mon').filter((name) => name.startsWith('reply'));
    const later = Mconsole.open('run/mon/reply', socket, sender);
    const now = readdirSync('run/mon').filter((name) => name.startsWith('reply'));
    expect(now).toHaveLength(1);
    expect(now).not.toEqual(left);
    expect((await later.request('version')).text).toMatch(/^Linux/);
    mconsole.close();
    await expect(mconsole.request('version')).rejects.toMatchObject({ code: 'MCONSOLE_DOWN' });
    mconsole = later;
  });

  test('halt is answered, and then the socket is closed', async () => {
    await mconsole.request('halt');
    await kernel.exited;
    await expect(mconsole.request('version')).rejects.toMatchObject({ code: 'MCONSOLE_DOWN' });
  });
});

test('a panic is announced with its text', async () => {
  notifications.length = 0;
  const second = makeTestDirectory();
  process.chdir(second);
  const hearing = NotifyListener.open('run/mon/notify', (notification) => notifications.push(notification));
  hearing.hear(sender);
  const panicking = startTestKernel(second, { args: ['mconsole=notify:run/mon/notify'] });
  await panicking.shown('READY');
  panicking.type('echo c >/proc/sysrq-trigger');
  expect((await notified(({ type }) => type === 'panic')).text).toBe('sysrq triggered crash');
  hearing.close();
  process.chdir(home);
  await panicking.stop();
});
