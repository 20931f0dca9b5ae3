/** Pure. */
import { isIPv4 } from 'node:net';
import { plainHost } from './plain-host.ts';

/** The origin of a page (RFC 6454), parsed and normalised: equal origins have equal fields. */
export interface WebOrigin {
  readonly scheme: 'http' | 'https';
  /** Normalised by `plainHost`: lower case, IDN as `xn--`, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The header `Origin` as browsers send it; undefined: none, `null`, several, or not of the web. */
export function readOrigin(text: string | undefined): WebOrigin | undefined {
  const [, scheme, authority] = /^(https?):\/\/(.*)$/i.exec(text ?? '') ?? [];
  return scheme === undefined ? undefined : readAuthority(authority, scheme.toLowerCase());
}

/**
 * The origin of the header `Host`, `NAME[:PORT]`, with a scheme. Undefined for values that no browser sends: other characters,
 * a port beyond 65535, an address in another form.
 */
export function readAuthority(text: string | undefined, scheme: string): WebOrigin | undefined {
  const [, name = ''] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/i.exec(text ?? '') ?? [];
  const spelled = `${scheme}://${text}/`;
  const origin = name !== '' && URL.canParse(spelled) ? originOfUrl(new URL(spelled)) : undefined;
  // The URL parser accepts 0x7f.1 and 2130706433; browsers send them as 127.0.0.1.
  const isOdd = origin && isIPv4(origin.host) && !name.startsWith('[') && plainHost(name) !== origin.host;
  return isOdd ? undefined : origin;
}

/** The origin of the pages of a URL; undefined if it is not one of http or https. */
export function originOfUrl(url: URL): WebOrigin | undefined {
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  const host = plainHost(url.hostname.replace(/^\[(.*)\]$/, '$1'));
  const port = url.port === '' ? schemePorts[scheme] : Number(url.port);
  return host === '' ? undefined : { scheme, host, port };
}

const schemePorts = { http: 80, https: 443 };

export function isSameOrigin(one: WebOrigin, other: WebOrigin): boolean {
  return one.scheme === other.scheme && one.host === other.host && one.port === other.port;
}

/** `https://vms.example.org`, `http://[::1]:8470`: as browsers write it. */
export function originText({ scheme, host, port }: WebOrigin): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}${port === schemePorts[scheme] ? '' : `:${port}`}`;
}
