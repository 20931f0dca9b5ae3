import type { VmState } from '../../rpc/umlmonctrl.gen.ts';
import { type Action, type LifecycleCell, type LifecycleEvent, lifecycle, vmStates } from '../lifecycle.ts';

const states: Readonly<Record<VmState, string>> = {
  stopped: 'No kernel runs.',
  starting: 'The steps of the plan are executed; the kernel has not answered yet.',
  running: 'The kernel answers on its management console. Its init may still be running.',
  stopping: 'A stop or kill is in progress.',
  unmanaged:
    'A kernel of this VM runs that does not match the record of its previous monitor. The monitor never changes such a kernel.',
};

const events: Readonly<Record<LifecycleEvent, string>> = {
  'start-asked': 'a user or a policy requests a start',
  'kernel-up': 'the kernel answers',
  'start-failed': 'a step of the start has failed, and everything is undone',
  'stop-asked': 'a user requests a clean stop',
  'kill-asked': 'a user requests the immediate end of the kernel, or `on_hang` does',
  'kernel-gone': 'the kernel has ended, and everything of its start is released',
  adopted: 'a kernel of the previous monitor is taken over',
  'found-unmanaged': 'a kernel runs that does not match the record',
  'unmanaged-gone': 'no kernel runs',
};

const actions: Readonly<Record<Action, string>> = {
  start: 'plan the start and execute the plan',
  stop: 'Ctrl-Alt-Del, then halt, then kill, with a wait after each',
  kill: 'SIGKILL to the sandbox of the kernel',
  'apply-policy':
    'restart, give up or preserve, as configured by `on_poweroff`, `on_reboot`, `on_crash` and `on_hang`, unless a user requested the end',
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
    'In bold the next state, then the actions, or in quotes the text of the refusal (error STATE_WRONG). A dash means that',
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

/** One line for every change of state: `stopped ── start-asked ──▶ starting`. */
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

function cellText(cell: LifecycleCell): string {
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
time. A second request for the same operation joins it and gets the same result. Another operation is refused (error
STATE_BUSY), except that a kill may overtake a start, stop or backup. Then the table below decides. A backup needs a running
VM, and a restore a stopped one.
`;
