/** An image that is swapped between the look at it and its opening, which root does and the kernel inherits. */
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layoutFor, readVmConfig } from '../../../src/monitor/start/config-source.ts';
import { executePlan } from '../../../src/monitor/start/execute-plan.ts';
import { VmPlanner } from '../../../src/monitor/start/plan-start.ts';
import { aloneOwner } from '../../helpers/programs/kernel-owner.ts';
import { vmUid, World } from '../../helpers/programs/world.ts';

let world: World;
let directory: string;
let image: string;

beforeEach(() => {
  world = new World();
  world.configure({ vm1: 'ubd0 = /disks/own/root.dsk' });
  // A directory of the VM's user, in which that user can do what it likes.
  directory = join(world.varDir, 'vm1/jail/disks/own');
  mkdirSync(directory, { recursive: true });
  image = world.addImage('vm1', 'own/root.dsk');
  chownSync(directory, vmUid, vmUid);
});

afterEach(() => world.close());

/** Executes the plan of now after the change. */
async function startAfter(change: () => void): Promise<unknown> {
  const source = { vm: 'vm1', configPath: world.configPath };
  const { config, vm } = readVmConfig(source);
  const layout = layoutFor(config, vm);
  const { plan } = await new VmPlanner(source, layout).planLaunch();
  change();
  return executePlan(plan, aloneOwner(layout));
}

const secret = () => {
  const path = join(world.home, 'secret.dsk');
  writeFileSync(path, 'x'.repeat(512), { mode: 0o600 });
  return path;
};

test.each<[string, () => void, string | RegExp]>([
  ['a link to a file of root', () => symlinkSync(secret(), image), 'outside of the jail'],
  // It may be given the inode, and so the identity, of the one that was removed.
  [
    'a file of root',
    () => renameSync(secret(), image),
    /may not write vm1:.disks.own.root.dsk|taken the place/,
  ],
  [
    'a file in a directory that became a link',
    () => {
      renameSync(directory, join(world.home, 'moved'));
      symlinkSync(join(world.home, 'moved'), directory);
      writeFileSync(image, 'x'.repeat(512));
      chmodSync(image, 0o666);
    },
    'outside of the jail',
  ],
  ['a directory', () => mkdirSync(image), 'EISDIR'],
])('%s in its place is refused', async (_what, swap, words) => {
  await expect(
    startAfter(() => {
      rmSync(image);
      swap();
    }),
  ).rejects.toThrow(words);
});
