import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { KernelSender } from '../../../src/kernel/kernel-sender.ts';
import { Mconsole } from '../../../src/kernel/mconsole.ts';
import { NotifyListener } from '../../../src/kernel/notify.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { openDatagram, receiveDatagram, sendDatagram } from '../../../src/system/native/native.ts';
import { makeInput } from '../mutate.ts';
import { assert, assertSafe, type Target } from '../target.ts';
import { packets } from './kernel.ts';
import { notification, reply } from './kernel-corpus.ts';

/** Characters of one notification, each byte of which may be shown as four. */
const textMax = 4 * 512;

/** Datagrams of a hostile kernel to the real sockets of a monitor; what an honest one sends next must be taken. */
export function openSocketTargets(directory: string): Target[] {
  return [openNotify(join(directory, 'notify')), openMconsole(directory)];
}

/** Who plays the kernel. */
const self = new KernelSender(
  { vm: 'vm1', uid: process.geteuid?.() ?? 0, pid: process.pid },
  () => undefined,
);

function openNotify(path: string): Target {
  let passed = 0;
  const arrived: string[] = [];
  const listener = NotifyListener.open(path, ({ text }) => {
    passed++;
    arrived.push(text);
  });
  listener.hear(self);
  const taken = () => passed + listener.counts.malformed + listener.counts.suppressed;
  const sender = openDatagram('');
  return {
    name: 'notify-socket',
    share: 10,
    make: (random) => makeInput(random, packets),
    async run(input) {
      const { malformed } = listener.counts;
      const before = taken();
      sendDatagram(sender, input, path);
      sendDatagram(sender, notification(0, `fuzz/${input.length}`), path);
      // More than a kernel may send in a second is counted instead of passed on: taken it is in any case.
      while (taken() < before + 2) await setImmediate();
      for (const text of arrived.splice(0)) {
        assert(text.length <= textMax, `${text.length} characters`);
        assertSafe(text.replaceAll('\n', '\0'), 'the notification');
      }
      return listener.counts.malformed > malformed ? 'refused' : 'taken';
    },
    async close() {
      listener.close();
      closeSync(sender);
    },
  };
}

/** Takes what a socket has. */
function drain(fd: number): void {
  const buffer = Buffer.alloc(1024);
  while (receiveDatagram(fd, buffer));
}

/** Plays the kernel: answers a request with the input, and then with a good answer. */
function openMconsole(directory: string): Target {
  const socket = join(directory, 'kernel', 'mconsole');
  mkdirSync(join(directory, 'kernel'));
  mkdirSync(join(directory, 'reply'));
  const kernel = openDatagram(socket);
  return {
    name: 'mconsole-socket',
    share: 10,
    make: (random) => makeInput(random, packets),
    async run(input) {
      const mconsole = Mconsole.open(join(directory, 'reply/r'), socket, self);
      try {
        const answer = mconsole.request('version', { timeoutMs: 20_000 });
        sendDatagram(kernel, input, join(directory, 'reply/r.0'));
        // A full queue is emptied by nobody until this turn ends.
        sendDatagram(kernel, reply('good', false), join(directory, 'reply/r.0'));
        const { text } = await answer;
        assert(text.length <= 2 * 512, 'the answer is that of one or two datagrams');
        return 'taken';
      } catch (error) {
        if (!(error instanceof UmlmonError)) throw error;
        assert(error.code === 'MCONSOLE_REFUSED', `a hostile answer is a refusal, not ${error.message}`);
        assertSafe(error.message.replaceAll('\n', '\0'), 'the error');
        return 'refused';
      } finally {
        mconsole.close();
        drain(kernel);
      }
    },
    async close() {
      closeSync(kernel);
    },
  };
}
