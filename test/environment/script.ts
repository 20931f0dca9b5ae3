import { join } from 'node:path';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';
import { testImage } from '../helpers/programs/world.ts';
import type { Row } from './environment.ts';

const project = join(import.meta.dirname, '../..');
/** Between the results on standard output, and between the parts of one. */
export const marks = { result: '\x1e', part: '\x1f' } as const;

/** Descriptors of the terminals: of the console session, and of umlrun. */
const terminals = { console: 3, run: 4 } as const;

const functions = `
as() { (
@each@
); }
program() {
  name=$1
  shift
  as $lead $identity env -i @variables@ "/opt/umlmon/dist/$name.cjs" "$@"
}
step() {
  name=$1
  shift
  text=$("$@" 2>&1 </dev/null)
  status=$?
  printf '\\036%s\\037%s\\037%s' "$name" "$status" "$text"
  return "$status"
}
on_terminal() { (
  lead='setsid --ctty --wait'
  program "$@" <&${terminals.console} >&${terminals.console} 2>&${terminals.console}
); }
run() { (
  [ -z "$terminal" ] || exec 2>&${terminals.run}
  program umlrun -mem 64M "$@"
); }
start() {
  case $starter in
    umladmin) program umladmin start vm1 -wait ready -timeout 10s ;;
    umlmon) program umlmon vm1 && program umlwatch vm1 -wait ready -timeout 10s ;;
    foreground)
      # Not beside the function: the shell would keep a copy of what is to be read to its end.
      (exec >/opt/foreground 2>&1; program umlmon -fg vm1) &
      for wait in 0.2 0.3 0.5 1 2 4; do
        [ ! -S "$var/vm1/ctrl" ] || break
        sleep $wait
      done
      program umlwatch vm1 -wait ready -timeout 10s && echo "vm1: monitor $! started"
      ;;
  esac
}
left() {
  for wait in 0.01 0.05 0.1 0.2 0.5 1 1 x; do
    names=
    for file in /proc/[0-9]*/comm; do
      if read -r name 2>/dev/null <"$file"; then case $name in sh) ;; *) names="$names $name" ;; esac; fi
    done
    [ -n "$names" ] || return 0
    [ $wait = x ] || sleep $wait
  done
  echo "processes are left:$names"
  return 1
}
`;

/** The VM is seen by its starter only: paths after one that fails are of no use. */
const run = `
lead=
if step start start; then
  step console on_terminal umlwatch vm1 -connect con1
  step exec program umlwatch vm1 -run 'echo $((6*7))'
  step 'under way' under_way
fi
step stop program umladmin stop vm1
step umlrun run -- sh -c '@command@'
step 'umlrun -root' run -root /opt/tree -- sh -c '@command@'
step left left
exit 0
`;

/** The shell program of a row: it makes the host, changes it, and goes the paths. Pure but for what the tests are given. */
export function scriptOf({ environment, who }: Row, usualUid: number): string {
  const { before = '', each = '"$@"', underWay = ':', uid = usualUid, needs = '' } = environment;
  const given = {
    who,
    uid: `${uid}`,
    passwd: environment.passwd === false ? 'no' : 'yes',
    project,
    kernel: testKernelDirectory(),
    image: testImage(),
    node: process.execPath,
    terminal: environment.terminal ? 'yes' : '',
    starter: environment.start ?? 'umladmin',
  };
  const head = Object.entries(given).map(([name, value]) => `${name}=${quoted(value)}`);
  return [
    ...head,
    functions.replace('@each@', () => each).replace('@variables@', () => variablesOf({ environment, who })),
    ...(needs ? [`step needs sh -c ${quoted(needs)} || exit 0`] : []),
    `. ${quoted(join(import.meta.dirname, 'place.sh'))}`,
    `cat >"$config" <<END\n${configurationOf({ environment, who })}\nEND`,
    '[ "$who" = root ] || chown -R "$uid:$uid" "$home"',
    '[ "$who" = user ] || chown irc "$var/vm1/jail/disks/root.dsk"',
    `identity=${who === 'user' ? '"setpriv --reuid $uid --regid $uid --clear-groups --"' : ''}`,
    `{\n:\n${before}\n} || exit 1`,
    `under_way() {\n${underWay}\n}`,
    run.replaceAll('@command@', () => `echo $((6*7))${environment.terminal ? '; stty size <&2' : ''}`),
  ].join('\n');
}

function configurationOf({ environment: { vm = '', global = '', sections = '' }, who }: Row): string {
  const user = who === 'root' && !vm.includes('vmuser') ? 'vmuser = irc\n' : '';
  return `[GLOBAL]\n${global}\n[vm1]\nubd0 = /disks/root.dsk\nmem = 64M\nstart = boot\n${user}${vm}\n${sections}`;
}

function variablesOf({ environment: { variables = {} }, who }: Row): string {
  const usual: Record<string, string | undefined> = {
    PATH: '/opt/node:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '$home',
    TERM: 'xterm',
    ...(who === 'root' ? { UMLMON_CONFIG: '$config' } : { XDG_RUNTIME_DIR: '/run/user/$uid' }),
  };
  return Object.entries({ ...usual, ...variables })
    .flatMap(([name, value]) => (value === undefined ? [] : [`"${name}=${value}"`]))
    .join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
