/** Launches that fail late: umlrun waits for their end, and says what has failed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { program, World } from '../helpers/programs/world.ts';

const uid = 61_234;
let world: World;

beforeEach(() => {
  world = new World();
  world.configure({});
});

afterEach(() => world.close());

/** umlrun of a user whose bubblewrap is this script. */
function umlrun(bwrap: string, ...args: string[]) {
  const programs = join(world.home, 'bin');
  mkdirSync(programs);
  writeFileSync(join(programs, 'bwrap'), `#!/bin/sh\n${bwrap}\n`, { mode: 0o755 });
  world.addSharedImage(uid);
  spawnSync('chown', ['-R', `${uid}:${uid}`, world.home]);
  const become = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
  const words = [...become, program('umlrun'), '-config', world.configPath, ...args];
  const env = { PATH: `${programs}:${process.env.PATH}`, HOME: world.home };
  return spawnSync('setpriv', words, { encoding: 'utf8', timeout: 60_000, env, input: '', cwd: '/' });
}

test('a jail that is not as planned is an error, also when nothing else keeps umlrun alive', () => {
  // Closes all that umlrun could hear of it, and has a child, as bubblewrap has.
  const closing = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((fd) => `${fd}>&-`).join(' ');
  const ran = umlrun(`exec ${closing}; sleep 60 & wait`, '-share', world.home, '--', 'true');
  expect([ran.status, ran.stderr]).toEqual([
    125,
    expect.stringContaining('umlrun: jail: its mounts differ from the plan'),
  ]);
});

test('the error of a failed bubblewrap has its message, and the part of the jail that it cannot make', () => {
  const ran = umlrun('echo bwrap: no more jails >&2; exit 1', '--', 'true');
  expect(ran.status).toBe(125);
  expect(ran.stderr).toMatch(
    /it exited with status 1: bwrap: no more jails \(hint: try again .*: strace -f \S+bwrap /,
  );
});
