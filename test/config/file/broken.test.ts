import { describe, expect, it } from 'vitest';
import { configError, problemText } from '../../../src/config/problem.ts';
import type { ErrorCode } from '../../../src/system/errors/errors.ts';
import { load } from './loading.ts';

/** A VM section without mistakes; its next line is line 4. */
const vm = '[vm1]\nvmuser = uml-vm1\nubd0 = /disks/root.dsk\n';

type Row = [what: string, text: string, code: ErrorCode, line: number, key: string, words: RegExp];

const rows: Row[] = [
  ['a line without =', `${vm}quiet`, 'CONFIG_SYNTAX', 4, '', /no '=' in "quiet".*key = value/],
  ['an unclosed section', '[vm1\nmem = 64M', 'CONFIG_SYNTAX', 1, '', /'\[' is not closed/],
  ['a dot in a section name', '[vm.one]', 'CONFIG_SYNTAX', 1, '', /"vm\.one" has a dot/],
  ['an empty section name', '[ ]', 'CONFIG_SYNTAX', 1, '', /no name/],
  ['__proto__ as a section', '[__proto__]', 'CONFIG_SYNTAX', 1, '', /"__proto__" is not allowed/],
  ['an indented section', ' [vm1]', 'CONFIG_SYNTAX', 1, '', /first column/],
  ['text after a section', '[vm1] ; mine', 'CONFIG_SYNTAX', 1, '', /comment needs a line of its own/],
  ['a repeated section', `${vm}\n[vm1]`, 'CONFIG_DUPLICATE', 5, '', /\[vm1\] is already in line 1/],
  ['a repeated key', `${vm}mem = 64M\nmem = 65M`, 'CONFIG_DUPLICATE', 5, 'mem', /already in line 4/],
  ['a key before any section', `mem = 64M\n${vm}`, 'CONFIG_SYNTAX', 1, 'mem', /outside any section/],
  ['an empty key', `${vm}= 64M`, 'CONFIG_SYNTAX', 4, '', /no key before/],
  ['a list', `${vm}append[] = quiet`, 'CONFIG_SYNTAX', 4, '', /lists as in "append\[\]"/],
  ['__proto__ as a key', `${vm}__proto__ = 1`, 'CONFIG_SYNTAX', 4, '', /"__proto__" is not allowed/],
  ['a quoted key', `${vm}"mem" = 64M`, 'CONFIG_SYNTAX', 4, '', /letters, digits and _ only/],
  ['a comment behind a value', `${vm}mem = 64M ; small`, 'CONFIG_SYNTAX', 4, 'mem', /a ; outside quotes/],
  ['a # in a value', `${vm}append = a#b`, 'CONFIG_SYNTAX', 4, 'append', /write "a#b"/],
  ['an escaped semicolon', `${vm}append = a\\;b`, 'CONFIG_SYNTAX', 4, 'append', /write "a\\\\;b"/],
  ['doubled backslashes', `${vm}append = a\\\\b`, 'CONFIG_SYNTAX', 4, 'append', /quote it: append = "a/],
  ['an open quote', `${vm}append = "a b`, 'CONFIG_SYNTAX', 4, 'append', /quote " is not closed/],
  ['a quote and a comment', `${vm}append = "a b" # c`, 'CONFIG_SYNTAX', 4, 'append', /not closed at the end/],
  ['a lone backslash in quotes', `${vm}append = "a\\nb"`, 'CONFIG_SYNTAX', 4, 'append', /lone " or \\/],
  ['a quote in quotes', `${vm}append = "a"b"`, 'CONFIG_SYNTAX', 4, 'append', /lone " or \\/],
  [
    'JSON in single quotes',
    `${vm}append = '{"toString":1}'`,
    'CONFIG_SYNTAX',
    4,
    'append',
    /programs differ/,
  ],
  ['a number that changes', `${vm}append = '1e3'`, 'CONFIG_SYNTAX', 4, 'append', /append = "1e3"/],
  ['a NUL byte', `${vm}append = a\0b`, 'CONFIG_SYNTAX', 4, '', /U\+0000/],
  ['a lone carriage return', `${vm}# a\rmem = 1G`, 'CONFIG_SYNTAX', 4, '', /U\+000D/],
  ['a bidirectional mark', `${vm}append = a\u202eb`, 'CONFIG_SYNTAX', 4, '', /U\+202E/],
  ['a line separator', `${vm}append = a\u2028b`, 'CONFIG_SYNTAX', 4, '', /U\+2028/],
  ['a long line', `${vm}append = ${'a'.repeat(4096)}`, 'CONFIG_SYNTAX', 4, '', /4105 characters/],
  ['an unknown key', `${vm}fast_bot = true`, 'CONFIG_UNKNOWN_KEY', 4, 'fast_bot', /did you mean "fast_boot"/],
  ['a key in capitals', `${vm}MEM = 64M`, 'CONFIG_UNKNOWN_KEY', 4, 'MEM', /did you mean "mem"/],
  ['a hyphen in a key', `${vm}stop-timeout = 5s`, 'CONFIG_UNKNOWN_KEY', 4, 'stop-timeout', /"stop_timeout"/],
  ['a VM key in GLOBAL', `[GLOBAL]\nmem = 64M`, 'CONFIG_UNKNOWN_KEY', 2, 'mem', /section of a VM/],
  ['a GLOBAL key in a VM', `${vm}vardir = /srv/uml`, 'CONFIG_UNKNOWN_KEY', 4, 'vardir', /\[GLOBAL\]/],
  ['a unit too many', `${vm}ubd16 = /disks/a.dsk`, 'CONFIG_UNKNOWN_KEY', 4, 'ubd16', /ubd0 to ubd15/],
  ['a unit with a zero before it', `${vm}con01 = pty`, 'CONFIG_UNKNOWN_KEY', 4, 'con01', /con0 to con15/],
  ['a unit as a letter', `${vm}ubdb = /disks/a.dsk`, 'CONFIG_UNKNOWN_KEY', 4, 'ubdb', /ubd0 to ubd15/],
  [
    'a property of all objects',
    `${vm}constructor = 1`,
    'CONFIG_UNKNOWN_KEY',
    4,
    'constructor',
    /the key does not exist/,
  ],
  [
    'several mistakes in a network',
    `${vm}eth0 = bridged(b=c, isolated=maybe)`,
    'CONFIG_BAD_VALUE',
    4,
    'eth0',
    /4 problems: .*no argument "b".*isolated.*bridge_if is missing.*proxy_if is missing/,
  ],
  ['TCP', '[GLOBAL]\ntcp = tls', 'CONFIG_BAD_VALUE', 2, 'tcp', /not one of true, false, plain/],
  ['a name to listen on', '[GLOBAL]\ntcp_address = eth0', 'CONFIG_BAD_VALUE', 2, 'tcp_address', /IP address/],
  ['half of a certificate', '[GLOBAL]\ntls_key = /etc/key', 'CONFIG_CONFLICT', 2, 'tls_key', /together/],
  [
    'a role for nobody',
    '[GLOBAL]\ngroup_roles = look:',
    'CONFIG_BAD_VALUE',
    2,
    'group_roles',
    /is not ROLE:GROUP/,
  ],
  [
    'roles without a group',
    '[GLOBAL]\ngroup_roles = look:users',
    'CONFIG_CONFLICT',
    2,
    'group_roles',
    /group is not set/,
  ],
  [
    'an unknown role',
    '[GLOBAL]\ngroup_roles = root:users',
    'CONFIG_BAD_VALUE',
    2,
    'group_roles',
    /not one of look/,
  ],
  [
    'a password',
    `${vm}password = secret`,
    'CONFIG_UNSUPPORTED',
    4,
    'password',
    /not in the configuration: umladmin password/,
  ],
  ['GLOBAL in small letters', '[global]', 'CONFIG_BAD_NAME', 1, '', /written \[GLOBAL\]/],
  ['a VM named shared', '[Shared]', 'CONFIG_BAD_NAME', 1, '', /directory of umlmon/],
  ['a long VM name', `[${'a'.repeat(33)}]`, 'CONFIG_BAD_NAME', 1, '', /at most 32/],
  ['a relative directory', '[GLOBAL]\nvardir = uml', 'CONFIG_PATH', 2, 'vardir', /not an absolute path/],
  ['a way up', '[GLOBAL]\nshared = /srv/../etc', 'CONFIG_PATH', 2, 'shared', /normalised path/],
  ['shared around vardir', '[GLOBAL]\nshared = /var', 'CONFIG_CONFLICT', 2, 'shared', /files of all others/],
  [
    'rundir as vardir',
    '[GLOBAL]\nrundir = /var/lib/umlmon',
    'CONFIG_CONFLICT',
    2,
    'rundir',
    /same directory/,
  ],
  [
    'vardir too long for sockets',
    `[GLOBAL]\nvardir = /${'a'.repeat(80)}`,
    'CONFIG_CONFLICT',
    2,
    'vardir',
    /sockets/,
  ],
  ['a wrong choice', `${vm}start = always`, 'CONFIG_BAD_VALUE', 4, 'start', /off, manual, boot/],
  [
    'root as user',
    '[vm1]\nvmuser = root\nubd0 = /disks/a.dsk',
    'CONFIG_BAD_VALUE',
    2,
    'vmuser',
    /must not run as root/,
  ],
  [
    '0 as user',
    '[vm1]\nvmuser = 0\nubd0 = /disks/a.dsk',
    'CONFIG_BAD_VALUE',
    2,
    'vmuser',
    /must not run as root/,
  ],
  [
    '00 as user',
    '[vm1]\nvmuser = 00\nubd0 = /disks/a.dsk',
    'CONFIG_BAD_VALUE',
    2,
    'vmuser',
    /name or number/,
  ],
  [
    '-1 as user',
    '[vm1]\nvmuser = 4294967295\nubd0 = /disks/a.dsk',
    'CONFIG_BAD_VALUE',
    2,
    'vmuser',
    /name or number/,
  ],
  ['no user', '[vm1]\nubd0 = /disks/a.dsk', 'CONFIG_REQUIRED', 1, 'vmuser', /vmuser = uml-vm1/],
  [
    'a kernel outside its place',
    `${vm}kernel = /boot/vmlinuz`,
    'CONFIG_PATH',
    4,
    'kernel',
    /shared\/kernels/,
  ],
  ['memory without a unit', `${vm}mem = 128`, 'CONFIG_BAD_VALUE', 4, 'mem', /write 128M/],
  ['memory in MiB', `${vm}mem = 128MiB`, 'CONFIG_BAD_VALUE', 4, 'mem', /write 128M/],
  ['too little memory', `${vm}mem = 31M`, 'CONFIG_BAD_VALUE', 4, 'mem', /at least 32M/],
  ['too much memory', `${vm}mem = 65G`, 'CONFIG_BAD_VALUE', 4, 'mem', /at most 64G/],
  ['half a MiB', `${vm}mem = 33000K`, 'CONFIG_BAD_VALUE', 4, 'mem', /multiple of 1M/],
  ['a root by number', `${vm}root = /dev/ubd0`, 'CONFIG_BAD_VALUE', 4, 'root', /ubd0 is ubda in the guest/],
  ['a root beyond the units', `${vm}root = ubdq`, 'CONFIG_BAD_VALUE', 4, 'root', /not a ubd device/],
  ['a root beyond the partitions', `${vm}root = ubda16`, 'CONFIG_BAD_VALUE', 4, 'root', /1 to 15/],
  [
    'a root that is not there',
    `${vm}root = ubdb1`,
    'CONFIG_CONFLICT',
    4,
    'root',
    /ubd1, which is not configured/,
  ],
  ['readiness by nothing', `${vm}ready = console`, 'CONFIG_REQUIRED', 4, 'ready', /requires a ready_pattern/],
  [
    'a text on no console',
    `${vm}ready_pattern = con5 x`,
    'CONFIG_CONFLICT',
    4,
    'ready_pattern',
    /has no con5/,
  ],
  ['a VM without a disk', '[vm1]\nvmuser = u1', 'CONFIG_CONFLICT', 1, 'root', /add ubd0 =/],
  [
    'a disk outside its place',
    `${vm}ubd1 = /etc/a.dsk`,
    'CONFIG_PATH',
    4,
    'ubd1',
    /\/disks\/ or \/shared\/disks\//,
  ],
  ['a disk by way of ..', `${vm}ubd1 = /disks/../etc/a.dsk`, 'CONFIG_PATH', 4, 'ubd1', /normalised path/],
  ['a disk with //', `${vm}ubd1 = /disks//a.dsk`, 'CONFIG_PATH', 4, 'ubd1', /normalised path/],
  ['a disk without a name', `${vm}ubd1 = /disks/.dsk`, 'CONFIG_PATH', 4, 'ubd1', /does not end in/],
  ['a comma in a disk', `${vm}ubd1 = /disks/a,b.dsk`, 'CONFIG_PATH', 4, 'ubd1', /must not contain ,/],
  ['a colon in a disk', `${vm}ubd1 = /disks/a:b.dsk`, 'CONFIG_PATH', 4, 'ubd1', /must not contain :/],
  [
    'a backing file of a flat image',
    `${vm}ubd1 = /disks/a.dsk,/disks/b.dsk`,
    'CONFIG_PATH',
    4,
    'ubd1',
    /must not contain ,/,
  ],
  [
    'a COW image as backing file',
    `${vm}ubd1 = /disks/a.cow,/disks/b.cow`,
    'CONFIG_PATH',
    4,
    'ubd1',
    /one layer only/,
  ],
  [
    'a backing file elsewhere',
    `${vm}ubd1 = /disks/a.cow,/etc/b.dsk`,
    'CONFIG_PATH',
    4,
    'ubd1',
    /not a valid path for disk images/,
  ],
  [
    'a serial number with a comma',
    `${vm}ubd1 = /disks/a.dsk serial=a,b`,
    'CONFIG_BAD_VALUE',
    4,
    'ubd1',
    /serial=a,b/,
  ],
  ['an option twice', `${vm}ubd1 = /disks/a.dsk ro ro`, 'CONFIG_BAD_VALUE', 4, 'ubd1', /unexpected "ro"/],
  ['a wrong suffix', `${vm}ubd1 = /disks/a.img`, 'CONFIG_PATH', 4, 'ubd1', /\.dsk, \.cow or \.dev/],
  [
    'an unknown option after the path',
    `${vm}ubd1 = /disks/a.dsk rw`,
    'CONFIG_BAD_VALUE',
    4,
    'ubd1',
    /unexpected "rw"/,
  ],
  [
    'one image twice',
    `${vm}ubd1 = /disks/root.dsk ro`,
    'CONFIG_CONFLICT',
    4,
    'ubd1',
    /ubd0 has the same image/,
  ],
  ['con0 off', `${vm}con0 = off`, 'CONFIG_BAD_VALUE', 4, 'con0', /cannot be off/],
  ['a misspelt console', `${vm}con1 = ptty`, 'CONFIG_BAD_VALUE', 4, 'con1', /did you mean "pty"/],
  [
    'mem= in append',
    `${vm}append = quiet mem=1G`,
    'CONFIG_RESERVED',
    4,
    'append',
    /"mem=1G".*use the key mem/,
  ],
  ['root= in quotes', `${vm}append = x "root=/dev/vda"`, 'CONFIG_RESERVED', 4, 'append', /use the key root/],
  [
    'two arguments of umlmon',
    `${vm}append = umid=x ubd1=/etc/x`,
    'CONFIG_RESERVED',
    4,
    'append',
    /umid=x.*ubd1=/,
  ],
  ['con1= in append', `${vm}append = con1=pts`, 'CONFIG_RESERVED', 4, 'append', /con0 to con15/],
  ['hostfs= in append', `${vm}append = hostfs=/`, 'CONFIG_RESERVED', 4, 'append', /host files/],
  ['an argument that prints', `${vm}append = --showconfig`, 'CONFIG_RESERVED', 4, 'append', /print and exit/],
  ['lpj with fast_boot', `${vm}append = lpj=5`, 'CONFIG_RESERVED', 4, 'append', /fast_boot = false/],
  [
    'lpj with fast_boot, hidden',
    `${vm}append = initcall-blacklist=x`,
    'CONFIG_RESERVED',
    4,
    'append',
    /fast_boot/,
  ],
  ['an open quote in append', `${vm}append = quiet a="b`, 'CONFIG_BAD_VALUE', 4, 'append', /not closed/],
  ['cores backwards', `${vm}cpu = 3-1`, 'CONFIG_BAD_VALUE', 4, 'cpu', /is not a list of cores/],
  ['cores without end', `${vm}cpu = 0-99999`, 'CONFIG_BAD_VALUE', 4, 'cpu', /is not a list of cores/],
  ['neither true nor false', `${vm}fast_boot = maybe`, 'CONFIG_BAD_VALUE', 4, 'fast_boot', /true or false/],
  ['a duration without a unit', `${vm}stop_timeout = 30`, 'CONFIG_BAD_VALUE', 4, 'stop_timeout', /write 30s/],
  ['a long duration', `${vm}stop_timeout = 61m`, 'CONFIG_BAD_VALUE', 4, 'stop_timeout', /at most 1h/],
  ['a negative number', `${vm}log_count = -1`, 'CONFIG_BAD_VALUE', 4, 'log_count', /from 0 to 100/],
  ['an empty value', `${vm}mem =`, 'CONFIG_BAD_VALUE', 4, 'mem', /not a size/],
  ['a letter as escape', '[GLOBAL]\nescape = x', 'CONFIG_BAD_VALUE', 2, 'escape', /control character/],
  ['Enter as escape', '[GLOBAL]\nescape = ^M', 'CONFIG_BAD_VALUE', 2, 'escape', /every session needs/],
];

describe('a broken configuration', () => {
  it.each(rows)('%s', (_what, text, code, line, key, words) => {
    const { problems } = load(text);
    expect(problems.map(problemText)).toHaveLength(1);
    expect(problems[0]).toMatchObject({ severity: 'error', code, line, key, file: 'umlmon.ini' });
    expect(problems.map(problemText)[0]).toMatch(words);
  });

  it('reports all ten problems of a file, in their order', () => {
    const text = [
      'stray = 1', //                    1 before any section
      '[GLOBAL]', //                     2
      'vardir = var', //                 3 relative
      'tcp = maybe', //                  4 refused
      '[vm1]', //                        5
      'vmuser = root', //                6 refused
      'mem = 12', //                     7 no unit
      'ubd0 = /disks/a.img', //          8 no suffix of ours
      'con0 = off', //                   9 refused
      'what', //                        10 no =
      '[vm.2]', //                      11 dot
      '[vm3]', //                       12
      'vmuser = u3', //                 13
      'ubd0 = /disks/a.dsk', //         14
      'append = umid=x', //             15 reserved
    ].join('\n');
    const { config, problems } = load(text);
    expect(problems.map(({ line }) => line)).toEqual([1, 3, 4, 6, 7, 8, 9, 10, 11, 15]);
    expect(config).toBeUndefined();
  });

  it('is refused as a whole when it is not UTF-8, with the place', () => {
    const { config, problems } = load(
      Buffer.concat([Buffer.from('[vm1]\nmem = '), Buffer.from([0xff, 0x4d])]),
    );
    expect(config).toBeUndefined();
    expect(problems).toMatchObject([
      { code: 'CONFIG_SYNTAX', line: 2, cause: 'the file is not UTF-8 at byte 12' },
    ]);
  });

  it('is not read beyond its bounds', () => {
    expect(load('#'.repeat((1 << 20) + 1)).problems).toMatchObject([
      { cause: expect.stringMatching(/1048577 bytes/) },
    ]);
    const sections = Array.from({ length: 1001 }, (_, index) => `[vm${index}]`).join('\n');
    expect(load(sections).problems.at(-1)).toMatchObject({
      line: 1001,
      cause: expect.stringMatching(/1000 sections/),
    });
    const keys = Array.from({ length: 10_000 }, (_, index) => `k${index} = 1`).join('\n');
    expect(load(`[vm1]\n${keys}`).problems.at(-1)).toMatchObject({
      line: 258,
      cause: expect.stringMatching(/256 keys/),
    });
    const mistakes = load('bad\n'.repeat(100_000)).problems;
    expect(mistakes).toHaveLength(101);
    expect(mistakes.at(-1)?.cause).toMatch(/more than 100 problems/);
  });

  it('cannot send control characters to the terminal', () => {
    const { problems } = load('[vm1]\n\u001b]0;x\u0007\n[\u001b[2J]\n');
    for (const text of problems.map(problemText)) expect(text).not.toMatch(/\p{Cc}/u);
  });
});

it('a large file of unknown keys is refused in little time, with a hundred mistakes shown', () => {
  const sections = Array.from({ length: 999 }, (_, vm) =>
    [`[v${vm}]`, ...Array.from({ length: 140 }, (_, key) => `sl${key.toString(36)}x=`)].join('\n'),
  );
  const { problems } = load(`[GLOBAL]\n${sections.join('\n')}`);
  expect(problems.filter(({ code }) => code === 'CONFIG_UNKNOWN_KEY')).toHaveLength(999 * 140);
  // Looking for what each of them may have meant would take half a minute, beyond the time of any test.
  expect(problems.filter(({ hint }) => hint.startsWith('did you mean')).length).toBeLessThan(300);
  expect(configError(problems).reason.split('\n')).toHaveLength(101);
});
