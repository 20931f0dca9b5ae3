/**
 * Which sources may look at the text of an address, an origin or the name of a host. All others compare what src/system has read:
 * ip-address.ts, plain-host.ts and web-origin.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const source = join(import.meta.dirname, '../src');

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** File → why it may. */
  readonly but: Readonly<Record<string, string>>;
}

const rules: readonly Rule[] = [
  {
    what: 'loopback, any or mapped addresses by their text',
    pattern:
      /(?:startsWith|endsWith|includes)\('(?:127\.|::|localhost)|[=!]== '(?:127\.[^']*|0\.0\.0\.0|::1?|localhost)'|\/[^/\n]*(?:127\\\.|::ffff|::1)[^/\n]*\/i?\.(?:test|exec)|replace\(\/[^/\n]*::ffff/,
    but: {
      'system/ip-address.ts': 'the one place',
      'web/http/origin.ts': 'localhost, of a host that plainHost has read',
      'cli/remote/vm-address.ts': 'localhost, of a host that plainHost has read',
    },
  },
  {
    what: 'the headers Host and Origin',
    pattern:
      /headers\.(?:host|origin)\b|\{ (?:origin|host)(?:, (?:origin|host))? \}(?:: IncomingHttpHeaders| = request\.headers)/,
    but: {
      'web/http/origin.ts': 'the one place',
      'web/server.ts': 'passes Host to it',
      'web/api.ts': 'whether there is an Origin at all',
    },
  },
  {
    what: 'addresses of peers as the kernel writes them',
    pattern: /\bremoteAddress\b/,
    but: {
      'directory/redirector.ts': 'reads it by plainAddress',
      'rpc/server/gate.ts': 'reads it by peerAt',
      'rpc/server/remote-listener.ts': 'reads it by plainAddress',
      'rpc/server/server.ts': 'reads it by plainAddress',
      'web/login/login.ts': 'reads it by readIp',
      'web/server.ts': 'reads it by peerAt and isLoopback',
    },
  },
  {
    what: 'URLs',
    pattern: /new URL\(/,
    but: {
      'config/keys/web-keys.ts': 'web_url',
      'system/web-origin.ts': 'the one place',
      'system/ip-address.ts': 'IPv6 in its short form',
      'web/server.ts': 'the path of a request',
      'web/browser/console/reconnect.ts': 'the address of the page itself',
    },
  },
  {
    what: 'names of hosts as they are written',
    pattern:
      /\bhost(?:Name|name)? [=!]== (?!'|undefined|null)|[=!]== (?:this\.#|this\.#parts\.)?here\b(?!\.)/,
    but: {
      'directory/procedures.ts': 'names of the directory, which plainHost has read',
      'directory/resolve.ts': 'the same',
      'directory/redirector.ts': 'the same',
      'directory/other-hosts.ts': 'the same',
      'directory/daemon.ts': 'the setting before and after',
      'web/hosts/other-host-paths.ts': 'names that plainHost has read',
      'web/http/origin.ts': 'hosts of origins, which plainHost has read',
      'system/web-origin.ts': 'the same',
    },
  },
];

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

test.each(rules)('only some sources use $what', ({ pattern, but }) => {
  const found = files.filter((file) => pattern.test(readFileSync(join(source, file), 'utf8')));
  expect(found.filter((file) => !Object.hasOwn(but, file))).toEqual([]);
  expect(
    Object.keys(but).filter((file) => !found.includes(file)),
    'reasons without a use',
  ).toEqual([]);
});
