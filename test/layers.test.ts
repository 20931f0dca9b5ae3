import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../src');

/**
 * The rooms from the programs down to the host. A room may import from itself and from rooms of lower levels, never
 * from its own level.
 */
const levels: readonly (readonly string[])[] = [
  ['setup'],
  ['bin'],
  ['monitor', 'directory', 'cli', 'web', 'umlrun'],
  ['plan'],
  ['jail', 'kernel', 'console', 'disk', 'network'],
  ['command-line'],
  ['config', 'rpc'],
  ['system'],
];

/**
 * Monitors are reached through rpc only: these may not look into what a monitor is made of. umladmin works without
 * monitors, on the images themselves.
 */
const onlyThroughRpc = {
  of: ['cli', 'web'],
  forbidden: ['plan', 'kernel', 'console', 'disk', 'network'],
  except: /^cli\/admin\//,
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function imports(): Import[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(source, file), 'utf8');
      return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(([, target = '']) => ({
        file,
        from: roomOf(file),
        to: roomOf(relative(source, join(source, dirname(file), target))),
      }));
    });
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function levelOf(room: string): number {
  return levels.findIndex((rooms) => rooms.includes(room));
}

test('every room has a level', () => {
  const rooms = new Set(imports().flatMap(({ from, to }) => [from, to]));
  rooms.delete('..');
  expect([...rooms].filter((room) => levelOf(room) < 0)).toEqual([]);
});

test('imports run one way', () => {
  const wrong = imports().filter(
    ({ from, to }) => to !== '..' && from !== to && levelOf(to) <= levelOf(from),
  );
  expect(wrong).toEqual([]);
});

test('clients talk to monitors through rpc only', () => {
  // A kernel that umlmon did not start has no monitor: its management console is talked to directly.
  const wrong = imports().filter(
    ({ file, from, to }) =>
      file !== 'cli/mconsole/socket.ts' &&
      onlyThroughRpc.of.includes(from) &&
      onlyThroughRpc.forbidden.includes(to) &&
      !onlyThroughRpc.except.test(file),
  );
  expect(wrong).toEqual([]);
});

test('the test sees the imports that there are', () => {
  expect(imports()).toContainEqual({ file: 'monitor/program/monitor.ts', from: 'monitor', to: 'rpc' });
  expect(imports().length).toBeGreaterThan(200);
});
