/** umlrun with an image of its own, and what it may leave behind. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { program, World } from '../helpers/programs/world.ts';

export let world: World;
/** A copy: the original may be anywhere. */
export let image: string;

beforeEach(() => {
  world = new World();
  world.configure({});
  image = world.addSharedImage();
});

afterEach(async () => {
  await world.close();
});

export const patienceMs = 60_000;

export function umlrun(args: readonly (string | Buffer)[], input: string | Buffer = '') {
  const { status, stdout, stderr } = spawnSync(
    program('umlrun'),
    ['-config', world.configPath, ...args.map(String)],
    {
      input,
      timeout: patienceMs,
      maxBuffer: 2 ** 28,
    },
  );
  return { status, stdout, stderr: stderr.toString() };
}

export function start(
  args: readonly string[],
  stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', 'pipe'],
) {
  return spawn(program('umlrun'), ['-config', world.configPath, ...args], { stdio });
}

export async function said(child: ChildProcess, text: string): Promise<void> {
  let all = '';
  for await (const part of child.stdout ?? []) {
    all += part;
    if (all.includes(text)) return;
  }
  throw new Error(`ended without ${text}: ${all}`);
}

/** Processes whose command line names this world: its launchers, and umlrun. */
export function processes(): string {
  return spawnSync('pgrep', ['-af', world.home], { encoding: 'utf8' }).stdout;
}

export function expectNothingLeft(): void {
  expect(readdirSync(join(world.runDir, '.umlrun'))).toEqual(['jail']);
  for (const directory of [
    join(world.runDir, '.cores'),
    join(world.varDir, '.images'),
    join(world.varDir, '.umlrun'),
  ])
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
  expect(processes()).toBe('');
}
