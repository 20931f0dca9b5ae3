import { adminCommands } from '../admin/table.ts';
import { type ArgumentKind, waitLevels } from '../commands/argument-kinds.ts';
import { type CommandTable, formsOf } from '../commands/spec.ts';
import { umlwatchCommands } from '../commands/table.ts';

/** What may stand at a place of a command line. */
export type Offer = 'vms' | 'files' | 'commands' | 'nothing' | readonly string[];

/** An option, or a word, with what follows it. */
export interface Choice {
  readonly name: string;
  readonly help: string;
  readonly arguments: readonly Offer[];
}

/** A word that others may follow. */
export interface CompletionPlace {
  /** The words before, as in `['disk', 'create']`; none at the beginning. */
  readonly path: readonly string[];
  readonly choices: readonly Choice[];
  /** What else may stand there; at the beginning, once. */
  readonly offer: Offer;
}

/** A program as its completion sees it. */
export interface CompletedProgram {
  readonly name: string;
  readonly options: readonly Choice[];
  /** The places for words without a hyphen; a command line stays at the last one that it has reached. */
  readonly places: readonly CompletionPlace[];
}

/** Prints the names of the VMs of the configuration, a line each. */
export const listVmsCommand = `umladmin config list 2>/dev/null | sed -n 's/^\\[\\(.*\\)\\]$/\\1/p' | grep -vx GLOBAL`;

const common: readonly Choice[] = [
  { name: 'config', help: 'Read this configuration.', arguments: ['files'] },
  { name: 'json', help: 'Print JSON documents.', arguments: [] },
  { name: 'help', help: 'Print a summary.', arguments: [] },
  { name: 'version', help: 'Print the version.', arguments: [] },
];
const flag = (name: string, help: string): Choice => ({ name, help, arguments: [] });
const option = (name: string, help: string, offer: Offer = 'nothing'): Choice => ({
  name,
  help,
  arguments: [offer],
});

/** The programs that complete; what they offer comes from the tables of their words. */
export const programs: readonly CompletedProgram[] = [
  {
    name: 'umlwatch',
    options: [...common, ...hyphened(umlwatchCommands)],
    places: [{ path: [], choices: [], offer: 'vms' }],
  },
  {
    name: 'umladmin',
    options: [...common, ...optionsIn(adminCommands)],
    places: placesIn(adminCommands),
  },
  {
    name: 'umlmon',
    options: [
      ...common,
      flag('fg', 'Stay in the foreground.'),
      flag('plan', 'Print what a start would do.'),
      flag('check', 'Check configuration and host.'),
      flag('cleanup', 'Remove what a killed monitor has left.'),
      option('units', 'Write units for systemd.', 'files'),
    ],
    places: [{ path: [], choices: [], offer: 'vms' }],
  },
  {
    name: 'umlrun',
    options: [
      ...common.filter(({ name }) => name !== 'json'),
      option('image', 'An image with a file system.', 'files'),
      option('root', 'A directory as root.', 'files'),
      option('share', 'A directory that the guest sees, too.', 'files'),
      option('mem', 'Memory of the guest.'),
      option('net', 'Its network.'),
      option('kernel', 'The kernel.', 'files'),
      option('user', 'The user of the host.'),
      option('env', 'A variable of the environment.'),
    ],
    places: [{ path: [], choices: [], offer: 'commands' }],
  },
  {
    name: 'umldir',
    options: [...common, flag('list', 'Print what a directory knows.')],
    places: [],
  },
  { name: 'umlweb', options: common.filter(({ name }) => name !== 'json'), places: [] },
];

function hyphened(table: CommandTable): Choice[] {
  const own = Object.entries(table).map(([name, { help, arguments: kinds, subcommands: inner }]) => ({
    name,
    help,
    arguments: inner ? [Object.keys(inner)] : kinds.map(offerFor),
  }));
  return [...own, ...optionsIn(table).filter(({ name }) => !Object.hasOwn(table, name))];
}

/** The options of all words, each once. */
function optionsIn(table: CommandTable): Choice[] {
  const options = new Map<string, Choice>();
  for (const { path, spec } of formsOf(table))
    for (const [name, kinds] of Object.entries(spec.options))
      options.set(name, { name, help: `Option of ${path.join(' ')}.`, arguments: kinds.map(offerFor) });
  return [...options.values()];
}

function placesIn(table: CommandTable, path: readonly string[] = []): CompletionPlace[] {
  const choices = Object.entries(table).map(([name, { help }]) => flag(name, help));
  const inner = Object.entries(table).flatMap(([name, { subcommands: own, many, arguments: kinds }]) => {
    const here = [...path, name];
    if (own) return placesIn(own, here);
    const offer = offerFor(many ?? kinds[0]);
    return offer === 'nothing' ? [] : [{ path: here, choices: [], offer }];
  });
  return [{ path, choices, offer: 'nothing' }, ...inner];
}

function offerFor(kind: ArgumentKind | undefined): Offer {
  if (kind === 'LEVEL') return waitLevels;
  if (kind === 'CHANNEL') return ['con0', 'con1', 'con2', 'con3', 'ssl0', 'ssl1'];
  return kind === 'VM' || kind === 'SECTION' ? 'vms' : 'nothing';
}
