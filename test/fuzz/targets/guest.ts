import { PlainText } from '../../../src/cli/automation/plain-text.ts';
import { eventText, infoText } from '../../../src/cli/print/render.ts';
import { escapeKey, findEscape } from '../../../src/cli/session/escape-key.ts';
import { TerminalModes } from '../../../src/cli/session/terminal-modes.ts';
import { Channel } from '../../../src/console/channel.ts';
import { Emulator } from '../../../src/console/screen/emulator.ts';
import { panicLines } from '../../../src/kernel/panic-lines.ts';
import { describeExit } from '../../../src/monitor/endings/exit-record.ts';
import { EventLog } from '../../../src/monitor/events/event-log.ts';
import { XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { pictureText } from '../../../src/rpc/picture-text.ts';
import { eventsAnswerCodec, infoAnswerCodec } from '../../../src/rpc/umlmonctrl.gen.ts';
import { monitorLimits } from '../../../src/system/limits/limits.ts';
import { printable } from '../../../src/system/text.ts';
import { info } from '../../rpc/stub-handlers.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import { assert, assertSafe, cutUp, type Target } from '../target.ts';
import { answersIn } from './terminal-answers.ts';

const sequences = [
  ...[
    '\x1b[6n',
    '\x1b[c',
    '\x1b[>0c',
    '\x1b[?15n',
    '\x1b[4$p',
    '\x1b[18t',
    '\x1b[>q',
    '\x1b[?u',
    '\x1bZ',
    '\x05',
    '\x07',
  ],
  ...[
    '\x1b]11;?\x07',
    '\x1b]4;1;?\x1b\\',
    '\x1bP+q544e\x1b\\',
    '\x1b[',
    '\x1b',
    '\x1bP',
    '\x1b]',
    '\x18',
    'n',
    'c',
    '?',
    ';',
    '1',
  ],
  ...[
    '\x1b[2J',
    '\x1b[H',
    '\x1b[1;23r',
    '\x1b[?1049h',
    '\x1b[?25l',
    '\x1b[31m',
    '\x1b[?1;2;3h',
    '\x1b[>1u',
    '\x1b[4h',
    '\x1b(0',
  ],
  ...[
    '\x1d',
    '\x1b[93;5u',
    '\x1b[27;5;93~',
    '\r\n',
    '\n',
    '\ufeff',
    '\u202e',
    'é',
    '\x9b',
    '\x0e',
    '\x1b[!p',
    '\x1bc',
    '\x1b[x',
    '\x1b[1$w',
    '\x1b]52;c;?\x07',
    '\u009b6n',
    '\u009c',
    '\x7f',
  ],
];
const output: Corpus = {
  samples: [
    Buffer.from(
      'Linux version 7.2.7\r\n[    0.010000] Memory: 120000K\r\nlogin: root\r\n# ls\r\n\x1b[1;34mbin\x1b[0m\r\n',
    ),
    Buffer.from('Kernel panic - not syncing: VFS: Unable to mount root fs\r\nreboot: Power down\r\n'),
    Buffer.from(sequences.join('')),
    Buffer.from('\x1b\n'.repeat(1500)),
    Buffer.from('€\n'.repeat(900)),
    Buffer.from('\x1b[?1049h\x1b[2J\x1b[1;1Hscreen\x1b[?1049l$ '),
  ],
  words: [...sequences, Buffer.of(0xc2), Buffer.of(0x9b)],
  maxBytes: 16_384,
};

/** What a viewer is given of a screen, whatever was printed on it. */
const screen: Target = {
  name: 'screen',
  share: 30,
  make: (random) => makeInput(random, output),
  async run(input, random) {
    const emulator = new Emulator({ columns: 30, rows: 8 });
    for (const piece of cutUp(input, random)) await emulator.write(piece);
    const { data, full } = emulator.replay(10, 65_536);
    const left = answersIn(data);
    assert(left.length === 0, `the terminal has nothing to answer: ${JSON.stringify(left)}`);
    const { columns, lines } = emulator.picture(10, 65_536);
    const width = Math.max(...lines.map(({ runs }) => runs.reduce((sum, { cells }) => sum + cells, 0)));
    assert(width <= columns, 'no line is longer than the screen');
    assertSafe(
      pictureText({ lines: lines.map((line) => ({ ...line, runs: [...line.runs] })) }).join('\n'),
      'text',
    );
    emulator.close();
    return full ? 'taken' : 'refused';
  },
};

/** What a pattern is looked for in. */
const plain: Target = {
  name: 'plain-text',
  share: 30,
  make: (random) => makeInput(random, output),
  run(input, random) {
    const text = new PlainText();
    const whole = input.toString('latin1');
    let shown = '';
    for (const piece of cutUp(input, random)) shown += text.take(piece.toString('latin1'));
    assert(!/[\x00-\x08\x0b-\x1f\x7f]/.test(shown), 'no control is left');
    assert(shown.length <= whole.length, 'nothing is added');
    return shown.length === whole.length ? 'refused' : 'taken';
  },
};

const untouched = '\x1b[0m';

const modes: Target = {
  name: 'terminal-modes',
  share: 60,
  make: (random) => makeInput(random, output),
  run(input, random) {
    const terminal = new TerminalModes();
    terminal.watch(input);
    const restored = terminal.restore();
    const inPieces = new TerminalModes();
    for (const piece of cutUp(input, random)) inPieces.watch(piece);
    assert(inPieces.restore() === restored, 'the same in pieces');
    terminal.watch(Buffer.from(restored));
    assert(terminal.restore() === untouched, `all is put back: ${JSON.stringify(terminal.restore())}`);
    return restored === untouched ? 'refused' : 'taken';
  },
};

const keys = [0x1d, 0x01, 0x00, 0x1f].map(escapeKey);

const escapeKeys: Target = {
  name: 'escape-key',
  share: 20,
  make: (random) => makeInput(random, output),
  run(input, random) {
    const key = random.pick(keys);
    const at = findEscape(input, key);
    const isAt = (place: number) =>
      key.sequences.some((sequence) => input.subarray(place, place + sequence.length).equals(sequence));
    assert(at < input.length && (at < 0 || isAt(at)), 'the key stands there');
    return at < 0 ? 'refused' : 'taken';
  },
};

/** What the guest says, all the way to the terminal of whoever asks. */
const words: Target = {
  name: 'guest-words',
  share: 40,
  make: (random) => makeInput(random, output),
  run(input) {
    const channel = new Channel({ name: 'con0' });
    channel.ring.append(input);
    const message = printable(input.subarray(0, 512).toString().trimEnd(), 2048);
    const lastExit = describeExit({
      status: (input[0] ?? 0) % 200,
      wasUp: true,
      askedBy: '',
      killed: false,
      why: '',
      panic: (input[1] ?? 0) % 2 === 0 ? '' : message,
      lastLines: channel.lastLines(monitorLimits.exitLines).join('\n'),
      printed: panicLines(channel.lastLines(monitorLimits.panicOutput)),
      endedAt: 1,
    });
    channel.close();
    const answer = { ...info, guestMessage: message, lastExit };
    infoAnswerCodec.encode(new XdrWriter(), { kind: 'ok', info: answer });
    assertSafe(infoText(answer, 1), 'the information');
    const events = new EventLog('vm1', (event) => {
      eventsAnswerCodec.encode(new XdrWriter(), { kind: 'ok', list: { events: [event], next: 2 } });
      assertSafe(eventText(event), 'the event');
    });
    events.publish('guest-message', message, { text: message });
    return lastExit.panic === '' ? 'refused' : 'taken';
  },
};

export const guestTargets: readonly Target[] = [screen, plain, modes, escapeKeys, words];
