/** Paths in directories of other users, who replace their targets while umlrun starts as root. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveUser } from '../../src/jail/user.ts';
import { GivenFiles } from '../../src/umlrun/host/given.ts';
import { prepareImage } from '../../src/umlrun/host/image.ts';
import { compile } from '../helpers/programs/compile.ts';
import { program, World } from '../helpers/programs/world.ts';

const attacker = 61_019;
/** Fifteen starts, on a host that does other things too. */
const manyStarts = { timeout: 600_000 };

let world: World;
/** Of the attacker. */
let home: string;
let swapper: ChildProcess | undefined;

beforeEach(() => {
  world = new World();
  world.configure({});
  world.addSharedImage();
  home = join(world.home, 'attacker');
  mkdirSync(home);
  chownSync(home, attacker, attacker);
});

afterEach(async () => {
  swapper?.kill('SIGKILL');
  await world.close();
});

/** From now on the two names are exchanged thousands of times a second. */
async function exchange(a: string, b: string): Promise<void> {
  const binary = join(world.home, 'swapper');
  compile('swapper.c', binary);
  swapper = spawn(binary, [a, b], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(swapper.stdout ?? swapper, 'data');
}

/** Resolves to how often they were. */
async function endExchange(): Promise<number> {
  if (!swapper?.stdout) throw new Error('no swapper');
  let said = '';
  swapper.stdout.on('data', (text: Buffer) => {
    said += text.toString();
  });
  // It may have ended by itself, which is no count.
  const ended = swapper.exitCode === null ? once(swapper, 'close') : Promise.resolve();
  swapper.stdin?.end();
  await ended;
  return Number(said);
}

/** A file system with blocks of 1 KiB, which umlrun copies, with a word in it. */
function smallImage(path: string, word: string): void {
  const tree = join(world.home, 'tree');
  mkdirSync(tree, { recursive: true });
  writeFileSync(join(tree, 'file'), word);
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext2', '-b', '1024', '-d', tree, path, '1M'], {
    env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
  });
}

function link(target: string, path: string): void {
  symlinkSync(target, path);
  lchownSync(path, attacker, attacker);
}

test('only the checked image is used: in 1,000 starts, no byte of a file of root is copied', async () => {
  const secrets = join(world.home, 'secrets');
  mkdirSync(secrets, { mode: 0o755 });
  smallImage(join(secrets, 'img'), 'SECRET-OF-ROOT');
  chmodSync(join(secrets, 'img'), 0o600);
  mkdirSync(join(home, 'images'));
  smallImage(join(home, 'images/img'), 'own words');
  execFileSync('chown', ['-R', `${attacker}:${attacker}`, home]);
  chmodSync(join(home, 'images/img'), 0o644);
  link(secrets, join(home, 'other'));
  const roots = { varDir: world.varDir, runDir: world.runDir, shared: join(world.varDir, 'shared') };
  const user = await resolveUser('nobody');
  const outcomes = { prepared: 0, refused: 0 };
  await exchange(join(home, 'images'), join(home, 'other'));
  const memory = join(world.home, 'changes');
  const place = { id: 'test', changes: { memory, onDisk: () => memory } };
  for (let i = 0; i < 1000; i++) {
    const files = new GivenFiles();
    try {
      const image = await prepareImage(join(home, 'images/img'), { roots, place, user, files });
      expect(readFileSync(image.changes).includes('SECRET-OF-ROOT')).toBe(false);
      rmSync(image.changes);
      image.release();
      outcomes.prepared++;
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^IMAGE_(ACCESS|MISSING)$/) });
      rmSync(memory, { force: true });
      outcomes.refused++;
    } finally {
      files.close();
    }
  }
  expect(await endExchange()).toBeGreaterThan(1000);
  expect(outcomes.prepared).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
});

test.each(['-share', '-root'])(
  '%s is what was checked, over thousands of exchanges',
  manyStarts,
  async (option) => {
    const own = join(home, 'given');
    for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'run', 'own-words'])
      mkdirSync(join(own, name), { recursive: true });
    cpSync('/bin/busybox', join(own, 'bin/busybox'), { dereference: true });
    execFileSync('chown', ['-R', `${attacker}:${attacker}`, home]);
    const other = join(world.home, 'other');
    cpSync(own, other, { recursive: true });
    mkdirSync(join(other, 'not-given'));
    link(other, join(home, 'link'));
    const shown = option === '-root' ? '/' : own;
    const list = option === '-root' ? ['/bin/busybox', 'ls', shown] : ['ls', shown];
    const args = ['-config', world.configPath, option, own, '--', ...list];
    const outcomes = { given: 0, refused: 0 };
    await exchange(own, join(home, 'link'));
    for (let i = 0; i < 15; i++) {
      const { status, stdout, stderr } = spawnSync(program('umlrun'), args, {
        encoding: 'utf8',
        timeout: 60_000,
      });
      expect(stdout).not.toContain('not-given');
      if (status === 0) {
        expect(stdout).toContain('own-words');
        outcomes.given++;
      } else {
        expect(stderr).toMatch(
          /is a link in a directory that others can write to|Race condition|No such file|ENOENT/,
        );
        outcomes.refused++;
      }
    }
    expect(await endExchange()).toBeGreaterThan(1000);
    expect(outcomes.refused).toBeGreaterThan(0);
    expect(readdirSync(join(world.runDir, '.umlrun'))).toEqual(['jail']);
  },
);

test.each(['-image', '-share', '-root'])(
  '%s through a link of another user is refused, with the reason',
  (option) => {
    mkdirSync(join(home, 'directory'));
    cpSync(join(world.varDir, 'shared/disks/root.dsk'), join(home, 'directory/img'));
    chmodSync(join(home, 'directory/img'), 0o644);
    link(join(home, 'directory'), join(home, 'link'));
    const path = option === '-image' ? 'link/img' : 'link';
    const run = (name: string) =>
      spawnSync(program('umlrun'), ['-config', world.configPath, option, join(home, name), '--', 'true'], {
        encoding: 'utf8',
      });
    const refused = run(path);
    expect(refused.status).toBe(125);
    expect(refused.stderr).toContain(`${home}/link is a link in a directory that others can write to`);
    expect(refused.stderr).toContain('give the path that it points to');
    if (option !== '-root') expect(run(path.replace('link', 'directory')).stderr).toBe('');
  },
);
