import { constants } from 'node:os';

/**
 * Signals that end a process unless it does something else, and that a program can do something at: all but SIGKILL,
 * those of a fault in the program itself, and SIGUSR1 and SIGPIPE, which Node uses.
 */
const deadly = [
  ...(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGABRT', 'SIGALRM', 'SIGUSR2'] as const),
  ...(['SIGVTALRM', 'SIGXCPU', 'SIGXFSZ', 'SIGIO', 'SIGPWR', 'SIGSYS', 'SIGTRAP', 'SIGSTKFLT'] as const),
].filter((name) => name in constants.signals);

/**
 * Calls `restore` when a signal ends this process, which then ends by that signal, as its parent expects.
 *
 * @returns ends that: signals do again what they did before
 */
export function beforeDeath(restore: () => void): () => void {
  const stop = () => {
    for (const name of deadly) process.off(name, onSignal);
  };
  const onSignal = (name: NodeJS.Signals) => {
    stop();
    restore();
    process.kill(process.pid, name);
  };
  for (const name of deadly) process.on(name, onSignal);
  return stop;
}
