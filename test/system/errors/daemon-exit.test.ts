/** How a daemon ends: the last line of its log, its exit record, its status. */
import '../../helpers/tiers/needs-host.ts';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildProgram } from '../../helpers/programs/program.ts';

const directory = mkdtempSync(join(tmpdir(), 'umlmon-last-word-'));
const record = join(directory, 'end.json');
let daemon = '';

beforeAll(async () => {
  daemon = await buildProgram('ending-daemon', { file: 'test/helpers/programs/ending-daemon.ts' });
});

afterAll(() => rmSync(directory, { recursive: true }));

function end(way: string) {
  rmSync(record, { force: true });
  const { status, stderr } = spawnSync(process.execPath, [daemon, way, record], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: number; msg: string; warning?: string });
  const kept = existsSync(record)
    ? (JSON.parse(readFileSync(record, 'utf8')) as Record<string, string>)
    : undefined;
  return { status, lines, kept };
}

test.each([
  ['in order', 0, 30, 'ends: SIGTERM', { reason: 'SIGTERM', failed: '', stack: '' }],
  ['exit without notice', 3, 60, 'ends: the end was not announced', { reason: 'exit with status 3' }],
  [
    'fault in a timer',
    1,
    60,
    /^ends: umlmon: Cannot read properties of undefined/,
    { reason: 'INTERNAL', stack: expect.stringContaining('TypeError') },
  ],
  [
    'host call without end',
    1,
    60,
    /^ends: \/no\/such\/directory: ENOENT/,
    { reason: 'HOST_SYSTEM_CALL', stack: '' },
  ],
])('%s: status, one last line, exit record', (way, status, level, words, kept) => {
  const ended = end(way);
  expect(ended.status).toBe(status);
  expect(ended.lines.at(-1)).toMatchObject({
    level,
    msg: typeof words === 'string' ? words : expect.stringMatching(words),
  });
  expect(ended.lines.filter(({ msg }) => msg.startsWith('ends: '))).toHaveLength(1);
  expect(ended.kept).toMatchObject(kept);
});

test.each(['host call in a timer', 'host call in a promise'])(
  '%s that fails is a warning, and the daemon serves on',
  (way) => {
    const ended = end(way);
    expect(ended.status).toBe(0);
    expect(ended.lines.map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'warning'],
      [30, 'ends: SIGTERM'],
    ]);
  },
);

test('every daemon uses LastWord', () => {
  const source = join(import.meta.dirname, '../../../src');
  const using = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && readFileSync(join(source, name), 'utf8').includes('new LastWord('),
  );
  expect(using.sort()).toEqual(['directory/daemon.ts', 'monitor/program/daemon.ts', 'web/main.ts']);
});
