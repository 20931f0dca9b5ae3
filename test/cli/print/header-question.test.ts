/** The question of umladmin before it follows a header that a guest has written. */
import { chmodSync, chownSync, existsSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { makeImage, writeSectors } from '../../disk/cow/oracle.ts';
import { writeCowHeader } from '../../disk/cow/sample-file.ts';
import { program, vmUid, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';

const size = 64 * 1024;
const mtime = 1_000_000_000;
const world = new World();
const disks = join(world.varDir, 'vm1/jail/disks');
const [golden, secret] = ['golden', 'secret'].map((name) =>
  join(world.varDir, `shared/disks/${name}.dsk`),
) as [string, string];
const cow = join(disks, 'e.cow');
world.configure({ vm1: 'ubd0 = /disks/root.dsk' });
world.addImage('vm1');
world.addSharedImage();

beforeEach(() => {
  for (const path of [golden, secret]) {
    makeImage(path, size, [[0, size]]);
    utimesSync(path, mtime, mtime);
  }
  chmodSync(secret, 0o600);
});
afterAll(() => world.close());

function nameBacking(stored: string): void {
  writeCowHeader(cow, { stored, size, mtime });
  writeSectors(cow, size, [0, 1]);
  chownSync(cow, vmUid, vmUid);
}

const admin = (...args: string[]) => world.run('umladmin', args);

test('without a terminal it is refused with the file named, unless -yes is given', () => {
  nameBacking('/shared/disks/golden.dsk');
  const before = readFileSync(golden);
  const refused = admin('disk', 'cow-merge', 'vm1:/disks/e.cow');
  expect(refused).toMatchObject({ status: 5, stdout: '' });
  expect(refused.stderr).toMatch(/vm1:\/disks\/e\.cow: .*names \/shared\/disks\/golden\.dsk.*\(hint: .*-yes/);
  const lines = admin('-json', 'disk', 'cow-merge', 'vm1:/disks/e.cow');
  expect([lines.status, lines.stdout + lines.stderr]).toEqual([
    5,
    expect.stringContaining('"IMAGE_NOT_OWNED"'),
  ]);
  expect(readFileSync(golden).equals(before)).toBe(true);

  const done = admin('disk', 'cow-merge', 'vm1:/disks/e.cow', '-yes');
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('into /shared/disks/golden.dsk') });
  expect(readFileSync(golden).equals(before)).toBe(false);
});

test.each<[string, string[]]>([
  ['convert', ['vm1:/disks/e.cow', 'vm1:/disks/out.dsk']],
  ['cow-merge', ['vm1:/disks/e.cow', 'vm1:/disks/out.dsk']],
  ['check', ['vm1:/disks/e.cow']],
  ['cow-rebase', ['vm1:/disks/e.cow', '/shared/disks/golden.dsk']],
])('%s gives a guest no file that only root may read, unless -yes is given', (verb, args) => {
  nameBacking('/shared/disks/secret.dsk');
  expect(admin('disk', verb, ...args)).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('/shared/disks/secret.dsk'),
  });
  expect(existsSync(join(disks, 'out.dsk'))).toBe(false);
  const agreed = admin('disk', verb, ...args, '-yes');
  expect(agreed.stderr).not.toContain('/shared/disks/secret.dsk');
  if (verb !== 'check') expect(agreed.status).toBe(0);
  if (existsSync(join(disks, 'out.dsk'))) admin('disk', 'delete', 'vm1:/disks/out.dsk', '-yes');
});

test('on a terminal it is a question; anything but yes is no', async () => {
  nameBacking('/shared/disks/golden.dsk');
  const before = readFileSync(golden);
  const umladmin = `exec "${program('umladmin')}" -config "${world.configPath}" "$@"`;
  const terminal = new Tmux({ commands: { umladmin }, columns: 160 });
  try {
    await terminal.shows('$');
    for (const answer of ['', 'n']) {
      terminal.afresh('umladmin disk cow-merge vm1:/disks/e.cow; echo "<$?>"');
      await terminal.shows('names /shared/disks/golden.dsk: write its changes there? [y/N]');
      terminal.line(answer);
      expect(await terminal.shows('<1>')).toContain('nothing was done');
    }
    expect(readFileSync(golden).equals(before)).toBe(true);
    // The guest has another idea while the administrator thinks.
    terminal.afresh('umladmin disk cow-merge vm1:/disks/e.cow; echo "<$?>"');
    await terminal.shows('[y/N]');
    nameBacking('/shared/disks/secret.dsk');
    const hidden = readFileSync(secret);
    terminal.line('y');
    expect(await terminal.shows('<1>')).toContain('its header names another backing file');
    expect([readFileSync(golden).equals(before), readFileSync(secret).equals(hidden)]).toEqual([true, true]);
  } finally {
    terminal.close();
  }
});
