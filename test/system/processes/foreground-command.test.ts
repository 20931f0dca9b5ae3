/** Programs that share the terminal of a command-line program. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInForeground } from '../../../src/system/processes/foreground-command.ts';

const root = join(import.meta.dirname, '../../..');

const sh = (script: string, outputBytes = 1000) =>
  runInForeground({
    program: '/bin/sh',
    args: ['-c', script],
    env: { PATH: '/usr/bin:/bin' },
    input: 'ignore',
    outputBytes,
  });

test('a program returns its output and status, and gets chosen variables only', async () => {
  expect(await sh('env | cut -d= -f1 | sort | tr "\\n" " "')).toEqual({
    status: 0,
    stdout: 'PATH PWD ',
    failure: '',
  });
  expect(await sh('echo out; exit 3')).toEqual({
    status: 3,
    stdout: 'out\n',
    failure: 'it ended with exit status 3',
  });
});

test('a program that is killed, cannot be run or prints too much has failed', async () => {
  expect(await sh('kill -9 $$')).toMatchObject({ failure: 'it was ended by SIGKILL' });
  expect(await sh('yes', 10)).toMatchObject({ status: undefined, failure: 'it printed more than 10 bytes' });
  const missing = { program: '/no/such', args: [], env: {}, input: 'ignore', outputBytes: 1 } as const;
  expect(await runInForeground(missing)).toMatchObject({
    status: undefined,
    failure: expect.stringContaining('ENOENT'),
  });
});

test('execa is a file of its own, which only the command-line programs load, at the first use', () => {
  const bundles = readdirSync(join(root, 'dist')).filter((name) => name.endsWith('.cjs'));
  const loads = bundles.filter((name) =>
    readFileSync(join(root, 'dist', name), 'utf8').includes('import("./umlmon-execa.cjs")'),
  );
  expect(loads.sort()).toEqual(['umladmin.cjs', 'umlwatch.cjs']);
  // A word of its messages.
  const has = bundles.filter((name) =>
    readFileSync(join(root, 'dist', name), 'utf8').includes('cancelSignal'),
  );
  expect(has).toEqual(['umlmon-execa.cjs']);
});
