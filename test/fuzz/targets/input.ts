import { lineBufferBytes, readLineBuffer } from '../../../src/console/input/line-buffer.ts';
import { joined, vmallocPieces } from '../../../src/console/input/ram-map.ts';
import { memoryOf } from '../../helpers/terminal/line-buffer.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, type Target } from '../target.ts';

const memory: Corpus = {
  samples: [
    memoryOf('echo hello\n', { isCanonical: true }),
    memoryOf('x'.repeat(9000), { read: 8000 }),
    Buffer.alloc(lineBufferBytes),
  ],
  words: [Buffer.alloc(8, 255), Buffer.alloc(8), Buffer.of(0, 16, 0, 0, 0, 0, 0, 0)],
  maxBytes: lineBufferBytes,
};

/** The memory of a kernel in which the input buffer of a console is looked for. */
const lineBuffer: Target = {
  name: 'line-buffer',
  share: 20,
  make: (random) => makeInput(random, memory),
  run(input) {
    const whole = Buffer.concat([input, Buffer.alloc(lineBufferBytes)]).subarray(0, lineBufferBytes);
    const buffer = readLineBuffer(whole);
    if (!buffer) return 'refused';
    assert(buffer.unread >= 0 && buffer.unread <= 4096, 'no more is unread than fits');
    assert(!buffer.endsWith(Buffer.alloc(0)), 'nothing is recognised by nothing');
    buffer.endsWith(input.subarray(0, 32));
    return 'taken';
  },
};

const maps: Corpus = {
  samples: [
    Buffer.from(
      '60c4f000-61400000 rw-s 00c4f000 00:29 3    /tmp/#3 (deleted)\n64812000-64842000 rwxs 01ac0000 00:29 3    /tmp/#3 (deleted)\n',
    ),
  ],
  words: ['-', ' rwxs ', '(deleted)\n', 'ffffffffffffffff', '0'],
  maxBytes: 4096,
};

/** /proc/PID/maps of a kernel. */
const kernelMap: Target = {
  name: 'kernel-map',
  share: 20,
  make: (random) => makeInput(random, maps),
  run(input) {
    const ranges = joined(vmallocPieces(input.toString('latin1')));
    for (const { from, to } of ranges) assert(from >= 0 && to > from, 'a range has a length');
    return ranges.length > 0 ? 'taken' : 'refused';
  },
};

export const inputTargets: readonly Target[] = [lineBuffer, kernelMap];
