import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWebListen, parseWebUrl } from '../../src/config/web-keys.ts';
import { isOurHost, isOurOrigin, type Names, pathBelow } from '../../src/web/origin.ts';

const names = (address: string, url = '', scheme = 'http'): Names => {
  const parsed = parseWebUrl(url);
  if ('cause' in parsed) throw new Error(parsed.cause);
  return { scheme, listen: { address, port: 8470 }, url: parsed.value };
};

describe('the names of umlweb', () => {
  test.each([
    ['127.0.0.1:8470', true],
    ['localhost:8470', true],
    ['[::1]:8470', true],
    ['127.0.0.1', false],
    ['127.0.0.1:80', false],
    ['elsewhere.example:8470', false],
    ['127.0.0.1.elsewhere.example:8470', false],
    ['192.0.2.1:8470', false],
    ['', false],
    [undefined, false],
  ])('on the loopback: %s is %s', (host, isOurs) => {
    expect(isOurHost(host, names('127.0.0.1'))).toBe(isOurs);
  });

  test('on all addresses: any address, but no name', () => {
    expect(isOurHost('192.0.2.1:8470', names('0.0.0.0'))).toBe(true);
    expect(isOurHost('[2001:db8::1]:8470', names('::'))).toBe(true);
    expect(isOurHost('vms.example.org:8470', names('0.0.0.0'))).toBe(false);
  });

  test('with an address for browsers: that one too', () => {
    const ours = names('127.0.0.1', 'https://vms.example.org/umlweb/');
    expect(isOurHost('vms.example.org', ours)).toBe(true);
    expect(isOurHost('127.0.0.1:8470', ours)).toBe(true);
    expect(isOurHost('example.org', ours)).toBe(false);
    expect(isOurOrigin('https://vms.example.org', 'vms.example.org', ours)).toBe(true);
    expect(isOurOrigin('http://elsewhere.example', 'vms.example.org', ours)).toBe(false);
  });

  test('the port of the scheme may be left out', () => {
    const listen = { address: '192.0.2.1', port: 443 };
    expect(isOurHost('192.0.2.1', { scheme: 'https', listen, url: undefined })).toBe(true);
    expect(isOurHost('192.0.2.1', { scheme: 'http', listen, url: undefined })).toBe(false);
  });

  test('no other host is taken for ours, whatever it is called', () => {
    const ours = names('127.0.0.1', 'https://vms.example.org/');
    const known = /^(?:vms\.example\.org|(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]):8470)$/;
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.webAuthority()), (host) => {
        expect(isOurHost(host, ours)).toBe(known.test(host));
      }),
    );
  });

  test('the origin has the scheme of the listener', () => {
    const ours = names('127.0.0.1');
    expect(isOurOrigin('http://127.0.0.1:8470', '127.0.0.1:8470', ours)).toBe(true);
    for (const origin of ['https://127.0.0.1:8470', 'http://127.0.0.1', 'null', '', undefined])
      expect(isOurOrigin(origin, '127.0.0.1:8470', ours)).toBe(false);
  });
});

test('a proxy may take its path off or not', () => {
  const { url } = names('127.0.0.1', 'https://vms.example.org/umlweb/');
  expect(pathBelow('/umlweb/app.js', url)).toBe('app.js');
  expect(pathBelow('/app.js', url)).toBe('app.js');
  expect(pathBelow('/umlweb/', url)).toBe('');
  expect(pathBelow('/app.js', undefined)).toBe('app.js');
});

describe('the keys of umlweb', () => {
  test.each([
    ['127.0.0.1:8470', { address: '127.0.0.1', port: 8470 }],
    ['[::1]:0', { address: '::1', port: 0 }],
  ])('%s is an address to listen on', (text, value) => {
    expect(parseWebListen(text)).toEqual({ value });
  });

  test.each([
    '',
    '8470',
    'localhost:8470',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:8470',
    '[127.0.0.1]:1',
    '[::1]',
  ])('%j is none', (text) => expect(parseWebListen(text)).toMatchObject({ code: 'CONFIG_BAD_VALUE' }));

  test.each([
    'vms.example.org',
    'ftp://vms.example.org/',
    'https://vms.example.org/umlweb',
    'https://user@vms.example.org/',
    'https://vms.example.org/?a/',
    'https://vms.example.org/a/../b c/',
  ])('%j is no address for browsers', (text) =>
    expect(parseWebUrl(text)).toMatchObject({ code: 'CONFIG_BAD_VALUE' }),
  );
});
