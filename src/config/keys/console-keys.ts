import { parsePauseLimit } from '../values/policy-values.ts';
import { single } from './key.ts';

/** Keys of a VM for the users of its consoles. */
export const consoleKeys = {
  control_idle: single({
    parse: parsePauseLimit,
    default: '15m',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'Idle time after which a controller loses control of a console to the next viewer with input, from 1s to 24h. With off, control passes only by request (umlwatch -connect CHANNEL -force).',
    example: '2m',
  }),
};
