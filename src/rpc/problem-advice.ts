/** Pure. */
import { printable } from '../system/text.ts';
import type { ExitCause, VmInfo } from './umlmonctrl.gen.ts';

const mostCharacters = 8000;

/** Something of a VM that its operator should see to, and a command for it. */
export interface Wrong {
  /** Safe to show. */
  readonly text: string;
  readonly fix: string;
}

/** Endings that were not asked for. */
const endings: Partial<Record<ExitCause, string>> = {
  crash: 'it crashed',
  error: 'its kernel refused to run',
  hang: 'it hung and was killed',
};

/** What is wrong with a VM, as its monitor says: the worst first; nothing if all is well. */
export function wrongWith(info: VmInfo): Wrong[] {
  const { name, state, hungSince, held, troubles, lastTrouble, warnings, lastExit, consoles } = info;
  const look = `umlwatch ${name} -events -since 1`;
  const start = `umlwatch ${name} -start`;
  const ending = state === 'down' && lastExit ? endings[lastExit.cause] : undefined;
  const why = lastExit?.why || lastExit?.panic || 'the last lines of con0 may say why';
  const wrong = (isSo: boolean, text: string, fix: string) => (isSo ? [{ text, fix }] : []);
  return [
    ...wrong(state === 'foreign', 'a kernel runs that its monitor cannot vouch for', look),
    ...wrong(hungSince > 0, 'its kernel hangs', `umlwatch ${name} -kill -start`),
    ...wrong(ending !== undefined, `${ending}: ${why}`, start),
    ...(held ? [{ text: `it is not started again: ${held.why}`, fix: start }] : []),
    ...warnings.map(({ what, hint }) => ({ text: what, fix: hint })),
    ...wrong(
      troubles > 0,
      `${lastTrouble}${troubles > 1 ? ` (the newest of ${troubles} troubles since the monitor began)` : ''}`,
      look,
    ),
    ...consoles.flatMap(({ channel, logError }) =>
      wrong(logError !== '', `the log of ${channel}: ${logError}`, look),
    ),
  ].map(({ text, fix }) => ({ text: printable(text, mostCharacters), fix: printable(fix, mostCharacters) }));
}
