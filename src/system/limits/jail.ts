import { limit } from './limit.ts';

export const jail = {
  pauseWait: limit(
    5_000,
    'ms',
    'Wait until all threads of a kernel stand still: longer than the host may take for a write.',
    'The kernel goes on, and the backup fails.',
  ),
  orphanWait: limit(
    2_000,
    'ms',
    'Wait until a sandbox whose processes may not be killed has ended with its kernel.',
    'A trouble tells of it.',
  ),
  launchDeadline: limit(
    30_000,
    'ms',
    'Time until the sandbox has started the kernel process; usual are 15 ms.',
    'The start fails, and everything is undone.',
  ),
  mountWait: limit(
    10_000,
    'ms',
    'Time until a jail whose kernel waits has the mounts of its plan; usual are 5 ms.',
    'The start fails, and everything is undone.',
  ),
  mountDifferences: limit(
    8,
    '',
    'Mounts that a jail has and should not, or the other way around, in the error.',
    'Others are not named.',
    'one',
  ),
  trialTime: limit(
    10_000,
    'ms',
    'Time of a trial that shows whether the host lets a user make a jail; usual are 10 ms.',
    'The trial shows nothing: a start takes it that jails can be made.',
  ),
  launchWords: limit(
    1000,
    'characters',
    'Last words of a sandbox that failed, kept for the error.',
    'Earlier words are left out.',
  ),
} as const;
