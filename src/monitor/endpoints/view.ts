/** Pure. */
import type { ProcedureName, ResultOf } from '../../rpc/codec/program.ts';
import { includesRole, type Role } from '../../rpc/roles.ts';
import type { Event, ExitRecord, Setting, umlmonctrl } from '../../rpc/umlmonctrl.gen.ts';
import { isSecretName, redacted, redactValue } from '../endings/redact.ts';
import type { EventKind } from '../events/kinds.ts';

type Program = typeof umlmonctrl;

/**
 * What of an answer is for those who may not read consoles. `same`: all of it, or they may not call the procedure. A procedure
 * that is missing here does not compile.
 */
type Views = {
  readonly [P in ProcedureName<Program>]: 'same' | ((answer: ResultOf<Program, P>) => ResultOf<Program, P>);
};

/** The kernel prints its command line at con0: who may not read that may not see it elsewhere. */
const onlyForConsole: ReadonlySet<string> = new Set(['append']);

/** Attributes of events that contain console input or output, and the text without them. */
const eventViews: Partial<Record<EventKind, { readonly hides: readonly string[]; readonly text: string }>> = {
  'console-note': { hides: ['text'], text: 'a note was written' },
  mconsole: { hides: ['command'], text: 'a command was given' },
};

const views: Views = {
  null: 'same',
  authBegin: 'same',
  authFinish: 'same',
  actFor: 'same',
  info: (answer) =>
    answer.kind === 'failed'
      ? answer
      : {
          kind: 'ok',
          info: {
            ...answer.info,
            settings: answer.info.settings.map(settingView),
            lastExit: answer.info.lastExit && exitView(answer.info.lastExit),
          },
        },
  events: (answer) =>
    answer.kind === 'failed'
      ? answer
      : { kind: 'ok', list: { ...answer.list, events: answer.list.events.map(eventView) } },
  written: (answer) =>
    answer.kind === 'failed'
      ? answer
      : {
          kind: 'ok',
          written: {
            settings: answer.written.settings.map(settingView),
            // They repeat what is written there.
            problems: answer.written.problems.map((problem) =>
              problem.replace(/^(\S*?:\d+: ).*$/s, '$1a mistake'),
            ),
          },
        },
  crashList: 'same',
  diskList: 'same',
  diskInfo: 'same',
  jobList: 'same',
  jobWatch: 'same',
  backupList: 'same',
  consoleWho: 'same',
  stats: 'same',
  consoleAttach: 'same',
  consoleRead: 'same',
  consoleWrite: 'same',
  consoleResize: 'same',
  consoleDetach: 'same',
  consoleControl: 'same',
  consoleReplay: 'same',
  consolePicture: 'same',
  consoleNote: 'same',
  logRead: 'same',
  crashRead: 'same',
  start: 'same',
  stop: 'same',
  kill: 'same',
  ctrlAltDel: 'same',
  pause: 'same',
  resume: 'same',
  memTrim: 'same',
  backup: 'same',
  plan: 'same',
  restore: 'same',
  diskRun: 'same',
  jobCancel: 'same',
  plug: 'same',
  unplug: 'same',
  plugNetwork: 'same',
  unplugNetwork: 'same',
  update: 'same',
  mconsole: 'same',
  security: 'same',
};

export interface SecretSource {
  /** Values that are removed from answers to callers without the right to see them. */
  secrets(): readonly string[];
}

/** An answer as a role may see it: roles that may not read consoles get no console output and no secrets. */
export function viewFor<A>(
  role: Role | null,
  procedure: ProcedureName<Program>,
  answer: A,
  settings: SecretSource,
): A {
  if (role !== null && includesRole(role, 'console')) return answer;
  const view = views[procedure];
  // The table ties procedure and answer together by name, which the type of a call does not contain.
  return view === 'same'
    ? answer
    : redactValue((view as unknown as (answer: A) => A)(answer), settings.secrets());
}

function exitView(exit: ExitRecord): ExitRecord {
  return { ...exit, lastLines: '', con0Reason: '' };
}

function settingView(setting: Setting): Setting {
  const isHidden = onlyForConsole.has(setting.key) || isSecretName(setting.key);
  return isHidden && setting.value !== '' ? { ...setting, value: redacted } : setting;
}

function eventView(event: Event): Event {
  const view = eventViews[event.kind as EventKind];
  if (!view) return event;
  return {
    ...event,
    text: view.text,
    attributes: event.attributes.filter(({ name }) => !view.hides.includes(name)),
  };
}
