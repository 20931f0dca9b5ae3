/** Finds numeric bounds and timeouts outside of src/system/limits. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const top = join(import.meta.dirname, '../../../src');

/** Bounds that may stay where they are used, by the reason. A bound that an administrator can meet belongs to none. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'size in a file format, a packet, a system call or a page of memory': [
    ...['pageBytes', 'sectorBytes', 'headBytes', 'offsetBytes', 'saltBytes', 'keyBytes', 'nonceBytes'],
    ...['DATA_MAX', 'BACKING_PATH_MAX', 'COMMAND_LINE_MAX', 'NAME_MAX', 'SOCKET_PATH_MAX'],
    ...['XATTR_BYTES_MAX', 'maxSocketPath', 'linksMax', 'deepest', 'mostIndexes', 'blockBytes', 'blankBytes'],
    ...['errorsLeft', 'passedMax', 'sizeMax', 'sequenceMax', 'nameMax', 'tickMs'],
  ],
  'range of a configured value; umlmon(5) has it': [
    ...['maxEndpoints', 'maxDirectories', 'maxVmNameLength', 'maxLength', 'ownPortMin', 'portMax', 'mtuMin'],
    ...['mtuMax', 'maxInterfaceName', 'nameBytes', 'readyTextBytes', 'valueLength'],
  ],
  'how much of a text is printed': [
    ...[
      'textLength',
      'lineLength',
      'usualColumns',
      'terminalColumns',
      'entryMax',
      'runCharacters',
      'screenLines',
      'crashLines',
    ],
    ...['barMin', 'barMax', 'wordsShown', 'programsNamed', 'namedAtMost', 'eventsShown'],
    ...['shownLength', 'lineCharacters', 'mostCharacters', 'warningCharacters', 'problemCharacters'],
    ...['warningCharacters', 'noteCharacters', 'nameLength', 'quotedLength'],
    ...['tellingLength', 'startLength'],
  ],
  'pace of a display': [
    ...['drawEveryMs', 'barAfterMs', 'barEveryMs', 'windowMs', 'rateAfterMs', 'lineEveryMs', 'lineAfterMs'],
    'setInterval(() => void show(), 1000',
  ],
  'piece of a longer answer or wait, which is repeated': [
    ...['readBytes', 'eventsAtOnce', 'callMs', 'waitMs', 'imagesMax', 'historyMax', 'offerBytes', 'retryMs'],
    ...[
      'pieceBytes',
      'namesAtOnce',
      'readWait',
      'offerAgain',
      'eventWait',
      'listMax',
      'dataMax',
      'lineBytes',
    ],
    ...['triesMax', 'lineMax', 'summaryBytes', 'rounds'],
  ],
  'pause between two checks': [
    ...['lookMs', 'slowLookMs', 'slowAfterMs', 'pollMs', 'POLL_MS', 'settleTime', 'stillTime'],
    ...['quietMs', 'settleMs', 'sequelMs'],
  ],
  'threshold of a check of umladmin doctor': ['usualMapCount', 'usualShutdownMs', 'leastFree'],
  'rule of language': ['maxWords'],
  'internal cache or pipe of one process': ['LIBCS_MAX', 'bundlesKept', 'reportMax'],
};

const constant =
  /^(?:export )?const (\w+)(?:: [^=\n]+)? = \d[\d_.]*(?:\s*(?:\*\*?|<<|\+|-)\s*(?:\d[\d_]*|[KMG]i?I?B))*;/gm;
const boundName =
  /(?:Ms|_MS|MAX|Max|Most|Min|Least|Limit|Kept|Wait|Time|Bytes|Characters|Length|Lines|Attempts|Tries|Once|Looks|Rounds|Retry|Columns|Named|Shown|Left)$|^(?:max|most|least|usual|longest|deepest|shown|rounds|looks|open|offer)/;
const literal = /\b(?:timeout: |setTimeout\([^;\n]*, |setInterval\([^;\n]*, |delay\()\d[\d_]+\b/g;

/** [place, bound]: constants named like a bound, and times in calls. */
function boundsIn(name: string): [string, string][] {
  const text = readFileSync(join(top, name), 'utf8');
  const constants = [...text.matchAll(constant)].map(([, bound = '']) => bound);
  const named = constants.filter((bound) => boundName.test(bound));
  return [...named, ...[...text.matchAll(literal)].map(([found]) => found)].map((bound) => [name, bound]);
}

// What a browser holds is the page's own; umlweb bounds what it accepts from it.
const found = readdirSync(top, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !/system\/limits\/|\.gen\.ts$|web\/browser\//.test(name))
  .flatMap(boundsIn);

test('every bound is in the table of limits, or is an exception with a reason', () => {
  const allowed = new Set(Object.values(exceptions).flat());
  expect(found.filter(([, bound]) => !allowed.has(bound))).toEqual([]);
});

test('every exception exists', () => {
  const bounds = new Set(found.map(([, bound]) => bound));
  expect(
    Object.values(exceptions)
      .flat()
      .filter((bound) => !bounds.has(bound)),
  ).toEqual([]);
});
