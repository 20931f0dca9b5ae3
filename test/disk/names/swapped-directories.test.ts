/** Disk commands on images in a directory that its owner, the user of a VM, exchanges for a link to another place all the time. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, lstatSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DiskCommand } from '../../../src/disk/commands/command-types.ts';
import { runDiskCommand } from '../../../src/disk/commands/run.ts';
import { type ImageName, imagePathOnHost } from '../../../src/disk/names/image-name.ts';
import { toFailure } from '../../../src/system/errors/errors.ts';
import { nobody } from '../../helpers/programs/world.ts';
import { administrator, client } from '../commands/callers.ts';
import { makeImage } from '../cow/oracle.ts';
import { writeCow } from '../cow/sample-file.ts';
import { TestStore } from '../store/store.ts';

const size = 64 * 1024;
const store = new TestStore('/dev/shm');
const own = (file: string): ImageName => ({ vm: 'vm1', path: `/disks/sub/${file}` });
const path = (name: ImageName) => imagePathOnHost(name, store);
/** Where root has files of the same names. */
const outside = join(store.home, 'outside');
let swapper: ChildProcess;
let before: string;

beforeAll(() => {
  for (const file of ['a.dsk', 'b.dsk', 'a@s.dsk', 'd.dsk', 'gone.dsk'])
    makeImage(store.add(own(file)), size, [[0, size]]);
  for (const file of ['a.cow', 'b.cow']) writeCow(path(own(file)), own('b.dsk').path, path(own('b.dsk')));
  writeCow(path(own('d.cow')), own('d.dsk').path, path(own('d.dsk')));
  const sub = dirname(path(own('a.dsk')));
  cpSync(sub, outside, { recursive: true, preserveTimestamps: true });
  for (const file of ['', ...readdirSync(sub)]) chownSync(join(sub, file), nobody, nobody);
  symlinkSync(outside, join(sub, '../link'));
  before = stateOf(outside);
  const program = join(store.home, 'name-swapper');
  execFileSync('gcc', [
    '-O1',
    '-o',
    program,
    join(import.meta.dirname, '../../helpers/hostile/name-swapper.c'),
  ]);
  swapper = spawn(program, ['sub', 'link'], { cwd: join(sub, '..'), stdio: 'inherit' });
});
afterAll(async () => {
  const lived = swapper.exitCode === null;
  const ended = once(swapper, 'exit');
  swapper.kill('SIGKILL');
  if (lived) await ended;
  store.close();
  expect(lived, 'the swapper lived to the end').toBe(true);
});

/** All that can be changed there, but times of access. */
function stateOf(directory: string): string {
  const entries = readdirSync(directory)
    .sort()
    .map((name) => {
      const { ino, uid, gid, mode, mtimeMs, nlink } = lstatSync(join(directory, name));
      return [name, ino, uid, gid, mode, mtimeMs, nlink, readFileSync(join(directory, name), 'base64')];
    });
  const { mtimeMs, ctimeMs } = lstatSync(directory);
  return JSON.stringify([mtimeMs, ctimeMs, entries]);
}

const writing: readonly (readonly [string, (round: number) => DiskCommand])[] = [
  ['create', (round) => ({ verb: 'create', image: own(`c${round}.dsk`), size: 4096 })],
  ['copy', (round) => ({ verb: 'copy', image: own('a.dsk'), target: own(`p${round}.dsk`) })],
  ['convert', (round) => ({ verb: 'convert', image: own('a.dsk'), target: own(`v${round}.dsk`) })],
  ['cow-create', (round) => ({ verb: 'cow-create', image: own(`w${round}.cow`), backing: own('b.dsk') })],
  ['resize', (round) => ({ verb: 'resize', image: own('gone.dsk'), size: size + (round + 1) * 512 })],
  ['snapshot', (round) => ({ verb: 'snapshot', image: own('a.dsk'), name: `n${round}` })],
  ['rollback', () => ({ verb: 'rollback', image: own('a.dsk'), name: 's' })],
  ['cow-rebase', () => ({ verb: 'cow-rebase', image: own('a.cow'), backing: own('b.dsk') })],
  ['cow-merge', (round) => ({ verb: 'cow-merge', image: own('b.cow'), target: own(`m${round}.dsk`) })],
  ['cow-merge in place', () => ({ verb: 'cow-merge', image: own('d.cow') })],
  ['snapshot-delete', (round) => ({ verb: 'snapshot-delete', image: own('a.dsk'), name: `n${round}` })],
  ['delete', (round) => ({ verb: 'delete', image: own(`c${round}.dsk`) })],
];

test.each([...writing])(
  '200 times %s: nothing is done outside',
  async (verb, requestOf) => {
    const ends = new Map<string, number>();
    for (let round = 0; round < 200; round++) {
      const caller = round % 2 === 0 ? client('vm1', nobody) : administrator;
      const owner = { uid: nobody, gid: nobody, mode: 0o600 };
      const end = await runDiskCommand(requestOf(round), { store, by: '@vm1.1', owner, caller }).then(
        () => '',
        (error: unknown) => toFailure(error).code,
      );
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    console.log(JSON.stringify([...ends]));
    expect(stateOf(outside)).toBe(before);
    // An image to delete exists only if the command that creates it succeeded in the same round.
    if (!verb.endsWith('delete')) expect(ends.get('') ?? 0, 'some were done').toBeGreaterThan(0);
    expect(ends.size, 'some were refused').toBeGreaterThan(1);
    expect(ends.has('INTERNAL')).toBe(false);
  },
  300_000,
);
