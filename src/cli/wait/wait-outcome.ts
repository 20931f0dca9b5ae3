import type { Event, ReadyLevel, VmInfo } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import type { WaitLevel } from '../commands/argument-kinds.ts';

/** What was waited for. */
export type Reached =
  | { readonly level: ReadyLevel; readonly elapsedMs: number }
  /** `cause` of the last exit; empty if the kernel has never exited. */
  | { readonly level: 'stopped'; readonly cause: string };

/** What a wait comes to at once, or undefined if it depends on what happens. Errors: WAIT_NEVER. */
export function outcomeNow(level: WaitLevel, info: VmInfo): Reached | undefined {
  const never = (cause: string, hint: string) =>
    new UmlmonError('WAIT_NEVER', { place: info.name, cause, hint });
  const { state, readiness } = info;
  if (level === 'stopped' && state === 'stopped') return { level, cause: info.lastExit?.cause ?? '' };
  const wanted = level === 'ready' ? readiness.configured : level;
  const reached = readiness.reached.find((each) => each.level === wanted);
  if (reached) return reached;
  if (state === 'unmanaged')
    throw never(
      'it is unmanaged: its monitor cannot verify the kernel that runs',
      `umlwatch ${info.name} -info`,
    );
  const pattern = info.settings.find(({ key }) => key === 'ready_pattern')?.value;
  if (wanted === 'console' && state !== 'stopped' && pattern === '')
    throw never(
      'no ready_pattern is set: a console must show it',
      'add one, as in ready_pattern = con0 login:',
    );
  return undefined;
}

/**
 * Makes the function that is given all events after that, in their order, until it returns what was reached. It throws
 * WAIT_STOPPED if the VM is stopped, or a start fails, before that.
 */
export function outcomeOfEvents(vm: string, level: WaitLevel): (event: Event) => Reached | undefined {
  /** Why the kernel ended; empty after a start that came to none. */
  let exit = '';
  let cause = '';
  /** A start has failed; the cause follows with the end of the operation. */
  let hasFailed = false;
  const gone = (text: string) =>
    new UmlmonError('WAIT_STOPPED', {
      place: vm,
      cause: `${level} was not reached: ${text}`,
      hint: `umlwatch ${vm} -info`,
    });
  return ({ kind, text, attributes }) => {
    const attribute = (name: string) => attributes.find((each) => each.name === name)?.value ?? '';
    if (
      kind === 'ready' &&
      (attribute('level') === level || (level === 'ready' && attribute('ready') === 'yes'))
    )
      return { level: attribute('level') as ReadyLevel, elapsedMs: Number(attribute('elapsed_ms')) };
    if (kind === 'exit') {
      exit = text;
      cause = attribute('cause');
    } else if (kind === 'state' && attribute('to') === 'stopped') {
      if (level === 'stopped') return { level, cause };
      if (exit) throw gone(exit);
      hasFailed = true;
    } else if (kind === 'operation-ended' && attribute('name') === 'start' && hasFailed) throw gone(text);
    return undefined;
  };
}
