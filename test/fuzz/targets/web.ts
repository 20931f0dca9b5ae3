import { plainText } from '../../../src/web/browser/format.ts';
import { parseConsoleRequest } from '../../../src/web/consoles/console-request.ts';
import { isOurHost, isOurOrigin, type Names, pathBelow } from '../../../src/web/http/origin.ts';
import { sessionIdOf } from '../../../src/web/login/sessions.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, type Target } from '../target.ts';

const names: Names = {
  scheme: 'http',
  listen: { address: '127.0.0.1', port: 8470 },
  url: { origin: { scheme: 'https', host: 'vms.example.org', port: 443 }, path: '/umlweb/' },
};

/** Host, origin, path and cookie of a request, a line each. */
const requests: Corpus = {
  samples: [
    `127.0.0.1:8470\nhttp://127.0.0.1:8470\n/api/vms/vm1/info?a=b\numlweb=${'A'.repeat(43)}`,
    `vms.example.org\nhttps://vms.example.org\n/umlweb/live\na=1; umlweb=${'b-_'.repeat(14)}c; d=2`,
    '[::1]:8470\nnull\n/../etc/passwd\numlweb=',
  ].map((text) => Buffer.from(text)),
  words: [
    'localhost',
    '%2e%2e',
    '//',
    '@',
    ':',
    '[',
    ']',
    '\0',
    'umlweb=',
    '.example.org',
    '127.1',
    '0x7f.1',
  ],
  maxBytes: 2000,
};

const messages: Corpus = {
  samples: [
    '{"kind":"shown","offset":4711}',
    '{"kind":"size","columns":80,"rows":24}',
    '{"kind":"take"}',
    '[{"kind":null}]',
  ].map((text) => Buffer.from(text)),
  words: ['1e400', '-1', 'null', '__proto__', '"kind"', '{', '}', '9007199254740993', '0.5'],
  maxBytes: 2000,
};

const output: Corpus = {
  samples: ['a\x1b[31mb\x1b[0m\r\n', '\x1b]0;title\x07text\rover', '\x1bP1$r\x1b\\x\x1b(B\r\r\n'].map(
    (text) => Buffer.from(text),
  ),
  words: ['\x1b', '\x1b[', '\x1b]', '\r', '\r\n', '\x07', '\x9b', '\x1b\\', '\u202e', ';'],
  maxBytes: 2000,
};

const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;

/** What browsers send to umlweb, and what guests send to the pages. */
export const webTargets: readonly Target[] = [
  {
    name: 'request-of-a-browser',
    share: 30,
    make: (random) => makeInput(random, requests),
    run: (input) => {
      const [host = '', origin, path = '', cookie] = input.toString().split('\n');
      const isOurs = isOurHost(host, names);
      if (isOurs)
        assert(
          /^(?:vms\.example\.org\.?(?::\d*)?|(?:localhost\.?|127\.[\d.]+|\[[\da-f:.]+\]):0*8470)$/i.test(
            host,
          ),
          `${host} is ours`,
        );
      if (isOurs && isOurOrigin(origin, host, names))
        assert(
          /^https:\/\/vms\.example\.org\.?(?::0*443|:)?$/i.test(origin ?? ''),
          `${origin} is a page of ours`,
        );
      assert(path.endsWith(pathBelow(path, names.url)), 'a path is only made shorter');
      const id = sessionIdOf(cookie);
      assert(id === undefined || /^[\w-]{43}$/.test(id), 'a session id has its form');
      return isOurs ? 'taken' : 'refused';
    },
  },
  {
    name: 'console-page-message',
    share: 15,
    make: (random) => makeInput(random, messages),
    run: (input) => {
      const request = parseConsoleRequest(input.toString());
      if (!request) return 'refused';
      if (request.kind === 'shown') assert(isCount(request.offset), 'an offset is a count');
      if (request.kind === 'size') assert(isCount(request.columns) && isCount(request.rows), 'a size is two');
      return 'taken';
    },
  },
  {
    name: 'log-in-a-page',
    share: 15,
    make: (random) => makeInput(random, output),
    run: (input) => {
      const text = plainText(input.toString());
      assert(!/[\x00-\x08\x0b-\x1f\x7f]/.test(text), 'no control character is left');
      assert(plainText(text) === text, 'twice is as once');
      return 'taken';
    },
  },
];
