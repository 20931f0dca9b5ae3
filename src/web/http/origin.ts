/** Pure. */
import type { IncomingHttpHeaders } from 'node:http';
import type { WebListen, WebUrl } from '../../config/keys/web-keys.ts';
import { isAnyAddress, isLoopback, readIp } from '../../system/ip-address.ts';
import { plainHost } from '../../system/plain-host.ts';
import {
  isSameOrigin,
  originText,
  readAuthority,
  readOrigin,
  type WebOrigin,
} from '../../system/web-origin.ts';
import { refused } from './answer.ts';

/** The names under which browsers may call. */
export interface Names {
  /** Of our own listener. */
  readonly scheme: 'http' | 'https';
  readonly listen: WebListen;
  readonly url: WebUrl | undefined;
}

/**
 * Whether `Host` is a name of umlweb. The name of another site that was made to resolve to this host (DNS rebinding) is
 * not. With `web_url`, its port does not matter: proxies omit it.
 */
export function isOurHost(host: string | undefined, names: Names): boolean {
  const { scheme, url } = names;
  if (url && readAuthority(host, url.origin.scheme)?.host === url.origin.host) return true;
  const called = readAuthority(host, scheme);
  return called !== undefined && isOwnAddress(called, names);
}

/**
 * Whether `Origin` is a page of umlweb. With `web_url` its origin must match, whatever a proxy has made of `Host` and of
 * the scheme. Without it, it must match `host`, the address that the browser has called, which is our listener's.
 */
export function isOurOrigin(origin: string | undefined, host: string | undefined, names: Names): boolean {
  const page = readOrigin(origin);
  if (!page) return false;
  if (names.url) return isSameOrigin(page, names.url.origin);
  const called = readAuthority(host, names.scheme);
  return called !== undefined && isOwnAddress(called, names) && isSameOrigin(page, called);
}

/** The path below the one at which a proxy has us, whether it takes that off or not; without the first slash. */
export function pathBelow(pathname: string, url: WebUrl | undefined): string {
  if (url && pathname.startsWith(url.path)) return pathname.slice(url.path.length);
  return pathname.slice(1);
}

/** What browsers open: `https://vms.example.org/umlweb/`. */
export function pageText({ origin, path }: WebUrl): string {
  return `${originText(origin)}${path}`;
}

/** Errors: Refused 403 if `Origin` is another origin. */
export function checkOrigin({ origin, host }: IncomingHttpHeaders, names: Names, what: string): void {
  if (isOurOrigin(origin, host, names)) return;
  const hint = names.url ? `open ${pageText(names.url)}` : '';
  throw refused(403, 'Origin', `a page of another origin cannot ${what}`, hint);
}

/** Whether that is where we listen: by its address, or as `localhost`; at all addresses, by any address, and by no name. */
function isOwnAddress({ host, port }: WebOrigin, { listen }: Names): boolean {
  if (port !== listen.port) return false;
  if (host === plainHost(listen.address)) return true;
  if (isLoopback(listen.address)) return host === 'localhost' || isLoopback(host);
  return isAnyAddress(listen.address) && readIp(host) !== undefined;
}
