import { constants } from 'node:os';

/**
 * Signals that end a process by default and that a program can handle. Excluded are SIGKILL, signals of a bug in the
 * program itself, and SIGUSR1 and SIGPIPE, which Node uses.
 */
const deadly = [
  ...(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGABRT', 'SIGALRM', 'SIGUSR2'] as const),
  ...(['SIGVTALRM', 'SIGXCPU', 'SIGXFSZ', 'SIGIO', 'SIGPWR', 'SIGSYS', 'SIGTRAP', 'SIGSTKFLT'] as const),
].filter((name) => name in constants.signals);

/**
 * Calls `restore` when a signal ends this process, which then ends by that signal, as its parent expects.
 *
 * @returns a function that restores the previous handling of signals
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
