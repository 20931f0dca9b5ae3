import '../../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { emptyRecord, ownNamespace, writeRecord } from '../../../../src/network/network-record.ts';
import { buildProgram } from '../../../helpers/programs/program.ts';

/** A uid that no account has. */
const uid = 61_019;
const directory = mkdtempSync(join(tmpdir(), 'umlmon-lost-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a check that an ordinary user may not make is reported for the VM that needs it, and doctor does not fail', async () => {
  const tables = [{ family: 'inet', table: 'umlmon-nat-0123456789ab' } as const];
  writeRecord({ directory, vm: 'bare' }, emptyRecord(ownNamespace()));
  writeRecord({ directory, vm: 'vm1' }, { ...emptyRecord(ownNamespace()), tables });
  for (const name of ['', 'bare', 'vm1']) chownSync(join(directory, name), uid, uid);
  const path = await buildProgram('lost-on-host', {
    text: `
      import { lostOnHost } from './src/cli/admin/doctor/network-checks.ts';
      const [directory, ...vms] = process.argv.slice(2);
      lostOnHost(vms.map((vm) => ({ directory, vm }))).then((lost) => console.log(JSON.stringify(lost)));`,
  });
  chmodSync(path, 0o644);
  const lost = (...vms: string[]) => {
    const user = ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', '--'];
    return JSON.parse(
      execFileSync('setpriv', [...user, process.execPath, path, directory, ...vms], { encoding: 'utf8' }),
    );
  };
  expect(lost('bare')).toEqual([]);
  expect(lost('bare', 'vm1')).toEqual([
    {
      vm: 'vm1',
      text: expect.stringMatching(/could not be inspected: nft .*Operation not permitted/),
      fix: '',
    },
  ]);
});
