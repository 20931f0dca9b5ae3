import { formsOf } from '../../command-line/command-spec.ts';
import type { ProgramSpec } from '../../command-line/program-spec.ts';
import {
  umladminProgram,
  umldirProgram,
  umlmonProgram,
  umlrunProgram,
  umlwatchProgram,
  umlwebProgram,
} from '../../command-line/programs.ts';
import { adminCommands } from '../admin/table.ts';
import { type ArgumentKind, type CliCommandTable, waitLevels } from '../commands/argument-kinds.ts';
import { umlwatchCommands } from '../commands/table.ts';

/** What a shell offers at a place of a command line. */
export type Offer = 'vms' | 'files' | 'commands' | 'nothing' | readonly string[];

/** An option or a command, with what follows it. */
export interface Choice {
  readonly name: string;
  readonly help: string;
  readonly arguments: readonly Offer[];
}

/** A place of a command line. */
export interface CompletionPlace {
  /** The commands before it, as in `['disk', 'create']`; none at the first place. */
  readonly path: readonly string[];
  readonly choices: readonly Choice[];
  /** What else is valid there; at the first place, once. */
  readonly offer: Offer;
}

/** A program as its completion sees it. */
export interface CompletedProgram {
  readonly name: string;
  readonly options: readonly Choice[];
  /** The places for arguments without a hyphen; a command line stays at the last one that it has reached. */
  readonly places: readonly CompletionPlace[];
}

/** Shell command that prints the names of the VMs of the configuration, one per line. */
export const listVmsCommand = `umladmin config list 2>/dev/null | sed -n 's/^\\[\\(.*\\)\\]$/\\1/p' | grep -vx GLOBAL`;

/** What the programs complete: the tables of their options and commands. */
export const programs: readonly CompletedProgram[] = [
  {
    name: 'umlwatch',
    options: [...programOptions(umlwatchProgram), ...hyphened(umlwatchCommands)],
    places: [{ path: [], choices: [], offer: 'vms' }],
  },
  {
    name: 'umladmin',
    options: [...programOptions(umladminProgram), ...optionsIn(adminCommands)],
    places: placesIn(adminCommands),
  },
  {
    name: 'umlmon',
    options: programOptions(umlmonProgram),
    places: [{ path: [], choices: [], offer: 'vms' }],
  },
  {
    name: 'umlrun',
    options: programOptions(umlrunProgram),
    places: [{ path: [], choices: [], offer: 'commands' }],
  },
  { name: 'umldir', options: programOptions(umldirProgram), places: [] },
  { name: 'umlweb', options: programOptions(umlwebProgram), places: [] },
];

function programOptions({ options }: ProgramSpec): Choice[] {
  return Object.entries(options).map(([name, { help, value, completes }]) => {
    const offers: Offer[] = value === undefined ? [] : [completes ?? 'nothing'];
    return { name, help, arguments: offers };
  });
}

function hyphened(table: CliCommandTable): Choice[] {
  const own = Object.entries(table).map(([name, { help, arguments: kinds, subcommands: inner }]) => ({
    name,
    help,
    arguments: inner ? [Object.keys(inner)] : kinds.map(offerFor),
  }));
  return [...own, ...optionsIn(table).filter(({ name }) => !Object.hasOwn(table, name))];
}

/** The options of all commands, each once. */
function optionsIn(table: CliCommandTable): Choice[] {
  const options = new Map<string, Choice>();
  for (const { path, spec } of formsOf<ArgumentKind>(table))
    for (const [name, kinds] of Object.entries(spec.options))
      options.set(name, { name, help: `Option of ${path.join(' ')}.`, arguments: kinds.map(offerFor) });
  return [...options.values()];
}

function placesIn(table: CliCommandTable, path: readonly string[] = []): CompletionPlace[] {
  const choices = Object.entries(table).map(([name, { help }]) => ({ name, help, arguments: [] }));
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
