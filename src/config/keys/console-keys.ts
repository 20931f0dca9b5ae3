import { parsePauseLimit } from '../values/policy-values.ts';
import { single } from './key.ts';

/** The keys of a VM about those who use its consoles. */
export const consoleKeys = {
  writer_idle: single({
    parse: parsePauseLimit,
    default: '15m',
    layer: 'user',
    effect: 'vm',
    form: 'DURATION | off',
    help: 'Several people may be at a console; one of them types. Who has not typed for this long, from 1s to 24h, loses that right to the next who wants to type. With off, only to one who takes it (umlwatch -connect CHANNEL -force).',
    example: '2m',
  }),
};
