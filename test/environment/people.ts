import type { Environment, Refused } from './environment.ts';

/** A configuration that names its directories: no variable is needed to find one. */
const named = 'vardir = $var\nrundir = $run';
const byName = { UMLMON_CONFIG: '$config' };

/** The user of a VM has an account, so that its number is given to none else. */
const unknownUser: Refused = { cause: /the user does not exist/, hint: /useradd .*--uid 4242/ };

/** Users, home directories, variables. */
export const people: readonly Environment[] = [
  { name: 'no XDG_RUNTIME_DIR', who: ['user'], variables: { XDG_RUNTIME_DIR: undefined } },
  { name: 'empty XDG_RUNTIME_DIR', who: ['user'], variables: { XDG_RUNTIME_DIR: '' } },
  { name: 'relative XDG_RUNTIME_DIR', who: ['user'], variables: { XDG_RUNTIME_DIR: 'run' } },
  {
    name: 'another XDG_RUNTIME_DIR, with a blank',
    who: ['user'],
    before: 'mkdir "/opt/run dir"; chown "$uid" "/opt/run dir"',
    variables: { XDG_RUNTIME_DIR: '/opt/run dir' },
  },
  {
    name: 'XDG_RUNTIME_DIR that is not there',
    who: ['user'],
    variables: { XDG_RUNTIME_DIR: '/opt/none' },
    refused: {
      start: { cause: /\/opt\/none/, hint: /XDG_RUNTIME_DIR|rundir/ },
      umlrun: { cause: /\/opt\/none/, hint: /XDG_RUNTIME_DIR|rundir/ },
      'umlrun -root': { cause: /\/opt\/none/, hint: /XDG_RUNTIME_DIR|rundir/ },
    },
  },
  { name: 'no HOME', variables: { HOME: undefined } },
  { name: 'empty HOME', who: ['user'], variables: { HOME: '' } },
  {
    name: 'HOME with a blank',
    who: ['user'],
    before:
      '[ $who = root ] || { home="/home/a person"; mkdir "$home"; mount --rbind /home/person "$home"; }',
  },
  { name: 'HOME that cannot be written', before: 'mkdir -p "$home"; chown 0 "$home"; chmod 555 "$home"' },
  {
    name: 'HOME that is not there',
    global: named,
    variables: { HOME: '/nonexistent', ...byName },
  },
  { name: 'no passwd entry', who: ['user'], passwd: false },
  {
    name: 'no passwd entry, no HOME',
    passwd: false,
    global: named,
    variables: { HOME: undefined, ...byName },
  },
  { name: 'no passwd entry, uid 4242', who: ['user'], uid: 4242, passwd: false },
  { name: 'uid 3000000000', who: ['user'], uid: 3_000_000_000 },
  { name: 'no passwd entry, uid 3000000000', who: ['user'], uid: 3_000_000_000, passwd: false },
  { name: 'no passwd entry, uid 4294967294', who: ['user'], uid: 4_294_967_294, passwd: false },
  {
    name: 'vmuser 4242, no passwd entry',
    who: ['root'],
    vm: 'vmuser = 4242',
    refused: { start: unknownUser },
    before: 'chown 4242 "$var/vm1/jail/disks/root.dsk"',
  },
  {
    name: 'vmuser 3000000000',
    who: ['root'],
    uid: 3_000_000_000,
    vm: 'vmuser = 3000000000',
    before: 'chown 3000000000 "$var/vm1/jail/disks/root.dsk"',
  },
  {
    name: 'no user has a name',
    who: ['root'],
    vm: 'vmuser = 4242',
    refused: { start: unknownUser },
    before: ': >/etc/passwd; : >/etc/group; chown 4242 "$var/vm1/jail/disks/root.dsk"',
  },
  ...['077', '777'].map((mask) => ({ name: `umask ${mask}`, each: `umask ${mask}; "$@"` })),
  ...['000', '027'].map((mask) => ({
    name: `umask ${mask}`,
    who: ['user'] as const,
    each: `umask ${mask}; "$@"`,
  })),
  ...['de_DE.UTF-8', 'tr_TR.UTF-8', 'ja_JP.EUC-JP'].map((language) => ({
    name: `LANG=${language}`,
    who: [language === 'ja_JP.EUC-JP' ? 'root' : 'user'] as const,
    needs: `localedef --list-archive >/dev/null 2>&1; [ -e /usr/share/i18n/locales/${language.slice(0, 5)} ] || { echo 'no source of locales (package locales)'; exit 1; }`,
    before: `mkdir /opt/locale; localedef -i ${language.slice(0, 5)} -f ${language.slice(6)} /opt/locale/${language}`,
    variables: { LANG: language, LC_ALL: language, LANGUAGE: language.slice(0, 2), LOCPATH: '/opt/locale' },
  })),
  {
    name: 'LANG that is not installed',
    who: ['user'],
    variables: { LANG: 'xx_YY.UTF-8', LC_ALL: 'xx_YY.UTF-8' },
  },
  {
    name: 'no variable but PATH',
    variables: { HOME: undefined, TERM: undefined, XDG_RUNTIME_DIR: undefined },
  },
  {
    name: 'PATH with the programs of a user only',
    who: ['user'],
    variables: { PATH: '/opt/node:/usr/bin:/bin' },
  },
  { name: 'TMPDIR that is not there', variables: { TMPDIR: '/opt/none' } },
  { name: 'TERM=dumb', who: ['user'], variables: { TERM: 'dumb' } },
  {
    name: 'a proxy, and colours',
    who: ['user'],
    variables: { http_proxy: 'http://192.0.2.1:1', https_proxy: 'http://192.0.2.1:1', FORCE_COLOR: '1' },
  },
  {
    name: 'a working directory that is gone',
    each: 'd=/opt/gone.$$; mkdir -p $d; chmod 777 $d; cd $d && rmdir $d && "$@"',
  },
  {
    name: 'a working directory that is closed',
    who: ['user'],
    each: 'mkdir -p /opt/closed; chmod 700 /opt/closed; cd /opt/closed && "$@"',
  },
];
