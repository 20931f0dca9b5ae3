import { isIP } from 'node:net';
import type { WebListen, WebUrl } from '../config/web-keys.ts';

/** The names under which browsers may call. */
export interface Names {
  /** `http` or `https`, of our own listener. */
  readonly scheme: string;
  readonly listen: WebListen;
  readonly url: WebUrl | undefined;
}

/**
 * Whether `Host` is a name of ours. A page of elsewhere whose name was made to point here (DNS rebinding) is not.
 */
export function isOurHost(host: string | undefined, names: Names): boolean {
  if (host === undefined) return false;
  if (names.url && new URL(names.url.origin).host === host) return true;
  const [, bracketed, plain, port = names.scheme === 'https' ? '443' : '80'] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(host) ?? [];
  const name = bracketed ?? plain ?? '';
  if (Number(port) !== names.listen.port) return false;
  const { address } = names.listen;
  if (name === address) return true;
  const isLocal = /^127\./.test(address) || address === '::1';
  if (isLocal) return /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(name);
  return (address === '0.0.0.0' || address === '::') && isIP(name) > 0;
}

/** Whether `Origin` is a page of ours; `host` is one of our names. */
export function isOurOrigin(origin: string | undefined, host: string | undefined, names: Names): boolean {
  if (origin === undefined) return false;
  return origin === names.url?.origin || origin === `${names.scheme}://${host}`;
}

/** The path below the one at which a proxy has us, whether it takes that off or not; without the first slash. */
export function pathBelow(pathname: string, url: WebUrl | undefined): string {
  if (url && pathname.startsWith(url.path)) return pathname.slice(url.path.length);
  return pathname.slice(1);
}
