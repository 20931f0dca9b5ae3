import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from '../../console/channel.ts';
import type { Answer } from '../../kernel/mconsole.ts';
import { monitorLimits } from '../../system/limits/limits.ts';

/**
 * The answer of a command whose answer is what the kernel prints meanwhile (`sysrq`, `stack`). The management console
 * sends these lines one by one, and may lose some. The kernel also prints them at con0, if its loglevel permits. The
 * longer of the two texts is used. It is always marked truncated: whether lines are missing is unknown.
 */
export async function printedBy(con0: Channel | undefined, ask: () => Promise<Answer>): Promise<Answer> {
  const from = con0?.ring.next ?? 0;
  const answer = await ask();
  if (!con0 || !answer.truncated) return answer;
  const deadline = performance.now() + monitorLimits.printkWait;
  let end = -1;
  while (end !== con0.ring.next && performance.now() < deadline) {
    end = con0.ring.next;
    await delay(monitorLimits.printkQuiet);
  }
  const { data } = con0.ring.read(from, monitorLimits.printkBytes);
  const printed = Buffer.from(data).toString().replaceAll('\r', '');
  return printed.length > answer.text.length ? { text: printed, truncated: true } : answer;
}
