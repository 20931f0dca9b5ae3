/** Changes of single settings in the files of the administrator; each change is checked before it is written. */
import { closeSync, constants, fstatSync, openSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UmlmonError } from '../../system/errors/errors.ts';
import { rewriteFile } from '../../system/files/rewrite-file.ts';
import { openTrustedDirectory } from '../../system/files/trusted-path.ts';
import { adminLimits } from '../../system/limits/limits.ts';
import { lock } from '../../system/native/native.ts';
import { shellWord } from '../../system/shell-word.ts';
import { configError, type Problem } from '../problem.ts';
import { didYouMean } from '../suggest.ts';
import { iniLine, type SettingPlace, setKey, unsetKey } from './edit-ini.ts';
import { parseIni } from './ini.ts';
import type { Source } from './load.ts';
import {
  type ConfigRequest,
  checkSources,
  type ReadConfig,
  type ReadSources,
  readSources,
} from './locate.ts';

export interface Edited {
  /** The file that has or had the setting; '' if no file had it. */
  readonly file: string;
  readonly changed: boolean;
  /** The configuration before and after. */
  readonly before: ReadConfig;
  readonly after: ReadConfig;
}

/**
 * Sets a key where it is written, or else in its section; removes it if the value is undefined. The file keeps its
 * attributes (`rewriteFile`). Programs that edit at the same time wait for each other. A change that would add an error
 * is refused. Existing errors do not prevent a change, so that they can be fixed one by one.
 *
 * Errors: CONFIG_*, HOST_FILE, HOST_SYSTEM_CALL.
 */
export async function editConfig(
  request: ConfigRequest,
  place: SettingPlace,
  value: string | undefined,
): Promise<Edited> {
  for (;;) {
    const { file } = sourceFor(readSources(request), place);
    const path = realpathSync(file);
    requireOwnDirectory(path);
    const locked = await lockFile(path);
    try {
      // Read again: another program may have changed it in the meantime.
      const read = readSources(request);
      const source = sourceFor(read, place);
      if (source.file === file && isStill(path, locked.status))
        return replace(read, source, { place, value, path });
    } finally {
      closeSync(locked.fd);
    }
  }
}

interface Change {
  readonly place: SettingPlace;
  readonly value: string | undefined;
  readonly path: string;
}

function replace(read: ReadSources, source: Source, { place, value, path }: Change): Edited {
  const { file, text } = source;
  const before = checkSources(read);
  const fresh = value === undefined ? unsetKey(text, place) : setKey(text, place, value);
  if (fresh === undefined) return { file: '', changed: false, before, after: before };
  if ('cause' in fresh)
    throw new UmlmonError(fresh.code, { place: `[${place.section}] ${place.key}`, ...fresh });
  if (fresh.equals(text)) return { file, changed: false, before, after: before };
  const sources = read.sources.map((one) => (one === source ? { ...source, text: fresh } : one));
  const after = checkSources({ ...read, sources });
  const mistakes = errorsOf(after).filter(
    (mistake) => isNew(mistake, before) || (mistake.section === place.section && mistake.key === place.key),
  );
  if (mistakes.length > 0) throw configError(mistakes);
  rewriteFile(path, fresh, { newMode: 0o600 });
  return { file, changed: true, before, after };
}

/** The file that has the setting or the section; [GLOBAL] may be new. Errors: CONFIG_NO_VM, those of reading. */
function sourceFor({ sources, unread }: ReadSources, place: SettingPlace): Source {
  const parsed = sources.map((source) => ({ source, document: parseIni(source.file, source.text) }));
  const [main] = sources;
  if (!main) throw configError(unread);
  // If several files have the setting, the last one is in force.
  const having = parsed.findLast(({ document }) => iniLine(document, place) > 0);
  const owner = parsed.findLast(({ document }) =>
    document.sections.some(({ name }) => name === place.section),
  );
  const found = having ?? owner;
  if (found) return found.source;
  if (place.section === 'GLOBAL') return main;
  const unreadable = parsed.flatMap(({ document }) =>
    document.problems.filter(({ section }) => section === ''),
  );
  if (unreadable.length > 0) throw configError(unreadable);
  const names = parsed.flatMap(({ document }) => document.sections.map(({ name }) => name));
  throw new UmlmonError('CONFIG_NO_VM', {
    place: `VM ${place.section}`,
    cause: 'the configuration has no section of this name',
    hint: didYouMean(place.section, names, `add the section [${place.section}] to ${main.file}`),
  });
}

/**
 * Whether an error is in a section without earlier errors. Fixing an error can reveal others in its section.
 */
function isNew({ section }: Problem, before: ReadConfig): boolean {
  return !errorsOf(before).some((known) => known.section === section);
}

function errorsOf({ problems }: ReadConfig): Problem[] {
  return problems.filter(({ severity }) => severity === 'error');
}

interface LockedFile {
  readonly fd: number;
  readonly status: Stats;
}

/** Waits for the lock on the file itself; a separate lock file would never be removed. The caller closes the descriptor. */
async function lockFile(path: string): Promise<LockedFile> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const deadline = performance.now() + adminLimits.editWait;
    while (!lock(fd, 'exclusive')) {
      if (performance.now() > deadline)
        throw new UmlmonError('CONFIG_BUSY', {
          place: path,
          cause: 'another program still holds the lock',
          hint: `fuser -v ${shellWord(path)}`,
        });
      await sleep(adminLimits.editPoll);
    }
    return { fd, status: fstatSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Root creates a new file in the directory and gives it to the owner of the old one: other users must not control the path. */
function requireOwnDirectory(path: string): void {
  if (process.geteuid?.() !== 0) return;
  const directory = openTrustedDirectory(dirname(path));
  if (typeof directory === 'string')
    throw new UmlmonError('CONFIG_UNTRUSTED', {
      place: path,
      cause: `users other than root can replace the file: ${directory}`,
      hint: 'edit it as its owner, or fix the directory with chown and chmod',
    });
  directory.close();
}

/** Whether the path still leads to the locked file: the previous lock holder may have replaced it. */
function isStill(path: string, { dev, ino }: Stats): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now?.dev === dev && now.ino === ino;
}
