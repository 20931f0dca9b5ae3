import { limit } from './limit.ts';

export const jail = {
  pauseWait: limit(
    5_000,
    'ms',
    'Wait until all threads of a kernel stand still: longer than the host may take for a write.',
    'The kernel goes on, and the backup fails.',
  ),
  launchDeadline: limit(
    30_000,
    'ms',
    'Time until the sandbox has started the kernel process; usual are 15 ms.',
    'The start fails, and everything is undone.',
  ),
  launchWords: limit(
    1000,
    'characters',
    'Last words of a sandbox that failed, kept for the error.',
    'Earlier words are left out.',
  ),
} as const;
