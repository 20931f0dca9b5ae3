import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/cli/commands/table.ts';
import { parseCommandLine, parseLine } from '../../src/cli/umlwatch-command-line.ts';
import { toFailure } from '../../src/system/errors/errors.ts';

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, cause, hint } = toFailure(error);
    return `${code}: ${cause} (${hint})`;
  }
  return 'accepted';
}

const plain = (command: Command) => ({ ...command, options: [...command.options] });

describe('the command line', () => {
  test('commands keep their order, with arguments and options', () => {
    const words = '-start -log con0 -follow -stop -timeout 2m -log ssl63 -events -since 17'.split(' ');
    const line = parseCommandLine(['-config', '/x', 'vm1', ...words, '-json']);
    expect({ ...line, commands: line.commands.map(plain) }).toEqual({
      target: 'vm1',
      configPath: '/x',
      plain: false,
      json: true,
      help: false,
      version: false,
      commands: [
        { name: 'start', options: [], values: {} },
        { name: 'log', options: ['follow'], values: { CHANNEL: 'con0' } },
        { name: 'stop', options: ['timeout'], values: { DURATION: 120_000 } },
        { name: 'log', options: [], values: { CHANNEL: 'ssl63' } },
        { name: 'events', options: ['since'], values: { NUMBER: 17 } },
      ],
    });
  });

  test('an optional argument is taken only if it has the right form', () => {
    const values = (...argv: string[]) => parseCommandLine(argv).commands.map((command) => command.values);
    expect(values('vm1', '-crash', '-crash', 'last', '-get', 'console/con0')).toEqual([
      {},
      { NAME: 'last', FILE: 'console/con0' },
    ]);
    expect(parseCommandLine(['-crash', 'vm1'])).toMatchObject({ target: 'vm1' });
    expect(values('vm1', '-crash', '2026-11-21T12-34-56Z-2')).toEqual([{ NAME: '2026-11-21T12-34-56Z-2' }]);
    expect(refusalOf(() => parseCommandLine(['vm1', '-crash', 'last', 'first']))).toContain(
      '-crash [NAME] [-get FILE]',
    );
  });

  test('an image with its flags is one argument, in quotes; a line at the prompt needs none', () => {
    const network = 'bridged(bridge_if=br0, proxy_if=p1)';
    expect(parseLine(`plug-net eth1 ${network}`)?.values).toEqual({ INTERFACE: 1, NETWORK: network });
    expect(() => parseLine('plug-net eth16 network(name=lab)')).toThrow(/eth0 to eth15/);
    expect(() => parseLine('plug-net eth1 bridged(bridge_if=br0)')).toThrow(/proxy_if is missing/);
    const values = { DISK: 1, IMAGE: '/disks/data.dsk ro serial=a' };
    const quotes = parseCommandLine([
      'vm1',
      '-plug',
      'ubd1',
      '/disks/data.dsk ro serial=a',
      '-unplug',
      'ubd15',
    ]);
    expect(quotes.commands.map((command) => command.values)).toEqual([values, { DISK: 15 }]);
    expect(parseLine('plug ubd1  /disks/data.dsk   ro serial=a')?.values).toEqual(values);
    expect(refusalOf(() => parseLine('plug ubd16 /disks/data.dsk'))).toContain('"ubd16" is not a disk');
    expect(refusalOf(() => parseLine('plug ubd1 /disks/data.dsk rw'))).toContain('unexpected "rw"');
    expect(refusalOf(() => parseLine('unplug ubd1 ubd2'))).toContain('unexpected argument "ubd2"');
  });

  test('a command with subcommands takes one of them, with its arguments', () => {
    const words =
      '-disk create /disks/a.dsk 10G -ext4 -disk cow-merge /disks/a.cow -disk list -cancel 3'.split(' ');
    expect(parseCommandLine(['vm1', ...words]).commands.map(plain)).toEqual([
      {
        name: 'disk',
        subcommand: 'create',
        options: ['ext4'],
        values: { PATH: '/disks/a.dsk', SIZE: 10 * 2 ** 30 },
      },
      { name: 'disk', subcommand: 'cow-merge', options: [], values: { COW: '/disks/a.cow' } },
      { name: 'disk', subcommand: 'list', options: [], values: {} },
      { name: 'cancel', options: [], values: { ID: 3 } },
    ]);
    const target = parseCommandLine('vm1 -disk cow-merge /disks/a.cow /shared/disks/b.dsk'.split(' '));
    expect(target.commands[0]?.values).toEqual({ COW: '/disks/a.cow', TARGET: '/shared/disks/b.dsk' });
  });

  test('keys, patterns and commands for the guest have their own forms', () => {
    const words = [
      '-send',
      'root\\r\\x03',
      '-on',
      'ssl0',
      '-expect',
      '^# $',
      '-timeout',
      '5',
      '-run',
      "echo 'a b'",
    ];
    expect(parseCommandLine(['vm1', ...words]).commands.map(plain)).toEqual([
      { name: 'send', options: ['on'], values: { KEYS: 'root\r\x03', CHANNEL: 'ssl0' } },
      { name: 'expect', options: ['timeout'], values: { PATTERN: '^# $', DURATION: 5000 } },
      { name: 'run', options: [], values: { COMMAND: "echo 'a b'" } },
    ]);
    expect(parseLine('run echo  a   b')?.values).toEqual({ COMMAND: 'echo  a   b' });
    expect(refusalOf(() => parseLine('send \\q'))).toBe(
      'USAGE: send: "\\q" is not a key (\\r \\n \\t \\e \\\\ \\xHH)',
    );
    expect(refusalOf(() => parseLine('expect (')).startsWith('USAGE: expect: Invalid regular')).toBe(true);
    expect(refusalOf(() => parseLine(`run ${'a'.repeat(801)}`))).toContain('at most 800 bytes');
  });

  test('the VM is valid anywhere, and two hyphens are the same as one', () => {
    const line = parseCommandLine(['--info', '--json', 'vm1', '--help', '--version']);
    expect(line).toMatchObject({ target: 'vm1', json: true, help: true, version: true });
    expect(line.commands.map(({ name }) => name)).toEqual(['info']);
  });

  test('a VM alone has no commands', () => {
    expect(parseCommandLine(['vm1']).commands).toEqual([]);
    expect(parseCommandLine([]).target).toBeUndefined();
  });

  test.each([
    [
      'vm1 -disk',
      '-disk needs a subcommand (one of list, info, create, delete, copy, resize, convert, check, cow-create, cow-merge, cow-rebase, snapshot, rollback, snapshot-delete)',
    ],
    ['vm1 -disk crate', 'unknown subcommand "crate" of -disk (did you mean -disk create?)'],
    ['vm1 -disk -list', 'unknown subcommand "-list" of -disk (did you mean -disk list?)'],
    ['vm1 -create', 'unknown command "-create" (did you mean -disk create?)'],
    ['vm1 -disk create /disks/a.dsk', '-disk create needs a SIZE (use: -disk create PATH SIZE [-ext4])'],
    ['vm1 -disk create /disks/a.dsk 10', '-disk create: "10" is not a size (write 10M)'],
    ['vm1 -disk create /disks/a.dsk 9000G', '-disk create: 9000G is too large (at most 8192G)'],
    ['vm1 -disk create /disks/a.dsk 1K', '-disk create: 1K is too small (at least 4K)'],
    [
      'vm1 -disk copy /etc/passwd /disks/a.dsk',
      '-disk copy: "/etc/passwd" is not a valid path for disk images (disk images are below /disks/ or /shared/disks/ (as the jail sees them))',
    ],
    ['vm1 -disk list now', 'unexpected argument "now" after -disk list (use: -disk list)'],
    [
      'vm1 -disk snapshot /disks/a.dsk a/b',
      '-disk snapshot: "a/b" is not a valid name of a snapshot (use at most 64 letters, digits, . _ and -; start with a letter or digit)',
    ],
    ['vm1 -ext4', '-ext4 is not valid here (use: -disk create PATH SIZE [-ext4])'],
    ['vm1 -crash nix', '-crash: "nix" is not the name of a crash (last, or a name that -crashes lists)'],
    ['vm1 -cancel all', '-cancel: "all" is not a number (use: -cancel ID)'],
    ['vm1 -strat', 'unknown command "-strat" (did you mean -start?)'],
    ['-mconsole-sockt x', 'unknown command "-mconsole-sockt" (did you mean -mconsole-socket?)'],
    ['vm1 -confg x', 'unknown command "-confg" (did you mean -config?)'],
    [
      'vm1 -restore .x',
      '-restore: ".x" is not a valid name of a backup (use at most 64 letters, digits, . _ and -; start with a letter or digit)',
    ],
    ['vm1 -halp', 'unknown command "-halp" (did you mean -help?)'],
    ['vm1 -log con0 -folow', 'unknown command "-folow" (did you mean -follow?)'],
    ['vm1 -INFO', 'unknown command "-INFO" (did you mean -info?)'],
    ['vm1 -xyzzy', 'unknown command "-xyzzy" (umlwatch -help lists all commands)'],
    ['vm1 -constructor', 'unknown command "-constructor" (umlwatch -help lists all commands)'],
    ['vm1 -follow -log con0', '-follow is not valid here (use: -log CHANNEL [-follow])'],
    ['vm1 -', 'unknown option "-" (umlwatch -help lists all commands)'],
    ['vm1 -1', 'unknown option "-1" (umlwatch -help lists all commands)'],
    ['vm1 ---info', 'unknown option "---info" (umlwatch -help lists all commands)'],
    ['vm1 -sysrq', '-sysrq needs a LETTER (use: -sysrq LETTER)'],
    ['vm1 -log -follow', '-log needs a CHANNEL (use: -log CHANNEL [-follow])'],
    ['vm1 -log con16', '-log: "con16" is not a channel (con0 to con15, or ssl0 to ssl63)'],
    ['vm1 -log ssl64', '-log: "ssl64" is not a channel (con0 to con15, or ssl0 to ssl63)'],
    ['vm1 -log con01', '-log: "con01" is not a channel (con0 to con15, or ssl0 to ssl63)'],
    ['vm1 -stop -timeout', '-timeout needs a DURATION (use: -stop [-timeout DURATION])'],
    ['vm1 -start -stop -timeout 3x', '-timeout: "3x" is not a duration (as in 500ms, 30s, 2m)'],
    ['vm1 -stop -timeout 7200', '-timeout: 7200s is too long (at most 1h)'],
    ['vm1 -stop -timeout 2h', '-timeout: 2h is too long (at most 1h)'],
    ['vm1 -stop -timeout 1ms', '-timeout: 1ms is too short (at least 100ms)'],
    ['vm1 -events -since now', '-since: "now" is not a number (use: -events [-since NUMBER])'],
    ['vm1 -events -since -1', '-since needs a NUMBER (use: -events [-since NUMBER])'],
    ['vm1 vm2', 'more than one VM: "vm1" and "vm2" (umlwatch vm1 -info)'],
    ['vm1 info', 'the command "info" needs a hyphen here (umlwatch vm1 -info)'],
    ['vm1 -info now', 'unexpected argument "now" after -info (use: -info)'],
    ['vm1 -config', '-config needs a PATH (a configuration file)'],
  ])('%s', (line, why) => {
    expect(refusalOf(() => parseCommandLine(line.split(' ')))).toBe(`USAGE: ${why}`);
  });

  test('typed text cannot write control characters to the terminal', () => {
    expect(refusalOf(() => parseCommandLine(['vm1', 'a\x1b[2Jb']))).toContain('"a\\u{1b}[2Jb"');
  });
});

describe('a line at the prompt', () => {
  test('is a command without hyphen; a hyphen is allowed', () => {
    for (const line of ['log con1 -follow', '  -log   con1  --follow '])
      expect(plain(parseLine(line) ?? expect.fail('nothing'))).toEqual({
        name: 'log',
        options: ['follow'],
        values: { CHANNEL: 'con1' },
      });
  });

  test.each(['', '   ', '# a comment', '#info'])('nothing to do: %j', (line) => {
    expect(parseLine(line)).toBeUndefined();
  });

  test.each([
    ['inof', 'unknown command "inof" (did you mean info?)'],
    ['quti', 'unknown command "quti" (did you mean quit?)'],
    ['xyzzy', 'unknown command "xyzzy" (help lists all commands)'],
    ['info stop', 'unexpected argument "stop" (use: info)'],
    ['who nix', 'who: "nix" is not a channel (con0 to con15, or ssl0 to ssl63)'],
    ['log con0 -folow', 'unexpected argument "-folow" (use: log CHANNEL [-follow])'],
    ['log', 'log needs a CHANNEL (use: log CHANNEL [-follow])'],
    ['since', '-since is not valid here (use: events [-since NUMBER])'],
    [
      'wait redy',
      'wait: "redy" is not one of launched, kernel, guest, console, ready, stopped (did you mean "ready"?)',
    ],
    ['__proto__', 'unknown command "__proto__" (help lists all commands)'],
  ])('%s', (line, why) => {
    expect(refusalOf(() => parseLine(line))).toBe(`USAGE: ${why}`);
  });
});

test('an error shows no control character of the typed text', () => {
  expect(() => parseCommandLine(['vm\x1b[2J', 'vm2'])).toThrow(/hint: umlwatch vm\\x1b\[2J -info/);
});
