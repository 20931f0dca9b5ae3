import type { GlobalConfig, Setting, VmConfig } from '../../config/config.ts';
import { requireVm } from '../../config/config.ts';
import { editConfig } from '../../config/file/edit-config.ts';
import { type ConfigRequest, type ReadConfig, readConfig } from '../../config/file/locate.ts';
import { specOf } from '../../config/file/read-keys.ts';
import { globalKeys } from '../../config/keys/global-keys.ts';
import { effectTexts, keyNames } from '../../config/keys/key.ts';
import { vmKeys } from '../../config/keys/vm-keys.ts';
import { configError, problemText } from '../../config/problem.ts';
import { didYouMean } from '../../config/suggest.ts';
import { exitStatus, UmlmonError } from '../../system/errors/errors.ts';
import { printable } from '../../system/text.ts';
import type { ArgumentValues } from '../commands/argument-kinds.ts';
import { print } from '../print/output.ts';
import { settingsLines } from '../print/render.ts';
import { configuredNames } from './host.ts';
import { hostMistakes, type StartMistakes, startMistakes } from './lifecycle/start-mistakes.ts';
import { recordChange } from './record-change.ts';
import type { ConfigCommandName } from './table.ts';

export interface AdminConfig {
  readonly subcommand: ConfigCommandName;
  readonly values: ArgumentValues;
  readonly request: ConfigRequest;
  readonly json: boolean;
}

/** `umladmin config …`, also with a configuration that has mistakes. Resolves to the exit status. Errors: CONFIG_*. */
export async function runAdminConfig(command: AdminConfig): Promise<number> {
  const { subcommand, request } = command;
  if (subcommand === 'check') return printCheck(readConfig(request), command.json);
  if (subcommand === 'list') await printSections(readConfig(request), command);
  else if (subcommand === 'get') await printValue(readConfig(request), command);
  else await change(command);
  return 0;
}

type Section = GlobalConfig | VmConfig;

/** A section without mistakes. Errors: CONFIG_*. */
function sectionOf(read: ReadConfig, name: string): Section {
  if (name !== 'GLOBAL') return requireVm(read, name).vm;
  if (read.config) return read.config.global;
  throw configError(read.problems.filter(({ severity }) => severity === 'error'));
}

function tableOf(section: string): typeof globalKeys | typeof vmKeys {
  return section === 'GLOBAL' ? globalKeys : vmKeys;
}

async function printValue(read: ReadConfig, { values, json }: AdminConfig): Promise<void> {
  const { SECTION: section = '', KEY: key = '' } = values;
  const setting = find(sectionOf(read, section), key);
  if (!setting) throw notSet(section, key);
  await print(json ? JSON.stringify({ section, ...setting }) : printable(setting.value, valueLength));
}

function find({ settings }: Section, key: string): Setting | undefined {
  return settings.find((setting) => setting.key === key);
}

/** Why a key has no value. */
function notSet(section: string, key: string): UmlmonError {
  const place = `[${section}] ${key}`;
  const table = tableOf(section);
  if (specOf(table, key)) return new UmlmonError('CONFIG_NOT_SET', { place, cause: 'the key has no value' });
  const hint = didYouMean(key, keyNames(table), 'umlmon(5) lists all keys');
  return new UmlmonError('CONFIG_UNKNOWN_KEY', { place, cause: 'the key does not exist', hint });
}

async function printSections(read: ReadConfig, { values, json }: AdminConfig): Promise<void> {
  const names = values.SECTION === undefined ? ['GLOBAL', ...configuredNames(read)] : [values.SECTION];
  for (const name of names) {
    const { settings } = sectionOf(read, name);
    const text = [`[${name}]`, ...settingsLines(settings)].join('\n');
    await print(json ? JSON.stringify({ section: name, settings }) : text);
  }
}

/** Mistakes of the files decide the status; what the host lacks for a start is printed, too. */
async function printCheck(read: ReadConfig, json: boolean): Promise<number> {
  const { file, problems, config } = read;
  const ok = !problems.some(({ severity }) => severity === 'error');
  const host = config ? await hostMistakes(read, config, [...config.vms.values()]) : [];
  if (json) await print(JSON.stringify({ file, ok, problems, host }));
  else {
    for (const problem of problems) console.error(problemText(problem));
    if (host.length > 0) console.error('starts fail on this host:');
    for (const problem of host) console.error(problemText(problem));
    const count = configuredNames(read).length;
    const vms = `${count} VM${count === 1 ? '' : 's'}`;
    await print(`${file || 'no configuration'}: ${ok ? 'good' : 'has mistakes'} (${vms})`);
  }
  return ok ? 0 : exitStatus.config;
}

async function change({ subcommand, values, request, json }: AdminConfig): Promise<void> {
  const { SECTION: section = '', KEY: key = '' } = values;
  const value = subcommand === 'set' ? values.VALUE : undefined;
  const edited = await editConfig(request, { section, key }, value);
  const { file, changed } = edited;
  const vardir = edited.after.config?.global.vardir;
  // Not the value: it may be a secret.
  if (changed && vardir !== undefined)
    recordChange(vardir, 'configuration', `${subcommand} [${section}] ${key} in ${file}`);
  const before = valueIn(edited.before, section, key);
  // Of a section with mistakes nothing is in force: then it is what was written.
  const after = valueIn(edited.after, section, key) ?? value ?? null;
  const effect = specOf(tableOf(section), key)?.effect ?? 'now';
  const mistakes = await startMistakes(edited.after, section);
  if (json) {
    const problems = [...mistakes.written, ...mistakes.host];
    await print(JSON.stringify({ section, key, before, after, changed, file, effect, problems }));
    return;
  }
  const shown = (text: string | null) =>
    text === null ? 'not set' : printable(text, valueLength) || 'empty';
  if (!changed) {
    await print(`${section}: ${key} is ${shown(after)}; nothing was changed`);
    tellMistakes(section, mistakes);
    return;
  }
  const when = effect === 'now' ? 'with umladmin update' : effectTexts[effect];
  const takesEffect =
    mistakes.written.length > 0 ? 'takes effect when the other mistakes are fixed' : `takes effect ${when}`;
  await print(`${section}: ${key} is ${shown(after)}, was ${shown(before)}; ${takesEffect}`);
  tellMistakes(section, mistakes);
  if (value !== undefined && after !== null && after !== value)
    console.error(
      `${section}: a setting of the user of the VM takes precedence: umladmin config list ${section}`,
    );
}

/** What was written stays written: the mistakes of a file can only be fixed one by one. */
function tellMistakes(section: string, { written, host }: StartMistakes): void {
  const all = [...written, ...host];
  if (all.length === 0) return;
  const who = section === 'GLOBAL' ? 'no VM can be started' : `${section} cannot be started`;
  console.error(`${who}${written.length > 0 ? '' : ' on this host'}:`);
  for (const problem of all) console.error(problemText(problem));
}

/** The effective value; null without a value, or if the section has problems. */
function valueIn({ config }: ReadConfig, section: string, key: string): string | null {
  const found = section === 'GLOBAL' ? config?.global : config?.vms.get(section);
  return (found && find(found, key)?.value) ?? null;
}

/** Characters of a value that are shown. */
const valueLength = 4096;
