import { printable } from '../../system/text.ts';
import { parseTasks, taskCount } from '../automation/guest-processes.ts';
import type { MconsoleLink } from '../mconsole/session.ts';
import { print } from './output.ts';
import { rows } from './render.ts';

/**
 * The processes of a guest, read from its kernel. Lines of the list may be lost; the line with the number of tasks is
 * not. Errors: those of the link, OutputClosed.
 */
export async function printTasks(link: MconsoleLink, json: boolean): Promise<void> {
  const count = taskCount((await link.ask('proc loadavg')).text);
  const tasks = parseTasks((await link.ask('sysrq t')).text);
  if (json) return print(JSON.stringify({ tasks, count: count ?? null }));
  const lines = tasks.map(({ pid, parent, state, name, isKernelThread }) => {
    const shown = printable(name, 64);
    return [String(pid), String(parent), state, isKernelThread ? `[${shown}]` : shown];
  });
  await print(rows([['PID', 'PPID', 'S', 'NAME'], ...lines]).join('\n'));
  if (count !== undefined && tasks.length < count)
    console.error(`(${tasks.length} of ${count} tasks: the kernel sends the list without flow control)`);
}
