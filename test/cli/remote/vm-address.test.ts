import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseVmAddress } from '../../../src/cli/remote/vm-address.ts';
import { placeText } from '../../../src/rpc/address.ts';

describe('the address of a VM', () => {
  test.each([
    ['vm1', { vm: 'vm1', host: undefined, port: undefined }],
    ['vm1@localhost', { vm: 'vm1', host: undefined, port: undefined }],
    ['vm1@LOCALHOST', { vm: 'vm1', host: undefined, port: undefined }],
    ['vm1@localhost.', { vm: 'vm1', host: undefined, port: undefined }],
    ['vm1@localhost:7001', { vm: 'vm1', host: 'localhost', port: 7001 }],
    ['vm1@host.example', { vm: 'vm1', host: 'host.example', port: undefined }],
    ['vm1@192.0.2.1:1', { vm: 'vm1', host: '192.0.2.1', port: 1 }],
    ['vm1@2001:db8::1', { vm: 'vm1', host: '2001:db8::1', port: undefined }],
    ['vm1@[2001:db8::1]', { vm: 'vm1', host: '2001:db8::1', port: undefined }],
    ['vm1@[::1]:65535', { vm: 'vm1', host: '::1', port: 65_535 }],
  ])('%s', (text, address) => {
    expect(parseVmAddress(text)).toEqual(address);
  });

  test.each([
    'vm1@',
    '@host',
    'vm1@host:',
    'vm1@host:0',
    'vm1@host:65536',
    'vm1@host:7x',
    'vm1@ho st',
    'vm1@-host',
    'vm1@a@b',
    'vm1@::1:7001x',
    'vm1@[host]:7001',
    'vm1@[::1',
    'vm 1@host',
    'global@host',
    'vm1@host:7001:1',
  ])('%s is malformed', (text) => {
    expect(() => parseVmAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('a printed address parses to the same address', () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(
        fc.stringMatching(/^v[a-z0-9_-]{0,20}$/),
        hosts,
        fc.integer({ min: 1, max: 65_535 }),
        (vm, host, port) => {
          expect(parseVmAddress(`${vm}@${placeText(host, port)}`)).toEqual({ vm, host, port });
        },
      ),
    );
  });

  test('any text is an address or a usage error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          const { host } = parseVmAddress(`vm1@${text}`);
          expect(host ?? 'localhost').not.toMatch(/[\s@/[\]]/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE' });
        }
      }),
    );
  });
});
