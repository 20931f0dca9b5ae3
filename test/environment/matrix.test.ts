/** The main paths in every environment of environments.ts. The matrix is printed at the end of the run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Row } from './environment.ts';
import { environments } from './environments.ts';
import { judge } from './judge.ts';
import { patienceMs, runRow } from './run-row.ts';
import { summaryText, type TableRow, tableText } from './table.ts';

/** Two at a time: most of a row waits. */
const atOnce = 2;
/** A test that has begun waits for those before it in its lane (maxConcurrency of vitest is 5). */
const timeout = 4 * patienceMs;
/** The first user id of rows. */
const firstUid = 61_200;

const rows: readonly Row[] = environments.flatMap((environment) =>
  (environment.who ?? ['root', 'user']).map((who) => ({ environment, who })),
);
const results: (TableRow | undefined)[] = rows.map(() => undefined);

const project = join(import.meta.dirname, '../..');
const matrixFile = 'test-results/environments.txt';
mkdirSync(dirname(join(project, matrixFile)), { recursive: true });

const finishedRows = () => results.flatMap((result) => result ?? []);
const writeMatrix = () =>
  writeFileSync(
    join(project, matrixFile),
    `${tableText(finishedRows())}
`,
  );

afterAll(() => console.log(summaryText(finishedRows(), matrixFile)));

const lanes = Array.from({ length: atOnce }, () => Promise.resolve());

describe.concurrent('the main paths', () => {
  for (const [i, row] of rows.entries()) {
    const { environment, who } = row;
    test(`${environment.name}, ${who}`, { timeout }, async () => {
      const turn = (lanes[i % atOnce] ?? Promise.resolve()).then(() => runRow(row, firstUid + i));
      lanes[i % atOnce] = turn.then(
        () => undefined,
        () => undefined,
      );
      const { outcomes, impossible, ms } = await turn;
      const cells = impossible === undefined ? judge(environment, outcomes) : [];
      results[i] = {
        name: environment.name,
        who,
        cells,
        ms,
        ...(impossible === undefined ? {} : { impossible }),
      };
      // After each row: the file of an interrupted run has the rows that finished.
      writeMatrix();
      expect(cells.filter(({ right }) => !right).map(({ why }) => why)).toEqual([]);
    });
  }
});
