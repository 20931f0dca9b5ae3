import { internal, limit } from './limit.ts';

export const admin = {
  asksAtOnce: internal(16, '', 'Monitors that umladmin queries at the same time.'),
  startsAtOnce: internal(8, '', 'Monitors that umladmin starts at the same time; more would not be faster.'),
  bootWait: limit(60_000, 'ms', 'Boot of a VM that umladmin waits for.', 'It reports "still starting".'),
  stopsAtOnce: internal(64, '', 'VMs that umladmin stops at the same time.'),
  killWait: limit(10_000, 'ms', 'Exit of a monitor after its guest was killed.', 'The stop fails.'),
  accountCommand: limit(60_000, 'ms', 'One run of useradd(8) or userdel(8).', 'HOST_COMMAND.'),
  editWait: limit(10_000, 'ms', 'Wait for another change of the configuration.', 'CONFIG_BUSY.'),
  editPoll: internal(20, 'ms', 'Pause between attempts to lock the configuration.'),
} as const;
