import { parseHook } from '../paths.ts';
import { parseHangCheck, parsePauseLimit } from '../values/policy-values.ts';
import { durationParser, wordParser } from '../values/values.ts';
import { single } from './key.ts';

/** What a policy may say about the end of a guest. */
const afterEnd = ['stop', 'restart', 'keep'] as const;

/** Of a VM: how it is stopped, what follows the end of its guest, and what is done for it while it runs. */
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
    form: 'stop | restart | keep',
    help: 'What happens when the guest powers off or halts without having been asked to by umlwatch(1): the VM stays down (stop), is started again (restart), or stays down for inspection (keep): nothing is cleaned up, and start = boot does not boot it, until somebody starts it or runs umlmon -cleanup.',
    example: 'restart',
  }),
  on_reboot: single({
    parse: wordParser(afterEnd),
    default: 'restart',
    layer: 'user',
    effect: 'now',
    form: 'stop | restart | keep',
    help: 'What happens when the guest asks for a reboot; the choices are those of on_poweroff. A restart applies changes of the configuration.',
    example: 'stop',
  }),
  on_crash: single({
    parse: wordParser(afterEnd),
    default: 'stop',
    layer: 'user',
    effect: 'now',
    form: 'stop | restart | keep',
    help: 'What happens after a panic of the guest or any other unexpected end of its kernel; the choices are those of on_poweroff.',
    example: 'restart',
  }),
  on_hang: single({
    parse: wordParser(afterEnd),
    default: 'keep',
    layer: 'user',
    effect: 'vm',
    form: 'stop | restart | keep',
    help: 'What happens when the kernel does not answer any more, or the watchdog of the guest reports a hang: the kernel is killed (stop), killed and started again (restart), or left as it is and reported (keep).',
    example: 'restart',
  }),
  hang_check: single({
    parse: parseHangCheck,
    default: '1m',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How often the kernel is asked whether it lives, from 1s to 1h. It is not asked when its consoles have said something since the last time. A kernel that leaves two questions in a row unanswered, 5 s each, hangs.',
    example: '10s',
  }),
  mem_trim: single({
    parse: parseHangCheck,
    default: 'off',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'How often the monitor looks, from 1s to 1h, whether the guest has freed memory that the host could have back, and takes 32 MiB or more of it. See -mem-trim in umlwatch(1).',
    example: '1m',
  }),
  metrics: single({
    parse: wordParser(['socket', 'off']),
    default: 'off',
    layer: 'admin',
    effect: 'monitor',
    form: 'socket | off',
    help: 'Whether the monitor answers requests for metrics (OpenMetrics, by HTTP) on the socket *VARDIR/VM/metrics*, which those may use who may use the control socket.',
    example: 'socket',
  }),
  hook: single({
    parse: parseHook,
    default: '',
    defaultNote: 'none',
    layer: 'admin',
    effect: 'vm',
    form: 'PATH',
    help: 'A program of the host that is called at prepare, start, ready, stopped and release, see HOOKS in umlmon(7).',
    example: '/etc/umlmon/hook',
  }),
  pause_limit: single({
    parse: parsePauseLimit,
    default: '1h',
    layer: 'user',
    effect: 'now',
    form: 'DURATION | off',
    help: 'How long a pause (umlwatch -pause) lasts at most, from 1s to 24h: then the monitor resumes the guest by itself. With off it stands still until somebody resumes it.',
    example: '5m',
  }),
};
