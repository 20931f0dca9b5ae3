import { limit } from './limit.ts';

export const admin = {
  asksAtOnce: limit(
    16,
    '',
    'Monitors that umladmin asks at the same time: each takes a millisecond or is not there.',
    'The next ones wait for their turn.',
    'one',
  ),
  startsAtOnce: limit(
    8,
    '',
    'Monitors that umladmin starts at the same time: more take as long in all, and each longer.',
    'The next ones wait for their turn.',
    'one',
  ),
  bootWait: limit(
    60_000,
    'ms',
    'Time that umladmin waits for a monitor to boot its VM, if nothing else is said; usual are 300 ms.',
    'umladmin says that the VM is still starting, which is no failure.',
  ),
  stopsAtOnce: limit(
    64,
    '',
    'VMs that umladmin stops at the same time: it mostly waits for the guests.',
    'The next ones wait for their turn.',
    'one',
  ),
  killWait: limit(
    10_000,
    'ms',
    'Time that a monitor has to end, after its guest was killed because the time for all VMs was over.',
    'The VM has failed to stop; its monitor is left alone.',
  ),
  accountCommand: limit(
    60_000,
    'ms',
    'Time for a program that makes, changes or removes a user, such as useradd; it waits up to 15 s for others.',
    'It is killed, and the command fails with HOST_COMMAND.',
  ),
  editWait: limit(
    10_000,
    'ms',
    'Time that one change of the configuration waits for another, which takes milliseconds.',
    'The change is refused with CONFIG_BUSY.',
  ),
  editPoll: limit(20, 'ms', 'Time between two tries to lock the configuration.', 'The next one is made.'),
  systemctlBytes: limit(
    4096,
    'bytes',
    'Words of systemctl(1) that are kept to say why a unit failed.',
    'The rest is cut off.',
    'one',
  ),
} as const;
