/** Pure. */
import type { ExitRecord } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { startKilled } from '../start-killed.ts';

/**
 * The result of a start whose kernel came up and ended before its guest ran. A guest that did its work and powered off
 * did not fail. Pure. Returns an addition to the summary of the start.
 *
 * @param exit undefined if how it ended could not be recorded
 * @throws UmlmonError START_CRASHED with the text of the panic as the cause; START_KILLED if a user ended it
 */
export function judgeEarlyEnd(vm: string, exit: ExitRecord | undefined): string {
  if (exit?.askedBy) throw startKilled(`ended by ${exit.askedBy}`);
  if (exit?.cause === 'poweroff' || exit?.cause === 'reboot') return `; it has ended since: ${exit.cause}`;
  const { panic = '', con0Reason = '', lastLines = '' } = exit ?? {};
  // Events have the text of a panic, but not what a console shows: only the caller gets that.
  const reason = con0Reason && con0Reason !== panic ? `: ${con0Reason}` : '';
  throw new UmlmonError('START_CRASHED', {
    place: vm,
    cause: panic ? `the kernel panicked before its guest ran: ${panic}` : `the kernel ${endText(exit)}`,
    words: lastLines ? `${reason}; con0 showed:\n${lastLines}` : reason,
    hint: `umlwatch ${vm} -log con0`,
  });
}

function endText(exit: ExitRecord | undefined): string {
  if (!exit) return 'ended before its guest ran';
  const how = exit.signal ? `was ended by signal ${exit.signal}` : `ended with status ${exit.code}`;
  return `${how} before its guest ran${exit.why ? `: ${exit.why}` : ''}`;
}
