import { parseHook } from '../paths.ts';
import { parseHangCheck, parsePauseLimit } from '../values/policy-values.ts';
import { durationParser, wordParser } from '../values/values.ts';
import { single } from './key.ts';

/** Values of a policy for the exit of a guest. */
const afterEnd = ['stop', 'restart', 'preserve'] as const;

/** Keys of a VM: how it is stopped, what follows an exit of its guest, and what the monitor does while it runs. */
export const policyKeys = {
  stop_timeout: single({
    parse: durationParser({ min: '100ms', max: '1h' }),
    default: '30s',
    layer: 'user',
    effect: 'now',
    form: 'DURATION',
    help: 'How long a stop waits for the guest before the next, harder step.',
    example: '2m',
  }),
  on_poweroff: single({
    parse: wordParser(afterEnd),
    default: 'stop',
    layer: 'user',
    effect: 'now',
    form: 'stop | restart | preserve',
    help: 'What happens when the guest powers off or halts by itself. The VM is stopped (stop), is started again (restart), or is stopped with everything preserved for inspection (preserve). A preserved VM is not booted by start = boot until a user starts it or runs umlmon -cleanup.',
    example: 'restart',
  }),
  on_reboot: single({
    parse: wordParser(afterEnd),
    default: 'restart',
    layer: 'user',
    effect: 'now',
    form: 'stop | restart | preserve',
    help: 'What happens when the guest requests a reboot; the values are those of on_poweroff. A restart applies changes of the configuration.',
    example: 'stop',
  }),
  on_crash: single({
    parse: wordParser(afterEnd),
    default: 'stop',
    layer: 'user',
    effect: 'now',
    form: 'stop | restart | preserve',
    help: 'What happens after a panic of the guest or any other unexpected exit of its kernel; the values are those of on_poweroff.',
    example: 'restart',
  }),
  on_hang: single({
    parse: wordParser(afterEnd),
    default: 'preserve',
    layer: 'user',
    effect: 'vm',
    form: 'stop | restart | preserve',
    help: 'What happens when the kernel no longer answers, or the watchdog of the guest reports a hang. The kernel is killed (stop), killed and started again (restart), or left running and reported (preserve).',
    example: 'restart',
  }),
  hang_check: single({
    parse: parseHangCheck,
    default: '1m',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How often the monitor checks whether the kernel answers, from 1s to 1h. The check is skipped if a console had output since the last one. A kernel that does not answer two checks in a row, 5 s each, hangs.',
    example: '10s',
  }),
  mem_trim: single({
    parse: parseHangCheck,
    default: 'off',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How often the monitor checks for memory that the guest has freed, from 1s to 1h. It returns 32 MiB or more to the host. See -mem-trim in umlwatch(1).',
    example: '1m',
  }),
  metrics: single({
    parse: wordParser(['socket', 'off']),
    default: 'off',
    layer: 'admin',
    effect: 'monitor',
    form: 'socket | off',
    help: 'Whether the monitor serves metrics (OpenMetrics over HTTP) on the socket *VARDIR/VM/metrics*. Users who may use the control socket may use this one too.',
    example: 'socket',
  }),
  hook: single({
    parse: parseHook,
    default: '',
    defaultNote: 'none',
    layer: 'admin',
    effect: 'vm',
    form: 'PATH',
    help: 'A program of the host that runs at prepare, start, ready, stopped and release, see HOOKS in umlmon(7).',
    example: '/etc/umlmon/hook',
  }),
  pause_limit: single({
    parse: parsePauseLimit,
    default: '1h',
    layer: 'user',
    effect: 'now',
    form: 'DURATION | off',
    help: 'The longest pause (umlwatch -pause), from 1s to 24h; then the monitor resumes the guest. With off, the guest remains paused until a user resumes it.',
    example: '5m',
  }),
};
