import { isIP } from 'node:net';
import { originOfUrl, type WebOrigin } from '../../system/web-origin.ts';
import { parseOptionalFile } from '../paths.ts';
import { quoted } from '../problem.ts';
import { accountParser, type ParsedValue, refuse } from '../values/values.ts';
import { parseHostAndPort } from './directory-keys.ts';
import { single } from './key.ts';

/** Where umlweb listens; port 0 is any free one. */
export interface WebListen {
  /** An IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** URL of umlweb for browsers, if it is not its own address. */
export interface WebUrl {
  /** Of all pages: scheme, name and port. */
  readonly origin: WebOrigin;
  /** Starts and ends with a slash. */
  readonly path: string;
}

/** `127.0.0.1:8470`, `[::1]:8470`. */
export function parseWebListen(text: string): ParsedValue<WebListen> {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (isIP(address) !== (bracketed === undefined ? 4 : 6) || port > 65535)
    return refuse(`${quoted(text)} is not ADDRESS:PORT`, 'as in 127.0.0.1:8470, [::1]:8470');
  return { value: { address, port } };
}

/** `https://vms.example.org/umlweb/`; '' is undefined. */
export function parseWebUrl(text: string): ParsedValue<WebUrl | undefined> {
  if (text === '') return { value: undefined };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !/[?#@\s]/.test(text);
  const origin = isPlain ? originOfUrl(url) : undefined;
  if (!url || !origin || !/^\/(?:[\w.~-]+\/)*$/.test(url.pathname))
    return refuse(
      `${quoted(text)} is not a valid URL of a page`,
      'as in https://vms.example.org/umlweb/, with a / at the end',
    );
  return { value: { origin, path: url.pathname } };
}

/** The directory server of a host. */
export interface DirectoryPlace {
  readonly host: string;
  /** Undefined: the default port of umldir on this host. */
  readonly port: number | undefined;
}

/** Directory servers that umlweb asks; each may have the VMs of many hosts. */
const maxDirectories = 16;

/** `hostb, hostc:8655, [fd00::1]:8655`; '' is the empty list. */
function parseDirectories(text: string): ParsedValue<readonly DirectoryPlace[]> {
  if (text === '') return { value: [] };
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > maxDirectories)
    return refuse(
      `${parts.length} hosts`,
      `at most ${maxDirectories}; hosts can share a directory, see etcd`,
    );
  const places: DirectoryPlace[] = [];
  for (const part of parts) {
    const place = parseHostAndPort(part);
    if (!place) return refuse(`${quoted(part)} is not a host`, 'as in hostb, hostb:8655, [fd00::1]:8655');
    places.push(place);
  }
  return { value: places };
}

/** The keys of umlweb(8), in [GLOBAL]. */
export const webKeys = {
  web_user: single({
    parse: accountParser('user'),
    default: 'umlweb',
    defaultNote: '*umlweb*, if the host has that account',
    layer: 'admin',
    effect: 'monitor',
    form: 'USER',
    help: 'The account that umlweb(8) runs as, by name or number; no other program should use it. Monitors of root give it access to their control sockets. Its only right there is acting on behalf of its users, see ON BEHALF OF OTHERS in umlmon(7).',
    example: 'umlweb',
  }),
  web_listen: single({
    parse: parseWebListen,
    default: '127.0.0.1:8470',
    layer: 'admin',
    effect: 'umlweb',
    form: 'ADDRESS:PORT',
    help: 'The address and port on which umlweb(8) listens. An address that other hosts can reach requires web_tls_cert, or the web_url of a proxy with https.',
    example: '[::1]:8470',
  }),
  web_tls_cert: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none: umlweb uses http',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'The certificate of umlweb(8) with its chain of authorities, in PEM form.',
    example: '/etc/umlmon/web.crt',
  }),
  web_tls_key: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'The key of the certificate, in PEM form.',
    example: '/etc/umlmon/web.key',
  }),
  web_url: single({
    parse: parseWebUrl,
    default: '',
    defaultNote: 'none: browsers use the address and port of **web\\_listen**, or localhost',
    layer: 'admin',
    effect: 'umlweb',
    form: 'URL',
    help: 'The URL of umlweb(8) in browsers. Set it if browsers use a name, or a proxy, possibly with a path. umlweb refuses pages of any other origin (scheme, name and port), including those that reach it directly.',
    example: 'https://vms.example.org/umlweb/',
  }),
  web_hosts: single({
    parse: parseDirectories,
    default: '',
    defaultNote: 'none: the VMs of this host',
    layer: 'admin',
    effect: 'umlweb',
    form: 'HOST[:PORT], ...',
    help: 'Hosts whose directory servers umlweb(8) asks for further VMs. A host with a shared directory (etcd) provides the VMs of all its hosts; *localhost* is allowed. Requires web_password_file.',
    example: 'hostb, hostc:8655',
  }),
  web_password_file: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'The first line of this file is the password with which umlweb(8) logs in to monitors of other hosts. No other user may have read access.',
    example: '/etc/umlmon/web.password',
  }),
  web_ca: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none: umlweb(8) remembers the certificates of hosts that authenticated with the password',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'Certificates of the authorities that must have signed those of the other hosts, in PEM form.',
    example: '/etc/umlmon/ca.pem',
  }),
};
