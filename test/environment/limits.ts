import { type Environment, everywhere } from './environment.ts';

/** Beside the limits, for root: it cannot raise them again. */
const within = '$([ $who = root ] && echo setpriv --bounding-set -sys_resource --inh-caps -sys_resource --)';
const limited = (words: string) => `exec ${within} prlimit ${words} -- "$@"`;

/** Soft limits, which programs raise again, and hard ones that leave enough. Node itself needs more processes and data. */
const works = [
  ...['--core=0:', '--core=0', '--core=1'],
  ...['--nofile=64:', '--nofile=20:4096', '--nofile=256'],
  ...['--nproc=60:', '--nproc=200'],
  ...['--fsize=1000000:', '--fsize=600000000'],
  ...['--stack=262144:', '--stack=262144', '--stack=unlimited'],
  ...['--sigpending=1:', '--cpu=1:', '--cpu=60'],
  '--memlock=0 --rss=1 --locks=0 --msgqueue=0 --nice=0 --rtprio=0',
];

/** Limits of resources, soft ones with a colon. */
export const limits: readonly Environment[] = [
  ...works.map((words, i) => ({
    name: `prlimit ${words}`,
    // Each once: what they are for is the same for both.
    who: [i % 2 === 0 ? 'user' : 'root'] as const,
    each: limited(words),
  })),
  {
    name: 'prlimit --fsize=20000000',
    who: ['user'],
    each: limited('--fsize=20000000'),
    refused: everywhere({ cause: /20000000 bytes of a file/, hint: /ulimit -Hf/ }),
  },
  {
    name: 'prlimit --nofile=40',
    each: limited('--nofile=40'),
    refused: everywhere({ cause: /40 open files/, hint: /ulimit -Hn/ }),
  },
  {
    name: 'prlimit --sigpending=1',
    who: ['user'],
    each: limited('--sigpending=1'),
    refused: everywhere({ cause: /1 pending signals/, hint: /ulimit -Hi/ }),
  },
];
