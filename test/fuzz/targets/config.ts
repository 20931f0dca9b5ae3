import { readFileSync } from 'node:fs';
import { parseIni, quoteValue } from '../../../src/config/file/ini.ts';
import { loadConfig, type Source } from '../../../src/config/file/load.ts';
import { globalKeys } from '../../../src/config/keys/global-keys.ts';
import { isFamily, type KeyTable, keyNames } from '../../../src/config/keys/key.ts';
import { vmKeys } from '../../../src/config/keys/vm-keys.ts';
import { configError } from '../../../src/config/problem.ts';
import { describeVm } from '../../../src/monitor/vm-info.ts';
import { XdrWriter } from '../../../src/rpc/codec/xdr.ts';
import { infoAnswerCodec } from '../../../src/rpc/umlmonctrl.gen.ts';
import { type Corpus, makeInput } from '../mutate.ts';
import type { Random } from '../random.ts';
import { assert, assertSafe, type Target } from '../target.ts';
import { snapshotOf } from '../vm-snapshot.ts';

const examples = (table: KeyTable): string[] =>
  Object.entries(table).map(([name, spec]) => `${name}${isFamily(spec) ? 1 : ''} = ${spec.example}`);
const example = readFileSync('etc/umlmon.example.ini', 'utf8');
const all = `[GLOBAL]\n${examples(globalKeys).join('\n')}\n[vm1]\n${examples(vmKeys).join('\n')}\n`;
const keys = [...keyNames(globalKeys), ...keyNames(vmKeys)];

const corpus: Corpus = {
  samples: [
    example,
    all,
    '[GLOBAL]\n[vm1]\nvmuser = uml-vm1\nmem = 64M\nubd0 = /disks/a.dsk\n[vm2]\nvmuser = uml-vm2\nubd0 = /disks/b.dsk\nappend = "a=\\"b c\\" #"\n',
    "[vm1]\r\nvmuser = uml-vm1\r\nubd0 = /disks/a.dsk\r\nappend = 'a;b'\r\n",
  ].map((text) => Buffer.from(text)),
  words: [
    ...keys.map((key) => `\n${key} = `),
    ...examples(vmKeys).map((line) => `\n${line}\n`),
    ...[
      '\n[vm1]\n',
      '\n[GLOBAL]\n',
      '\n[vm2]\n',
      '\n[__proto__]\n',
      '\n[constructor]\n',
      '\n[a.b]\n',
      '\n[vm1\n',
    ],
    ...[
      '\nconstructor = 1',
      '\ntoString = x',
      '\nhasOwnProperty = 1',
      '\n__proto__ = 1',
      '\nkey[] = 1',
      '\nx = {"a":1}',
    ],
    ...[
      '"',
      "'",
      '\\',
      '\\"',
      '#',
      ';',
      '=',
      '\r',
      '\t',
      '\ufeff',
      '\u202e',
      '\u2028',
      '€',
      '𝄞',
      '\ud800',
      '\0',
      '\x1b[2J',
    ],
    ...['true', 'null', "'[1,2]'", "'{}'", '1e3', '-0', 'undefined'],
    ...[
      '/disks/a.dsk ro',
      '/shared/disks/../x.dsk',
      '/disks/a,b.dsk',
      'pty log',
      '0-4095',
      '0,1,2-9',
      'mem=1G',
    ],
  ],
  maxBytes: 1 << 20,
};

/** For the file of one VM, or of its user. */
const vmCorpus: Corpus = {
  ...corpus,
  samples: [
    `[vm1]\n${examples(vmKeys).join('\n')}\n`,
    '[vm1]\nvmuser = uml-vm1\nubd0 = /disks/a.dsk ro\nappend = quiet\n',
    '[vm1]\nubd0 = /disks/b.dsk\ncon1 = pty log\nstop_timeout = 2m\n',
    `[vm1]\nappend = ${'€'.repeat(2000)}\n`,
  ].map((text) => Buffer.from(text)),
};

/** Damaged text, or rarely a large file of many sections and keys, known and unknown. */
function makeConfig(random: Random): Buffer {
  if (!random.oneIn(150)) return makeInput(random, random.oneIn(2) ? corpus : vmCorpus);
  const sections = 1 + random.below(random.oneIn(10) ? 1000 : 20);
  const keysMax = random.oneIn(3) ? 256 : 20;
  const lines = Array.from({ length: sections }, (_, index) => [
    `[${index === 0 ? 'GLOBAL' : `vm${index}`}]`,
    ...Array.from({ length: random.below(keysMax) }, (_, key) =>
      random.oneIn(2) ? `${random.pick(keys)} = 1` : `${random.pick(keys)}${key}x=`,
    ),
  ]);
  return Buffer.from(lines.flat().join('\n')).subarray(0, corpus.maxBytes);
}

const ini: Target = {
  name: 'ini',
  share: 180,
  make: makeConfig,
  run(input) {
    const lines = input.toString('latin1').split('\n').length;
    const { sections, problems } = parseIni('file', input);
    for (const { line } of problems) assert(line >= 0 && line <= lines, `line ${line} is one of ${lines}`);
    if (problems.length > 0) {
      assertSafe(configError(problems).message, 'the error');
      return 'refused';
    }
    const text = sections.map(({ name, entries }) =>
      [`[${name}]`, ...entries.map(({ key, value }) => `${key} = ${written(value)}`)].join('\n'),
    );
    const again = parseIni('file', Buffer.from(text.join('\n')));
    // Quotes make a line longer, and then it may be too long; with a tab and a ' there are none that fit.
    if (text.some((section) => section.length > 4000 || (section.includes('\t') && section.includes("'"))))
      return 'taken';
    const bare = (parsed: typeof sections) =>
      parsed.map(({ name, entries }) => [name, entries.map(({ key, value }) => [key, value])]);
    assert(
      JSON.stringify(bare(again.sections)) === JSON.stringify(bare(sections)),
      `written again it means the same: ${JSON.stringify(again.problems.slice(0, 2))}`,
    );
    return 'taken';
  },
};

/** Double quotes allow all but a tab. */
function written(value: string): string {
  return value.includes('\t') && !value.includes("'") ? `'${value}'` : quoteValue(value);
}

const defaults = { vardir: '/var/lib/umlmon', rundir: '/run/umlmon', root: true };
const main = (text: string | Buffer): Source => ({
  file: 'umlmon.ini',
  text: Buffer.from(text),
  layer: 'main',
});
const base =
  '[GLOBAL]\n[vm1]\nvmuser = uml-vm1\nubd0 = /disks/a.dsk\n[vm2]\nvmuser = uml-vm2\nubd0 = /disks/b.dsk\n';

const config: Target = {
  name: 'config',
  share: 100,
  make: makeConfig,
  run(input, random) {
    const place = input.includes('[GLOBAL') ? 0 : 1 + random.below(2);
    const sources = [
      [main(input)],
      [
        main(base.replace('vm1', 'vm3')),
        { file: 'vms/vm1.ini', text: input, layer: 'vm-file' as const, vm: 'vm1' },
      ],
      [main(base), { file: 'vm1/config', text: input, layer: 'user' as const, vm: 'vm1' }],
    ][place];
    const { config: loaded, problems, broken } = loadConfig(sources ?? [], defaults);
    if (problems.length > 0) assertSafe(configError(problems).message, 'the error');
    if (place === 2) assert(loaded !== undefined && !broken.has('vm2'), 'an override harms no other VM');
    if (place === 2 && loaded?.vms.get('vm1')) assertAdmin(sources ?? []);
    if (!loaded) return 'refused';
    assert(Object.isFrozen(loaded.global), 'the configuration is frozen');
    for (const vm of loaded.vms.values()) {
      const info = describeVm(snapshotOf(vm));
      infoAnswerCodec.encode(new XdrWriter(), { kind: 'ok', info });
    }
    return broken.size > 0 ? 'refused' : 'taken';
  },
};

/** A user's file changes no key of the administrator. */
function assertAdmin(sources: readonly Source[]): void {
  const adminKeys = Object.entries(vmKeys).filter(([, spec]) => spec.layer === 'admin');
  const values = (from: readonly Source[]) => {
    const vm = loadConfig(from, defaults).config?.vms.get('vm1');
    return JSON.stringify(adminKeys.map(([name]) => vm && Reflect.get(vm, name)));
  };
  assert(values(sources) === values(sources.slice(0, 1)), 'keys of the administrator are unchanged');
}

export const configTargets: readonly Target[] = [ini, config];
