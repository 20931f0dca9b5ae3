import type { Environment } from './environment.ts';

/** Descriptors of the starter, and terminals. */
export const descriptors: readonly Environment[] = [
  { name: 'no standard input', who: ['user'], each: '[ "$1" = setsid ] && exec "$@"; exec "$@" <&-' },
  // What cannot be written to cannot be looked at: of these programs only the status counts.
  { name: 'no standard error', who: ['root'], each: '[ "$1" = setsid ] && exec "$@"; exec "$@" 2>&-' },
  {
    name: 'no standard descriptors at the start',
    start: 'umlmon',
    each: 'case "$*" in *"umlmon.cjs"*) "$@" <&- >&- 2>&- && echo "vm1: monitor 1 started" ;; *) "$@" ;; esac',
  },
  {
    name: 'standard input is a directory',
    who: ['root'],
    each: '[ "$1" = setsid ] && exec "$@"; exec "$@" </opt',
  },
  {
    name: 'a lock that is inherited',
    start: 'umlmon',
    each: 'exec 9>/opt/lock; flock -s 9; "$@"',
    underWay: 'flock -n /opt/lock true || { echo "the monitor holds the lock"; exit 1; }',
  },
  {
    name: 'a pipe that is inherited',
    who: ['root'],
    start: 'umlmon',
    // Ends only when all writers of the pipe have ended.
    each: 'if [ "$1" = setsid ]; then exec "$@"; fi; { "$@" 8>&1; echo "ended $?" >/opt/ended; } | cat; read -r _ status </opt/ended; exit $status',
  },
  {
    name: 'five hundred descriptors that are inherited',
    who: ['user'],
    start: 'umlmon',
    each: 'exec bash -c \'for i in $(seq 20 520); do eval "exec $i</dev/null"; done; exec "$@"\' bash "$@"',
  },
  ...[
    [0, 0],
    [3, 5],
    [1000, 300],
  ].map(([columns = 0, rows = 0]) => ({
    name: `a terminal of ${columns}x${rows}`,
    ...(columns > 80 ? { who: ['user'] as const } : {}),
    terminal: { columns, rows },
    says: { umlrun: columns === 0 ? /^24 80\r*$/m : new RegExp(`^${rows} ${columns}\\r*$`, 'm') },
  })),
  { name: 'signals that are ignored', who: ['root'], each: 'trap "" HUP INT QUIT PIPE TERM; exec "$@"' },
];
