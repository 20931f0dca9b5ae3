import { printable } from '../system/text.ts';
import type { VmInfo } from './umlmonctrl.gen.ts';

/** Something of a VM that its operator should see to, and a command for it. */
export interface Wrong {
  /** Safe to show. */
  readonly text: string;
  readonly fix: string;
}

/** What is wrong with a VM, as its monitor says: the worst first; nothing if all is well. */
export function wrongWith(info: VmInfo): Wrong[] {
  const { name, state, hungSince, held, troubles, lastTrouble, warnings, lastExit: exit } = info;
  const look = `umlwatch ${name} -events -since 1`;
  const shown = (text: string) => printable(text, 1000);
  const died = state === 'down' && exit && ['crash', 'hang', 'error'].includes(exit.cause);
  return [
    ...(state === 'foreign' ? [{ text: 'a kernel runs that its monitor cannot vouch for', fix: look }] : []),
    ...(hungSince > 0 ? [{ text: 'its kernel hangs', fix: `umlwatch ${name} -kill -start` }] : []),
    ...(held ? [{ text: `it is not started again: ${held.why}`, fix: `umlwatch ${name} -start` }] : []),
    ...(died
      ? [
          {
            text: shown(
              `its last run ended by ${exit.cause}: ${exit.why || exit.panic || 'see the last lines of con0'}`,
            ),
            fix: `umlwatch ${name} -start`,
          },
        ]
      : []),
    ...warnings.map(({ what, hint }) => ({ text: shown(what), fix: shown(hint) })),
    ...(troubles > 0
      ? [
          {
            text: shown(`${troubles} ${troubles === 1 ? 'trouble' : 'troubles, the last'}: ${lastTrouble}`),
            fix: look,
          },
        ]
      : []),
  ];
}
