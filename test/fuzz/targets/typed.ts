import { complete } from '../../../src/cli/complete.ts';
import { parseCommandLine, parseLine } from '../../../src/cli/parse.ts';
import { type Command, optionNames, wordNames } from '../../../src/cli/words.ts';
import { UmlmonError } from '../../../src/system/errors.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, refusable, type Target } from '../target.ts';

const words = [
  ...wordNames,
  ...optionNames,
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
    const [candidates, begun] = await complete(line, async () => ['con0', 'con1']);
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
function written({
  word,
  options,
  values: { CHANNEL, DURATION, NUMBER, TEXT, LETTER, PID },
}: Command): string {
  const given = [...options].flatMap((option) => [
    `-${option}`,
    ...(option === 'timeout' ? [`${DURATION}ms`] : option === 'since' ? [String(NUMBER)] : []),
  ]);
  const own = [CHANNEL, TEXT, LETTER, PID].filter((value) => value !== undefined);
  return [word, ...own, ...given].join(' ');
}

function assertSame(command: Command, again: Command | undefined): void {
  const text = (one: Command | undefined) =>
    JSON.stringify([one?.word, one?.values, [...(one?.options ?? [])]]);
  assert(text(command) === text(again), `typed again it means the same: ${text(command)}, ${text(again)}`);
}

export const typedTargets: readonly Target[] = [commandLine, typedLine];
