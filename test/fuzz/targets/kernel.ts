import { parseElf } from '../../../src/kernel/elf.ts';
import { parseLoaderCache } from '../../../src/kernel/loader-cache.ts';
import { findLoopsPerJiffy } from '../../../src/kernel/lpj.ts';
import {
  DATA_MAX,
  decodeNotification,
  decodeReply,
  encodeRequest,
  errorWords,
} from '../../../src/kernel/mconsole-packet.ts';
import { collectTraits, OVERLAP } from '../../../src/kernel/traits.ts';
import { UmlmonError } from '../../../src/system/errors/errors.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, refusable, type Target } from '../target.ts';
import { elfSample, loaderCacheSample, notification, reply, traitsSample } from './kernel-corpus.ts';

export const packets: Corpus = {
  samples: [
    reply('OK', false),
    reply('Linux vm1 7.2.7 #1 x86_64\n', false),
    reply('x'.repeat(DATA_MAX - 1), true),
    reply('', false, -22),
    ...[0, 1, 2, 3].map((type) => notification(type, '/run/uml/vm1/mconsole')),
    Buffer.from(encodeRequest('version')),
  ],
  words: ['\x1b[2J', '\0', '\n', '\u202e', 'é'],
  maxBytes: 4096,
};

const packet: Target = {
  name: 'mconsole-packet',
  share: 120,
  make: (random) => makeInput(random, packets),
  run(input) {
    const answer = decodeReply(input);
    const notified = decodeNotification(input);
    if (answer) assert(errorWords(answer.error) !== '', 'an error has words');
    for (const data of [answer?.data, notified?.data])
      if (data)
        assert(
          data.length <= DATA_MAX && data.buffer === input.buffer,
          'the text is a view within its bounds',
        );
    const request = encodeRequest(input.toString());
    if (typeof request !== 'string')
      assert(request.length < 12 + DATA_MAX, 'a request is what the kernel takes');
    return answer || notified ? 'taken' : 'refused';
  },
};

/** More than is asked for by the largest headers that are allowed, each of whose strings is 4 KiB. */
const readMax = 4 * 2 ** 20;

const elves: Corpus = {
  samples: [elfSample(['libc.so.6', 'libdl.so.2'], '/lib64/ld-linux-x86-64.so.2'), elfSample([], undefined)],
  words: ['\x7fELF', '\0', '/', '$ORIGIN', '\x1b[2J', '\n', Buffer.alloc(8, 0xff), Buffer.alloc(8)],
  maxBytes: 8192,
};

const elf: Target = {
  name: 'elf',
  share: 120,
  make: (random) => makeInput(random, elves),
  run(input, random) {
    // The file may be shorter than it was when its size was asked for.
    const size = input.length + (random.oneIn(4) ? random.below(100) : 0);
    let read = 0;
    return refusable([UmlmonError], () => {
      const readAt = (offset: number, length: number) => {
        assert(
          Number.isSafeInteger(offset) && offset >= 0 && length >= 0,
          `${offset} + ${length} can be read`,
        );
        read += length;
        return input.subarray(offset, offset + length);
      };
      const { segments, needed, interpreter } = parseElf(readAt, size, 'kernel');
      assert(read <= readMax, `${read} bytes are asked for`);
      assert(
        segments.every(({ offset, length }) => offset + length <= size),
        'segments are in the file',
      );
      for (const name of [...needed, interpreter ?? 'x'])
        assert(name !== '' && !name.includes('\0'), 'names are names');
    });
  },
};

const texts: Corpus = {
  samples: [traitsSample],
  words: ['Linux version ', '(', '\0', 'uml_dir='],
  maxBytes: 8192,
};

const traits: Target = {
  name: 'kernel-text',
  share: 25,
  make: (random) => makeInput(random, texts),
  run(input, random) {
    findLoopsPerJiffy(input.toString('latin1'));
    const whole = collectTraits();
    whole.add(input);
    const parts = collectTraits();
    const at = random.below(input.length + 1);
    parts.add(input.subarray(0, at));
    parts.add(input.subarray(Math.max(0, at - OVERLAP)));
    const { uml, version, ...rest } = whole.result();
    assert(/^[\w.+~-]*$/.test(version), `a plain version: ${JSON.stringify(version)}`);
    assert(
      JSON.stringify(parts.result()) === JSON.stringify({ uml, version, ...rest }),
      `the same in two pieces, cut at ${at}`,
    );
    return uml ? 'taken' : 'refused';
  },
};

const caches: Corpus = {
  samples: [loaderCacheSample],
  words: ['glibc-ld.so.cache1.1', '\0', '/'],
  maxBytes: 4096,
};

const loaderCache: Target = {
  name: 'loader-cache',
  share: 25,
  make: (random) => makeInput(random, caches),
  run(input) {
    const paths = parseLoaderCache(input, 'x64');
    for (const [name, path] of paths)
      assert(name !== '' && path.startsWith('/') && !path.includes('\0'), 'a name has a path');
    return paths.size > 0 ? 'taken' : 'refused';
  },
};

export const kernelTargets: readonly Target[] = [packet, elf, traits, loaderCache];
