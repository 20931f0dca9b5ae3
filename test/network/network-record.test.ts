import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type NetworkRecord,
  neighbourRecords,
  readNetworkRecord,
  removeRecord,
  writeRecord,
} from '../../src/network/network-record.ts';
import { networkLimits } from '../../src/system/limits/limits.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'umlmon-network-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const record: NetworkRecord = {
  namespace: 'net:[1]',
  interfaces: [{ name: 'p0', temporary: 'um12345678-0', alias: 'umlmon:vm1:eth0:12345678' }],
  announced: [{ address: '10.0.0.2', on: 'eth0' }],
  settings: [{ name: 'net/ipv4/conf/eth0/forwarding', value: '1', before: '0', general: '0' }],
  shared: [{ kind: 'nat', network: 'web', terms: 'subnet=10.8.0.0/24, reach_host=off' }],
  forwards: ['tcp port 80 of the host'],
  tables: [{ family: 'inet', table: 'umlmon-tunnel-0123456789ab' }],
  links: ['/run/umlmon/vm1/run/user0/net'],
};

test('a record is read as it was written, by the VM and by others, until it is removed', async () => {
  const place = { directory, vm: 'vm1' };
  expect(readNetworkRecord(place)).toBeUndefined();
  writeRecord(place, record);
  expect(readNetworkRecord(place)).toEqual(record);
  expect(await neighbourRecords(place, 'net:[1]')).toEqual([]);
  expect(await neighbourRecords({ directory, vm: 'vm2' }, 'net:[1]')).toEqual([{ vm: 'vm1', record }]);
  expect(await neighbourRecords({ directory, vm: 'vm2' }, 'net:[2]')).toEqual([]);
  removeRecord(place);
  expect(readNetworkRecord(place)).toBeUndefined();
});

test('a damaged record is ignored, or has complete entries only', () => {
  const damaged = fc.oneof(
    fc.json(),
    fc.string(),
    fc
      .record({ interfaces: fc.array(fc.jsonValue()), settings: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
    fc.nat(JSON.stringify(record).length).map((length) => JSON.stringify(record).slice(0, length)),
  );
  fc.assert(
    fc.property(damaged, (text) => {
      writeFileSync(join(directory, 'vm1'), text);
      for (const { name, temporary, alias } of readNetworkRecord({ directory, vm: 'vm1' })?.interfaces ?? [])
        expect([name, temporary, alias].every((part) => typeof part === 'string')).toBe(true);
    }),
    { numRuns: 300 },
  );
  writeFileSync(join(directory, 'vm1'), JSON.stringify(record).padEnd(networkLimits.recordBytes + 1));
  expect(readNetworkRecord({ directory, vm: 'vm1' })).toBeUndefined();
});
