import type { VmState } from '../../rpc/umlmonctrl.gen.ts';
import { type Action, type Cell, type LifecycleEvent, lifecycle, vmStates } from '../lifecycle.ts';

const states: Readonly<Record<VmState, string>> = {
  down: 'There is no kernel.',
  starting: 'The steps of the plan are executed; the kernel has not answered yet.',
  running: 'The kernel answers on its management console. Its init may still be at work.',
  stopping: 'A stop or kill is under way.',
  foreign: 'A kernel of this VM lives that is not the one its former monitor recorded. It is never touched.',
};

const events: Readonly<Record<LifecycleEvent, string>> = {
  'start-asked': 'somebody asks for a start, or a policy does',
  'kernel-up': 'the kernel answers',
  'start-failed': 'a step of the start has failed, and everything is undone',
  'stop-asked': 'somebody asks for an orderly stop',
  'kill-asked': 'somebody asks to end the kernel at once, or `on_hang` does',
  'kernel-gone': 'the kernel has ended, and everything of its start is released',
  adopted: 'a kernel that a former monitor left is taken over',
  'found-foreign': 'a kernel lives, but is not what was recorded',
  'foreign-gone': 'there is no kernel (any more)',
};

const actions: Readonly<Record<Action, string>> = {
  start: 'plan the start and execute the plan',
  stop: 'Ctrl-Alt-Del, then halt, then kill, with a wait after each',
  kill: 'SIGKILL to the sandbox of the kernel',
  'apply-policy':
    'start again, give up or keep, as `on_poweroff`, `on_reboot`, `on_crash` and `on_hang` say, unless somebody asked for the end',
};

/** docs/states.md: the life of a VM as a table. */
export function generateStatePage(): { path: string; text: string }[] {
  const text = [
    beginning,
    ...Object.entries(states).map(([name, means]) => `- \`${name}\`: ${means}`),
    '',
    '## Transitions',
    '',
    '```',
    ...arrows(),
    '```',
    '',
    '## Events and states',
    '',
    'In bold the next state, then the actions, or in quotes the words of the refusal (error STATE_WRONG). A dash means that',
    'the event cannot happen in this state.',
    '',
    row(['event', ...vmStates]),
    row(['---', ...vmStates.map(() => '---')]),
    ...eventNames.map((event) =>
      row([`\`${event}\``, ...vmStates.map((state) => cellText(lifecycle[state][event]))]),
    ),
    '',
    'Events:',
    '',
    ...Object.entries(events).map(([name, means]) => `- \`${name}\`: ${means}`),
    '',
    'Actions:',
    '',
    ...Object.entries(actions).map(([name, means]) => `- \`${name}\`: ${means}`),
    '',
  ].join('\n');
  return [{ path: 'docs/states.md', text }];
}

const eventNames = Object.keys(events) as LifecycleEvent[];

/** One line for every change of state: `down ── start-asked ──▶ starting`. */
function arrows(): string[] {
  const width = Math.max(...vmStates.map((state) => state.length));
  const length = Math.max(...eventNames.map((event) => event.length)) + 2;
  return vmStates.flatMap((state) =>
    eventNames.flatMap((event) => {
      const cell = lifecycle[state][event];
      if (cell === 'impossible' || 'refuse' in cell || cell.next === state) return [];
      return [`${state.padEnd(width)} ──${` ${event} `.padEnd(length, '─')}──▶ ${cell.next}`];
    }),
  );
}

function cellText(cell: Cell): string {
  if (cell === 'impossible') return '–';
  if ('refuse' in cell) return `“${cell.refuse}”`;
  return [`**${cell.next}**`, ...cell.actions.map((action) => `\`${action}\``)].join(', ');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

const beginning = `<!-- Generated from src/monitor/lifecycle.ts by \`npm run generate\`: change that file, not this page. -->

# States of a VM

\`umlwatch VM -info\` shows the state. Starts, stops, kills, backups and restores are operations, and a VM has one at a
time: the same operation, asked for again, is joined and ends with the same result; another one is refused (error
STATE_BUSY). Only a kill may overtake a start, stop or backup. Then the table below decides; a backup needs a VM that is
running, a restore one that is down.
`;
