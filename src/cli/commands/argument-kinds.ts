import type { CommandSpec, CommandTable } from '../../command-line/command-spec.ts';
import type { CommandSyntax } from '../../command-line/parse-command.ts';
import { givenNameDamage, vmNameDamage } from '../../config/names.ts';
import { ethUnits, parseNetwork } from '../../config/networks/network.ts';
import { ubdUnits } from '../../config/paths.ts';
import { quoted } from '../../config/problem.ts';
import { parseImagePath, parseUbd } from '../../config/values/disk.ts';
import {
  durationParser,
  isChannelName,
  type ParsedValue,
  type Parser,
  refuse,
  sizeParser,
  wordParser,
} from '../../config/values/values.ts';
import { type Role, roles } from '../../rpc/roles.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { parsePattern, parseShellCommand, parseTypedText } from '../automation/parse-keys.ts';

/** What can be waited for: `ready` is the level that the VM is configured for. */
export const waitLevels = ['launched', 'kernel', 'guest', 'console', 'ready', 'stopped'] as const;
export type WaitLevel = (typeof waitLevels)[number];

/** Kinds of arguments that name an image. */
export const imageKinds = ['PATH', 'FROM', 'TO', 'COW', 'BACKING', 'TARGET'] as const;
export type ImageArgument = (typeof imageKinds)[number];

/** What an argument is; the name of the kind is what help and messages call it. */
export type ArgumentKind =
  | 'NAME'
  | 'BACKUP'
  | 'CHANNEL'
  | 'COMMAND'
  | 'DISK'
  | 'DURATION'
  | 'FILE'
  | 'ID'
  | 'IMAGE'
  | 'INTERFACE'
  | 'KERNEL'
  | 'KEY'
  | 'KEYS'
  | 'LETTER'
  | 'LEVEL'
  | 'NETWORK'
  | 'NUMBER'
  | 'PATTERN'
  | 'PID'
  | 'RECORDING'
  | 'ROLE'
  | 'SECTION'
  | 'SIZE'
  | 'SNAPSHOT'
  | 'TEXT'
  | 'VALUE'
  | 'VM'
  | ImageArgument;

/** Arguments of a command and of its options, by kind. No command has two of one kind. */
export type ArgumentValues = { readonly [Image in ImageArgument]?: string } & {
  readonly NAME?: string;
  readonly FILE?: string;
  readonly BACKUP?: string;
  readonly CHANNEL?: string;
  /** Number of a disk. */
  readonly DISK?: number;
  /** As the value of ubdN in the configuration. */
  readonly IMAGE?: string;
  /** Number of a network interface. */
  readonly INTERFACE?: number;
  /** As the value of ethN in the configuration. */
  readonly NETWORK?: string;
  /** In milliseconds. */
  readonly DURATION?: number;
  readonly ID?: number;
  readonly LEVEL?: WaitLevel;
  /** In SHARED/kernels. */
  readonly KERNEL?: string;
  readonly KEY?: string;
  readonly NUMBER?: number;
  /** A line for a shell in the guest. */
  readonly COMMAND?: string;
  /** As they are typed. */
  readonly KEYS?: string;
  /** Of a regular expression. */
  readonly PATTERN?: string;
  /** A path of the host. */
  readonly RECORDING?: string;
  readonly LETTER?: string;
  readonly PID?: number;
  readonly ROLE?: Role;
  readonly TEXT?: string;
  /** In bytes. */
  readonly SIZE?: number;
  readonly SNAPSHOT?: string;
  /** Of the configuration: GLOBAL, or a VM. */
  readonly SECTION?: string;
  readonly VALUE?: string;
  readonly VM?: string;
};

/** A command of umlwatch or umladmin. */
export type CliCommand = CommandSpec<ArgumentKind>;
export type CliCommandTable = CommandTable<ArgumentKind>;
export type CliSyntax = CommandSyntax<ArgumentKind>;

export type ArgumentParsers = Readonly<Record<ArgumentKind, Parser<string | number>>>;

const parseNumber = (text: string): ParsedValue<number> =>
  /^\d{1,15}$/.test(text) ? { value: Number(text) } : refuse(`${quoted(text)} is not a number`);

/** The limits of the key stop_timeout. */
const parseTimeout = durationParser({ min: '100ms', max: '1h' });

/** How an argument is read, where an image is read by `image`; a text that is refused never reaches a monitor. */
export function parsersWith(image: Parser<string>): ArgumentParsers {
  return {
    NAME: (text) =>
      text === 'last' || /^\d{4}-\d\d-\d\dT[\d-]+Z(?:-\d+)?$/.test(text)
        ? { value: text }
        : refuse(`${quoted(text)} is not the name of a crash`, 'last, or a name that -crashes lists'),
    FILE: (text) =>
      /^[\w./]{1,64}$/.test(text) ? { value: text } : refuse(`${quoted(text)} is not a file of a crash`),
    BACKUP: (text) => givenNameDamage(text, 'backup') ?? { value: text },
    CHANNEL: (text) =>
      isChannelName(text)
        ? { value: text }
        : refuse(`${quoted(text)} is not a channel`, 'con0 to con15, or ssl0 to ssl63'),
    DISK: (text) => {
      const unit = /^ubd(\d|1[0-5])$/.exec(text)?.[1];
      return unit === undefined
        ? refuse(`${quoted(text)} is not a disk`, `ubd0 to ubd${ubdUnits - 1}`)
        : { value: Number(unit) };
    },
    IMAGE: (text) => {
      const parsed = parseUbd(text);
      return 'cause' in parsed ? parsed : { value: text };
    },
    INTERFACE: (text) => {
      const unit = /^eth(\d|1[0-5])$/.exec(text)?.[1];
      return unit === undefined
        ? refuse(`${quoted(text)} is not a network interface`, `eth0 to eth${ethUnits - 1}`)
        : { value: Number(unit) };
    },
    NETWORK: (text) => {
      const parsed = parseNetwork(text);
      return 'cause' in parsed ? parsed : { value: text };
    },
    // A number alone is seconds, as timeout(1) has it.
    DURATION: (text) => parseTimeout(/^\d+$/.test(text) ? `${text}s` : text),
    COMMAND: parseShellCommand,
    KEYS: parseTypedText,
    PATTERN: parsePattern,
    RECORDING: (text) => (text === '' ? refuse('which file?', '') : { value: text }),
    ID: parseNumber,
    LEVEL: wordParser(waitLevels),
    KERNEL: (text) =>
      /^[\w+~-][\w.+~-]{0,63}$/.test(text)
        ? { value: text }
        : refuse(`${quoted(text)} is not the name of a kernel`, 'umladmin kernel list prints the names'),
    KEY: (text) =>
      /^[a-z_]{1,32}\d{0,3}$/.test(text)
        ? { value: text }
        : refuse(`${quoted(text)} is not a key`, 'umlmon(5) lists all keys'),
    LETTER: (text) =>
      /^[a-zA-Z0-9]$/.test(text)
        ? { value: text }
        : refuse(`${quoted(text)} is not a letter`, 'h lists them'),
    PID: (text) =>
      /^\d{1,10}$/.test(text)
        ? { value: Number(text) }
        : refuse(`${quoted(text)} is not the number of a process`, '-ps lists them'),
    ROLE: wordParser(roles),
    TEXT: (text) =>
      /^[^-\0\n][^\0\n]*$/.test(text) ? { value: text } : refuse(`${quoted(text)} is not a line of text`),
    NUMBER: parseNumber,
    SIZE: sizeParser({ min: 4096, max: diskLimits.cowImageBytes, step: 4096 }),
    SECTION: (text) => (text === 'GLOBAL' ? undefined : vmNameDamage(text)) ?? { value: text },
    VALUE: (text) => ({ value: text }),
    VM: (text) => vmNameDamage(text) ?? { value: text },
    SNAPSHOT: (text) => givenNameDamage(text, 'snapshot') ?? { value: text },
    PATH: image,
    FROM: image,
    TO: image,
    COW: image,
    BACKING: image,
    TARGET: image,
  };
}

/** The arguments of umlwatch: images are paths as the VM sees them. */
export const argumentParsers: ArgumentParsers = parsersWith((text) => {
  const parsed = parseImagePath(text);
  return 'cause' in parsed ? parsed : { value: text };
});
