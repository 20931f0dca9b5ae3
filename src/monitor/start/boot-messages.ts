import type { Channel } from '../../console/channel.ts';
import { monitorLimits } from '../../system/limits/limits.ts';

/**
 * Passes the boot messages on, which are on con0 some milliseconds after the kernel is up. Nothing is learnt from a guest
 * that says so much that the kernel's own words are not the first any more: what is learnt serves other VMs too.
 *
 * @param from offset of the first byte of this boot
 */
export function learnFromBoot(
  con0: Channel,
  from: number,
  { learn, trouble }: { learn: (messages: string) => void; trouble: (error: unknown) => void },
): void {
  const pass = () => {
    const length = con0.ring.next - from;
    if (length > monitorLimits.bootMessages) return;
    try {
      learn(con0.lastLines(length, from).join('\n'));
    } catch (error) {
      trouble(error);
    }
  };
  setTimeout(pass, monitorLimits.bootMessagesWait).unref();
}
