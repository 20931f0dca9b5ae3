/** Pure. */
import { printable } from '../system/text.ts';
import type { ExitCause, VmInfo } from './umlmonctrl.gen.ts';

const mostCharacters = 8000;

/** A problem of a VM, with a command that helps. */
export interface Wrong {
  /** Safe to print. */
  readonly text: string;
  readonly fix: string;
}

/** Texts of unexpected exits. */
const endings: Partial<Record<ExitCause, string>> = {
  crash: 'it crashed',
  error: 'its kernel refused to run',
  hang: 'it hung and was killed',
};

/** Of a crash with signal 9 and without a panic: con0 has nothing about it. */
const killedFromOutside =
  'a program of the host killed its kernel (signal 9); dmesg on the host may have the reason';

/** The problems of a VM that its monitor reports, the worst first. */
export function wrongWith(info: VmInfo): Wrong[] {
  const { name, state, hungSince, held, warningCount, lastWarning, networkWarnings, lastExit, consoles } =
    info;
  const look = `umlwatch ${name} -events -since 1`;
  const start = `umlwatch ${name} -start`;
  const ending = state === 'stopped' && lastExit ? endings[lastExit.cause] : undefined;
  const unexplained = lastExit?.signal === 9 ? killedFromOutside : 'see the last lines of con0';
  const why = lastExit?.why || lastExit?.panic || unexplained;
  const wrong = (isSo: boolean, text: string, fix: string) => (isSo ? [{ text, fix }] : []);
  return [
    ...wrong(state === 'unmanaged', 'a kernel runs that its monitor does not manage', look),
    ...wrong(hungSince > 0, 'its kernel hangs', `umlwatch ${name} -kill -start`),
    ...wrong(ending !== undefined, `${ending}: ${why}`, start),
    ...(held ? [{ text: `it is not started again: ${held.why}`, fix: start }] : []),
    ...networkWarnings.map(({ what, hint }) => ({ text: what, fix: hint })),
    ...wrong(
      warningCount > 0,
      `${lastWarning}${warningCount > 1 ? ` (the newest of ${warningCount} warnings since the monitor started)` : ''}`,
      look,
    ),
    ...consoles.flatMap(({ channel, logError }) =>
      wrong(logError !== '', `the log of ${channel}: ${logError}`, look),
    ),
  ].map(({ text, fix }) => ({ text: printable(text, mostCharacters), fix: printable(fix, mostCharacters) }));
}
