import { resolve } from 'node:path';
import { parseAdminImage } from '../../../src/cli/admin/table.ts';
import { type ArgumentKind, type CliCommand, imageKinds } from '../../../src/cli/commands/argument-kinds.ts';
import { complete } from '../../../src/cli/commands/prompt-completion.ts';
import { type Command, umlwatchCommands as table } from '../../../src/cli/commands/table.ts';
import { parseAdminLine } from '../../../src/cli/umladmin.ts';
import { parseCommandLine, parseLine } from '../../../src/cli/umlwatch-command-line.ts';
import { findCommand, formsOf, optionsOf } from '../../../src/command-line/command-spec.ts';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { subjectText } from '../../../src/disk/commands/describe-command.ts';
import { type ImageName, imagePathOnHost, nameText, placeOf } from '../../../src/disk/names/image-name.ts';
import { readClientRequest } from '../../../src/monitor/disks/disk-request.ts';
import { XdrError, XdrReader } from '../../../src/rpc/codec/xdr.ts';
import { diskRequestCodec } from '../../../src/rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, assertSafe, refusable, type Target } from '../target.ts';
import { encodedArgs } from './rpc-corpus.ts';

const words = [
  ...new Set(formsOf(table).flatMap(({ path }) => path)),
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
    'run uname -on con2 -timeout 30s',
    'plug-net eth1 network(name=lab)',
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
        assertSame(command, parseCommandLine(['vm1', ...written(command)]).commands[0]);
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
      if (command) assertSame(command, parseLine(written(command).join(' ')));
    });
  },
};

/** A command as it may be typed. */
function written({ name, subcommand, options, values }: Command): string[] {
  const outer = table[name];
  const use =
    findCommand<ArgumentKind>('subcommands' in outer ? outer.subcommands : undefined, subcommand) ??
    (outer as CliCommand);
  const texts = (kinds: readonly ArgumentKind[]) =>
    kinds.flatMap((kind) => (values[kind] === undefined ? [] : [textOf(kind, values[kind])]));
  const own = texts([...use.arguments, ...(use.optional ? [use.optional] : [])]);
  const given = [...options].flatMap((option) => [`-${option}`, ...texts(use.options[option] ?? [])]);
  return [`-${name}`, ...(subcommand === undefined ? [] : [subcommand]), ...own, ...given];
}

/** An argument as it may be typed. */
function textOf(kind: ArgumentKind, value: string | number): string {
  const forms: { readonly [kind in ArgumentKind]?: string } = {
    DISK: `ubd${value}`,
    DURATION: `${value}ms`,
    INTERFACE: `eth${value}`,
    KEYS: String(value).replaceAll('\\', '\\\\'),
    SIZE: `${Number(value) / 1024}K`,
  };
  return forms[kind] ?? String(value);
}

function assertSame(command: Command, again: Command | undefined): void {
  const text = (one: Command | undefined) =>
    JSON.stringify([one?.name, one?.subcommand, one?.values, [...(one?.options ?? [])]]);
  assert(text(command) === text(again), `typed again it means the same: ${text(command)}, ${text(again)}`);
}

const adminLines: Corpus = {
  samples: [
    'disk\0create\0vm1:/disks/a.dsk\x0010G\0-ext4',
    '-json\0disk\0cow-merge\0vm1:/disks/a.cow\0/shared/disks/b.dsk',
    'list\0-config\0/etc/x.ini',
  ].map((text) => Buffer.from(text)),
  words: lines.words,
  maxBytes: 65_536,
};

const adminLine: Target = {
  name: 'admin-line',
  share: 40,
  make: (random) => makeInput(random, adminLines),
  run: (input) =>
    refusable([UmlmonError], () => {
      const { command } = parseAdminLine(input.toString().split('\0'));
      for (const kind of imageKinds) {
        const text = command?.values[kind];
        if (text === undefined) continue;
        const image = parseAdminImage(text);
        assert('value' in image, 'what was let through is the name of an image');
        assertPlace(image.value);
      }
    }),
};

/** Requests of clients, as they come over the wire. */
const requests: Corpus = {
  samples: encodedArgs.filter(({ name }) => name === 'diskRun').map(({ bytes }) => bytes),
  words: ['/disks/', '/shared/disks/', '.dsk', '.cow', '/../', '\0', '\x1b'],
  maxBytes: 10_000,
};

const diskRequest: Target = {
  name: 'disk-request',
  share: 60,
  make: (random) => makeInput(random, requests),
  run: (input) =>
    refusable([UmlmonError, XdrError], () => {
      const verb = readClientRequest('vm1', diskRequestCodec.decode(new XdrReader(input)));
      const named = Object.values(verb).filter((value) => typeof value === 'object');
      for (const name of named) assertPlace(name);
      for (const name of named)
        assert(name.vm === 'vm1' || name.vm === '', 'a client names images of its VM only');
      // By name alone: what is only read may be shared, what is changed or made may not.
      const changed = ['target' in verb ? verb.target : undefined, isChange(verb) ? verb.image : undefined];
      for (const name of changed) assert(name?.vm !== '', 'a client changes images of its VM only');
      assertSafe(subjectText(verb).replace(/ [^ ]*$/, ''), 'the subject');
    }),
};

function isChange(request: DiskCommand): boolean {
  const reading = ['copy', 'convert', 'check'].includes(request.verb);
  return !reading && !(request.verb === 'cow-merge' && request.target !== undefined);
}

/** Fails unless the image lies in the directory that is for it. */
function assertPlace(name: ImageName): void {
  const store = { varDir: '/var', shared: '/var/shared', holders: '/run' };
  const { directory } = placeOf(name, store);
  assert(resolve(imagePathOnHost(name, store)).startsWith(`${directory}/`), 'the image is in its place');
  assert(
    name.vm === '' ? directory === '/var/shared/disks' : directory === `/var/${name.vm}/jail/disks`,
    'the place is one for images',
  );
  assertSafe(nameText(name), 'the name of the image');
}

export const typedTargets: readonly Target[] = [commandLine, typedLine, adminLine, diskRequest];
