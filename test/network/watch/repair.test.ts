/** Repairs with a program that stands for nft(8), and says what it was asked. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lookAtNeeded } from '../../../src/network/watch/found-network.ts';
import type { Need } from '../../../src/network/watch/needs.ts';
import { repairNetwork } from '../../../src/network/watch/repair.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-repair-'));
  script('ip', 'echo "[]"');
});
afterEach(() => rmSync(directory, { recursive: true }));

const asked = () => {
  const log = join(directory, 'log');
  return existsSync(log) ? readFileSync(log, 'latin1').trim().split('\n') : [];
};

function script(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\ncd ${directory}\n${text}\n`, { mode: 0o755 });
  return path;
}

const programs = () => ({
  ip: join(directory, 'ip'),
  bridge: join(directory, 'ip'),
  nft: join(directory, 'nft'),
});
const table: Need = {
  thing: { is: 'table', family: 'inet', table: 'umlmon-nat-1', chains: undefined },
  make: [{ rules: 'table inet umlmon-nat-1 {}' }],
  cure: '',
};
const noSuchTable = 'echo "Error: No such file or directory" >&2; exit 1';

test('a repair, for which other monitors wait, lists the tables of the VM and no rules of others', async () => {
  const answer = '{"nftables": [{"table": {"family": "inet", "name": "umlmon-nat-1"}}]}';
  script(
    'nft',
    `echo "$@" >>log; case "$1" in -f) touch made;; esac; [ -e made ] || { ${noSuchTable}; }; echo '${answer}'`,
  );
  const place = { directory, vm: 'vm1' };
  const { made, left, failure } = await repairNetwork(place, programs(), [table], () => true);
  expect({ made, left, failure }).toEqual({
    made: ['the nftables table inet umlmon-nat-1 is missing'],
    left: [],
    failure: undefined,
  });
  const list = '--json --terse list table inet umlmon-nat-1';
  expect(asked()).toEqual([list, '-f -', list]);
});

test('an ordinary user, who may not list rules, sees none where no table is needed', async () => {
  script('nft', 'echo "Operation not permitted (you must be root)" >&2; exit 1');
  expect(await lookAtNeeded(programs(), [])).toMatchObject({ rules: '' });
  // Not that it is gone.
  await expect(lookAtNeeded(programs(), [table])).rejects.toThrow('Operation not permitted');
});
