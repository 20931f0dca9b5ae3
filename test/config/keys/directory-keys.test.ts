import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseEndpoints } from '../../../src/config/keys/directory-keys.ts';
import { findService } from '../../../src/config/service-ports.ts';

describe('etcd', () => {
  test('several members, names and addresses, with and without TLS', () => {
    expect(parseEndpoints('etcd1:2379, https://10.0.0.1:23790,[fd00::1]:1')).toEqual({
      value: [
        { protocol: 'http:', host: 'etcd1', port: 2379 },
        { protocol: 'https:', host: '10.0.0.1', port: 23790 },
        { protocol: 'http:', host: 'fd00::1', port: 1 },
      ],
    });
    expect(parseEndpoints('')).toEqual({ value: [] });
  });

  test.each([
    'etcd1',
    'etcd1:0',
    'etcd1:65536',
    'ftp://a:1',
    'a:1,',
    '[10.0.0.1]:1',
    'a b:1',
    '-a:1',
    'a:1/v3',
  ])('%s is refused', (text) => {
    expect(parseEndpoints(text)).toMatchObject({
      cause: expect.stringContaining('not a valid address of an etcd member'),
    });
  });
});

describe('/etc/services', () => {
  const services =
    '# umldir 1/tcp\numldir\t\t8000/udp\numldir 8001/tcp dir\t# umlredir\nother 9/tcp umlredir\nbad 70000/tcp\n';

  test('the TCP port, by name or alias; comments are ignored', () => {
    expect(findService(services, 'umldir')).toBe(8001);
    expect(findService(services, 'dir')).toBe(8001);
    expect(findService(services, 'umlredir')).toBe(9);
    expect(findService(services, 'bad')).toBeUndefined();
    expect(findService(services, 'nobody')).toBeUndefined();
  });

  test('the file of the host is read as others read it', () => {
    expect(findService(readFileSync('/etc/services', 'utf8'), 'ssh')).toBe(22);
    expect(findService(readFileSync('/etc/services', 'utf8'), 'www')).toBe(80);
  });
});
