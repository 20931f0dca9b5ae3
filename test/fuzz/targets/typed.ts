import { complete } from '../../../src/cli/complete.ts';
import { parseCommandLine, parseLine } from '../../../src/cli/parse.ts';
import { optionsOf, usesOf } from '../../../src/cli/vocabulary.ts';
import { type Command, words as table } from '../../../src/cli/words.ts';
import { UmlmonError } from '../../../src/system/errors.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, refusable, type Target } from '../target.ts';

const words = [
  ...new Set(usesOf(table).flatMap(({ path }) => path)),
  ...optionsOf(table),
  ...[
    'help',
    'quit',
    'json',
    'config',
    'version',
    'con0',
    'ssl63',
    'con99',
    '30s',
    '100ms',
    '12',
    '/etc/x.ini',
    '/disks/a.dsk',
    '/shared/disks/b.cow',
    '512M',
    'vm1',
    'vm1@host',
  ],
  ...[
    '-',
    '--',
    '#',
    '\0',
    ' ',
    '\t',
    '\n',
    '"',
    '\x1b[2J',
    '\u202e',
    '\u00a0',
    'constructor',
    '__proto__',
    'toString',
  ],
];

/** Words are separated by NUL, as the kernel hands them over. */
const lines: Corpus = {
  samples: [
    'vm1\0-start\0-connect\0con1',
    '-config\0/etc/x.ini\0-json\0vm1\0-stop\0-timeout\x0030s\0-log\0con0\0-follow',
    'vm1\0--events\0--since\x0012',
    'stop -timeout 30s',
    'log con0 -follow',
    'connect ssl3',
    'events -since 9',
    'vm1\0-disk\0create\0/disks/a.dsk\x0010G\0-ext4\0-cancel\x003',
    'disk cow-merge /disks/a.cow /disks/b.dsk',
    'disk snapshot /disks/a.dsk before-1',
  ].map((text) => Buffer.from(text)),
  words: [...words, ...words.map((word) => `\0-${word}\0`), ...words.map((word) => ` ${word} `)],
  maxBytes: 65_536,
};

const commandLine: Target = {
  name: 'command-line',
  share: 80,
  make: (random) => makeInput(random, lines),
  run(input) {
    const argv = input.toString().split('\0');
    return refusable([UmlmonError], () => {
      const { commands } = parseCommandLine(argv);
      for (const command of commands)
        assertSame(command, parseCommandLine(['vm1', `-${written(command)}`.split(' ')].flat()).commands[0]);
    });
  },
};

const typedLine: Target = {
  name: 'typed-line',
  share: 80,
  make: (random) => makeInput(random, lines),
  async run(input) {
    const line = input.toString().replaceAll('\0', ' ');
    const [candidates, begun] = await complete(line, {
      channels: async () => ['con0', 'con1'],
      images: async () => ['/disks/a.dsk'],
    });
    assert(
      candidates.every((candidate) => candidate.startsWith(begun)),
      'what is offered begins with what was typed',
    );
    return refusable([UmlmonError], () => {
      const command = parseLine(line);
      if (command) assertSame(command, parseLine(written(command)));
    });
  },
};

/** A command as it may be typed. */
function written({ word, sub, options, values }: Command): string {
  const { DURATION, FILE, NUMBER, SIZE, ...plain } = values;
  const given = [...options].flatMap((option) => [
    `-${option}`,
    ...(option === 'timeout' ? [`${DURATION}ms`] : option === 'since' ? [String(NUMBER)] : []),
    ...(option === 'get' ? [String(FILE)] : []),
  ]);
  const size = SIZE === undefined ? [] : [`${SIZE / 1024}K`];
  return [word, ...(sub === undefined ? [] : [sub]), ...Object.values(plain), ...size, ...given].join(' ');
}

function assertSame(command: Command, again: Command | undefined): void {
  const text = (one: Command | undefined) =>
    JSON.stringify([one?.word, one?.sub, one?.values, [...(one?.options ?? [])]]);
  assert(text(command) === text(again), `typed again it means the same: ${text(command)}, ${text(again)}`);
}

export const typedTargets: readonly Target[] = [commandLine, typedLine];
