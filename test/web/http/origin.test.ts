import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWebListen, parseWebUrl } from '../../../src/config/keys/web-keys.ts';
import { isOurHost, isOurOrigin, type Names, pathBelow } from '../../../src/web/http/origin.ts';

const names = (address: string, url = '', scheme: Names['scheme'] = 'http'): Names => {
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

  test.each([
    ['https://vms.example.org/umlweb/', 'https://vms.example.org', true],
    // What a proxy passes on as plain http is not what the browser has called.
    ['https://vms.example.org/umlweb/', 'http://vms.example.org', false],
    ['https://vms.example.org/umlweb/', 'http://127.0.0.1:8470', false],
    ['https://vms.example.org/umlweb/', 'http://localhost:8470', false],
    ['https://vms.example.org/', 'https://vms.example.org:8443', false],
    ['https://vms.example.org/', 'https://vms.example.org:443', true],
    ['https://vms.example.org:443/', 'https://vms.example.org', true],
    ['http://vms.example.org:80/', 'http://vms.example.org', true],
    ['https://vms.example.org:8443/', 'https://vms.example.org:8443', true],
    ['https://vms.example.org:8443/', 'https://vms.example.org', false],
    ['https://VMS.Example.org/', 'https://vms.example.org', true],
    ['https://vms.example.org./', 'https://vms.example.org', true],
    ['https://vms.example.org/', 'https://vms.example.org.', true],
    ['https://vms.example.org/', 'https://vms.example.org..', false],
    ['https://bücher.example/', 'https://xn--bcher-kva.example', true],
    ['https://xn--bcher-kva.example/', 'https://xn--bcher-kva.example', true],
    ['https://xn--bcher-kva.example/', 'https://bücher.example', false],
    ['https://[2001:DB8:0::1]/', 'https://[2001:db8::1]', true],
    ['https://[::ffff:192.0.2.1]/', 'https://[::ffff:c000:201]', true],
    ['https://192.0.2.1/', 'https://3221225985', false],
    ['https://vms.example.org/', 'null', false],
    ['https://vms.example.org/', 'https://vms.example.org, https://elsewhere.example', false],
    ['https://vms.example.org/', 'https://vms.example.org/', false],
    ['https://vms.example.org/', 'https://user@vms.example.org', false],
    ['https://vms.example.org/', 'https://vms.example.org@elsewhere.example', false],
    ['https://vms.example.org/', 'https://vms%2eexample.org', false],
    ['https://vms.example.org/', 'https://vms.example.org:', true],
    ['https://vms.example.org/', 'ws://vms.example.org', false],
    ['https://vms.example.org/', '', false],
    ['https://vms.example.org/', undefined, false],
  ])('at %s a page of %s: %s', (url, origin, isOurs) => {
    for (const host of ['vms.example.org', '127.0.0.1:8470', 'localhost:8470'])
      expect(isOurOrigin(origin, host, names('127.0.0.1', url)), host).toBe(isOurs);
  });

  test.each([
    ['LOCALHOST:8470', 'http://localhost:8470', true],
    ['localhost.:8470', 'http://localhost:8470', true],
    ['[0:0:0:0:0:0:0:1]:8470', 'http://[::1]:8470', true],
    ['[::ffff:127.0.0.1]:8470', 'http://127.0.0.1:8470', true],
    // Of another address of ours, which may be another user's program.
    ['127.0.0.1:8470', 'http://localhost:8470', false],
    ['127.0.0.1:8470', 'http://127.0.0.1:8471', false],
    ['127.0.0.1:8470', 'https://127.0.0.1:8470', false],
    // A name that leads here (DNS rebinding), which page and browser agree on.
    ['elsewhere.example:8470', 'http://elsewhere.example:8470', false],
    ['127.0.0.1.:8470', 'http://127.0.0.1:8470', true],
    ['127.1:8470', 'http://127.0.0.1:8470', false],
    ['0x7f.1:8470', 'http://127.0.0.1:8470', false],
    ['2130706433:8470', 'http://127.0.0.1:8470', false],
    ['%6cocalhost:8470', 'http://localhost:8470', false],
    ['localhost:8470@elsewhere.example', 'http://localhost:8470', false],
    [undefined, 'http://127.0.0.1:8470', false],
  ])('without web_url, called as %s, a page of %s: %s', (host, origin, isOurs) => {
    expect(isOurOrigin(origin, host, names('127.0.0.1'))).toBe(isOurs);
  });

  test.each([
    ['::ffff:127.0.0.1', 'localhost:8470'],
    ['0:0:0:0:0:0:0:1', '[::1]:8470'],
    ['2001:DB8::0:1', '[2001:db8::1]:8470'],
  ])('listening at %s, %s is the name of umlweb', (address, host) => {
    expect(isOurHost(host, names(address))).toBe(true);
    expect(isOurHost('elsewhere.example:8470', names(address))).toBe(false);
  });

  test('at all addresses, however they are written', () => {
    for (const address of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '::ffff:0.0.0.0'])
      for (const [host, isOurs] of [
        ['192.0.2.1:8470', true],
        ['localhost:8470', false],
      ] as const)
        expect(isOurHost(host, names(address)), `${address} ${host}`).toBe(isOurs);
  });

  test('a proxy leaves out the port of web_url, or has another', () => {
    const ours = names('127.0.0.1', 'https://vms.example.org:8443/umlweb/');
    for (const host of ['vms.example.org', 'vms.example.org:8443', 'VMS.example.org.', '127.0.0.1:8470'])
      expect(isOurHost(host, ours), host).toBe(true);
    for (const host of ['vms.example.org.elsewhere.example', 'xvms.example.org', '127.0.0.1'])
      expect(isOurHost(host, ours), host).toBe(false);
  });

  test('the port of the scheme may be left out', () => {
    const listen = { address: '192.0.2.1', port: 443 };
    expect(isOurHost('192.0.2.1', { scheme: 'https', listen, url: undefined })).toBe(true);
    expect(isOurHost('192.0.2.1', { scheme: 'http', listen, url: undefined })).toBe(false);
  });

  test('no other host is accepted, whatever its name', () => {
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
  ])('%j is invalid', (text) => expect(parseWebListen(text)).toMatchObject({ code: 'CONFIG_BAD_VALUE' }));

  test.each([
    'vms.example.org',
    'ftp://vms.example.org/',
    'https://vms.example.org/umlweb',
    'https://user@vms.example.org/',
    'https://vms.example.org/?a/',
    'https://vms.example.org/a/../b c/',
  ])('%j is not a URL for browsers', (text) =>
    expect(parseWebUrl(text)).toMatchObject({ code: 'CONFIG_BAD_VALUE' }),
  );
});
