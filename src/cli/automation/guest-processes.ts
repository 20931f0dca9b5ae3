/** The processes of a guest, as `sysrq t` prints them (kernel/sched/core.c, sched_show_task). */
export interface Task {
  readonly pid: number;
  readonly parent: number;
  /** R, S, D, I, T, Z …, as ps(1) has it. */
  readonly state: string;
  readonly name: string;
  readonly isKernelThread: boolean;
}

/** PF_KTHREAD of include/linux/sched.h. */
const kernelThread = 0x00200000;

/** The tasks of an answer, in the order of their numbers, each once. */
export function parseTasks(text: string): Task[] {
  const tasks = new Map<number, Task>();
  const form =
    /task:(.{1,64}?) +state:(\S) .{0,64}?\bpid:(\d{1,10}) .{0,64}?\bppid:(\d{1,10})(?: +task_flags:(0x[0-9a-f]{1,16}))?/g;
  for (const [, name = '', state = '', pid, parent, flags = '0'] of text.matchAll(form)) {
    const isKernelThread = flags === '0' ? parent === '2' : (Number(flags) & kernelThread) !== 0;
    tasks.set(Number(pid), { pid: Number(pid), parent: Number(parent), state, name, isKernelThread });
  }
  return [...tasks.values()].sort((a, b) => a.pid - b.pid);
}

/** How many there are, from /proc/loadavg (`0.00 0.00 0.00 1/37 231`); undefined if the number is missing. */
export function taskCount(loadavg: string): number | undefined {
  const count = /\d+\/(\d+)/.exec(loadavg)?.[1];
  return count === undefined ? undefined : Number(count);
}
