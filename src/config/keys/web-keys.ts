import { isIP } from 'node:net';
import { originOfUrl, type WebOrigin } from '../../system/web-origin.ts';
import { parseOptionalFile } from '../paths.ts';
import { quoted } from '../problem.ts';
import { accountParser, type Parsed, refuse } from '../values/values.ts';
import { parseHostAndPort } from './directory-keys.ts';
import { single } from './key.ts';

/** Where umlweb takes calls; port 0 is any that is free. */
export interface WebListen {
  /** An IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** Where browsers find umlweb, if not at its own address. */
export interface WebUrl {
  /** Of all pages: scheme, name and port. */
  readonly origin: WebOrigin;
  /** Begins and ends with a slash. */
  readonly path: string;
}

/** `127.0.0.1:8470`, `[::1]:8470`. */
export function parseWebListen(text: string): Parsed<WebListen> {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? '';
  const port = Number(digits);
  if (isIP(address) !== (bracketed === undefined ? 4 : 6) || port > 65535)
    return refuse(`${quoted(text)} is not an address and a port`, 'as in 127.0.0.1:8470, [::1]:8470');
  return { value: { address, port } };
}

/** `https://vms.example.org/umlweb/`, or '' for none. */
export function parseWebUrl(text: string): Parsed<WebUrl | undefined> {
  if (text === '') return { value: undefined };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && /^https?:$/.test(url.protocol) && !/[?#@\s]/.test(text);
  const origin = isPlain ? originOfUrl(url) : undefined;
  if (!url || !origin || !/^\/(?:[\w.~-]+\/)*$/.test(url.pathname))
    return refuse(
      `${quoted(text)} is not the address of a page`,
      'as in https://vms.example.org/umlweb/, with a / at the end',
    );
  return { value: { origin, path: url.pathname } };
}

/** The umldir of a host. */
export interface DirectoryPlace {
  readonly host: string;
  /** Undefined: the port that umldirs have on this host. */
  readonly port: number | undefined;
}

/** Directories that umlweb asks: each may have the VMs of many hosts. */
const maxDirectories = 16;

/** `hostb, hostc:8655, [fd00::1]:8655`; '' is none. */
function parseDirectories(text: string): Parsed<readonly DirectoryPlace[]> {
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
    help: 'umlweb(8) runs as this account, given by name or number; no other program should. Monitors that are root give their control sockets to the account. Its only right there is to say for which person it calls, see ON BEHALF OF OTHERS in umlmon(7).',
    example: 'umlweb',
  }),
  web_listen: single({
    parse: parseWebListen,
    default: '127.0.0.1:8470',
    layer: 'admin',
    effect: 'umlweb',
    form: 'ADDRESS:PORT',
    help: 'Where umlweb(8) takes calls of browsers. An address that other hosts can reach needs web_tls_cert, or a web_url of a proxy that speaks https.',
    example: '[::1]:8470',
  }),
  web_tls_cert: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none: umlweb speaks http',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'The certificate of umlweb(8), with those between it and its authority, in PEM form.',
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
    help: 'What browsers call umlweb(8): needed when they use a name, or reach it through a proxy, perhaps below a path. Pages of any other origin are refused, by scheme, name and port; also those that call umlweb directly.',
    example: 'https://vms.example.org/umlweb/',
  }),
  web_hosts: single({
    parse: parseDirectories,
    default: '',
    defaultNote: 'none: the VMs of this host',
    layer: 'admin',
    effect: 'umlweb',
    form: 'HOST[:PORT], ...',
    help: 'Hosts whose umldir(8) umlweb(8) asks for VMs that it shows besides those of this host. One that shares its directory (etcd), as *localhost* may do, brings the VMs of all. Needs web_password_file.',
    example: 'hostb, hostc:8655',
  }),
  web_password_file: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'Its first line is the password with which umlweb(8) logs in to monitors of other hosts. Nobody else may be able to read the file.',
    example: '/etc/umlmon/web.password',
  }),
  web_ca: single({
    parse: parseOptionalFile,
    default: '',
    defaultNote: 'none: umlweb(8) remembers the certificates of hosts that have proved to know the password',
    layer: 'admin',
    effect: 'umlweb',
    form: 'FILE',
    help: 'Certificates, in PEM form, of the authorities that must vouch for the other hosts.',
    example: '/etc/umlmon/ca.pem',
  }),
};
