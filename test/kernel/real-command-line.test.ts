/**
 * A real kernel parses hostile command lines like test/helpers/guest/kernel-parser.ts, which is the oracle of
 * test/config/values/kernel-argument.test.ts; and its result for lines that umlmon accepts or refuses.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTestDirectory, startTestKernel, testKernelDirectory } from '../helpers/guest/kernel.ts';
import { bytesOf, initOf, parseLine, setups, textOf, umlSetups } from '../helpers/guest/kernel-parser.ts';
import { CommandLineNames } from '../helpers/programs/command-line-names.ts';
import { World } from '../helpers/programs/world.ts';

/** Prints the arguments, environment and kernel line of init, as hexadecimal numbers. */
const init = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/console >/dev/console 2>&1
/bin/busybox --install -s /bin
mount -t proc proc /proc
for file in 1/cmdline 1/environ cmdline partitions; do
  echo "$file:$(od -An -v -tx1 /proc/$file | tr -d ' \\n'):"
done
echo REA""DY
while read -r line; do eval "$line"; done
`;

/** The result of the kernel of the tests for a line. */
async function boot(args: readonly string[]) {
  const kernel = startTestKernel(makeTestDirectory(), { args, init });
  try {
    await kernel.shown('READY');
    const output = kernel.output();
    const read = (file: string) => {
      const hex = new RegExp(`^${file}:([0-9a-f]*):`, 'm').exec(output)?.[1] ?? '';
      return Buffer.from(hex, 'hex').toString('latin1');
    };
    const units = [...output.matchAll(/^Failed to initialize ubd device (\d+)/gm)].map(([, unit]) =>
      Number(unit),
    );
    return {
      line: read('cmdline').trimEnd(),
      words: read('1/cmdline').split('\0').slice(3, -1),
      environment: new Map(
        read('1/environ')
          .split('\0')
          .slice(0, -1)
          .map((text): [string, string] => {
            // A name may begin with =.
            const at = text.indexOf('=', 1);
            return [text.slice(0, at), text.slice(at + 1)];
          }),
      ),
      partitions: [...read('partitions').matchAll(/ (\w+)$/gm)].map(([, name]) => name),
      units: new Set(units),
    };
  } finally {
    await kernel.stop();
  }
}

describe('a real kernel reads its line as the model does:', () => {
  const names = new CommandLineNames(join(testKernelDirectory(), 'linux'));

  test.each([
    ['bytes 0xA0 of U+00A0, and of a letter', ['foo\u00a0ubd7=/disks/other.dsk', 'bàr', 'ubd9à=/x']],
    ['other blanks', ['a\tb', 'c\vd', 'e\ff', 'g\rh', 'i\u0085j', 'k\u2003l']],
    [
      'quotes',
      ['"a b"', 'c="d e"', '"f=g h"', 'i"j k"l', 'm="n"o', '"p"q', 'r=""', '""', '"ubd6=/disks/a b"'],
    ],
    ['quotes that are left open', ['a="b', 'c', 'ubd7=/x']],
    ['equal signs', ['=a', '=b=c', 'd==e', 'f="=g"', '"=h"']],
    ['numbers in every base', ['ubd7=/x', 'con0x2=null', 'con03=null', 'ssl+1=null']],
    ['names with - for _', ['a-b=c', 'a_b=d', '-x', '--y', '--z=1']],
    ['words for init', ['a', '--', 'b', 'c="d e"', '"f g"', '--', 'h=i']],
    ['bytes above 0x7f', ['ÿ', 'Ā=ű', '😠="😠 x"', 'ı\u00a0ş']],
    ['the same name more than once', ['a=1', 'a=2', 'ab=3', 'a', 'a']],
  ])('%s', async (_, args) => {
    const found = await boot(args);
    expect(found.line).toContain(bytesOf(args.join(' ')));
    const model = initOf(found.line, (text) => names.isKnown(text));
    expect(found.words).toEqual(model.words);
    const { environment } = found;
    for (const name of ['HOME', 'TERM']) environment.delete(name);
    expect(environment).toEqual(model.environment);
    const { parameters } = parseLine(found.line);
    const units = parameters.map(textOf).flatMap((text) => /^ubd(\d+)\D*=/.exec(text)?.[1] ?? []);
    expect([...found.units]).toEqual([...new Set(units.map(Number))].filter((unit) => unit > 0).sort());
  });

  test('and what it has of its own for the host is what umlmon keeps for itself', () => {
    expect(names.uml.filter((name) => !umlSetups.includes(name))).toEqual([
      // The guest's own.
      ...['console=', 'initrd=', 'seccomp=', 'quiet'],
    ]);
    expect(setups.filter((name) => !names.setups.includes(name))).toEqual([]);
    // Names that match whatever begins so, as no = ends them.
    expect(
      names.setups
        .filter((name) => /^(?:con|ssl|vec|eth|ubd|udb|mconsole|hostfs|port|xterm)/.test(name))
        .sort(),
    ).toEqual([
      'con',
      'console=',
      'console_msg_format=',
      'mconsole=',
      'ssl',
      'ssl-non-raw',
      'ubd',
      'udb',
      'vec',
    ]);
  });
});

describe('in a VM of umlmon,', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    world.addImage('vm1');
    world.addImage('vm1', 'other.dsk');
  });
  afterEach(() => world.close());

  const section = (append: string) => `ubd0 = /disks/root.dsk\ncon1 = pty\nssl2 = pty\nappend = ${append}\n`;

  /** As a value with blanks, quotes and ; is written in the configuration. */
  const quoted = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;

  test('accepted arguments are in /proc/cmdline as they were written, and no device comes up but those of the plan', async () => {
    const odd = `c="d e" "a b" 'x' \\back $(id) ;y &z * -p=--q r-s_t.u=v "w x"=y "" = consoleblank=0 vector ethtool`;
    const long = `long=${'x'.repeat(2900)}`;
    world.configure({ vm1: section(quoted(`${odd} ${long} -- one="two three" "four five"`)) });
    await world.startMonitor('vm1');
    const client = await world.client('vm1');
    await client.call('start', undefined);
    const ask = async (line: string) => {
      const answer = await client.call('mconsole', line);
      return 'text' in answer ? answer.text : '';
    };
    await expect.poll(() => ask('proc partitions'), { timeout: 20_000 }).toContain('ubda');
    const { argv } = planned(world);
    const line = (await ask('proc cmdline')).trim();
    // UML removes its own arguments, and adds a console.
    const kept = argv.filter((text) => line.includes(text));
    expect(
      argv
        .filter((text) => !kept.includes(text))
        .every((text) => umlSetups.some((name) => text.startsWith(name))),
    ).toBe(true);
    expect(line.replace(/ console=tty0$/, '')).toBe(kept.join(' '));
    expect(line).toContain(`${odd} long=${'x'.repeat(2900)} -- one="two three" "four five"`);
    const partitions = await ask('proc partitions');
    expect([...partitions.matchAll(/(ubd\w+)$/gm)].map(([, name]) => name)).toEqual(['ubda']);
    for (let unit = 1; unit < 16; unit++)
      expect((await ask(`config ubd${unit}`)).trim(), `ubd${unit}`).toBe('');
    for (const [kind, count, planned] of [
      ['con', 16, [0, 1]],
      ['ssl', 64, [2]],
    ] as const)
      for (let unit = 0; unit < count; unit++)
        expect(await ask(`config ${kind}${unit}`), `${kind}${unit}`).toMatch(
          (planned as readonly number[]).includes(unit) ? /^fd:/ : /^null/,
        );
  }, 60_000);

  test.each([
    [
      'U+00A0',
      'foo\u00a0hostfs=/x\u00a0ubd7=/disks/other.dsk',
      /contain U\+00A0.*\(hint: use printable ASCII/,
    ],
    ['a single byte 0xA0', Buffer.from('foo\xa0ubd7=/disks/other.dsk', 'latin1'), /not UTF-8.*\(hint: store/],
    ['a letter of which a byte is 0xA0', 'fooàubd7=/disks/other.dsk', /contain "à" \(U\+00E0\).*\(hint: use/],
    ['bytes above 0x7f', Buffer.from('foo\x80\xff', 'latin1'), /not UTF-8.*\(hint: store/],
    ['a vertical tab', 'foo\vubd7=/disks/other.dsk', /character U\+000B.*\(hint: delete/],
    ['a form feed', 'foo\fubd7=/disks/other.dsk', /character U\+000C.*\(hint: delete/],
    ['a carriage return', 'foo\rubd7=/disks/other.dsk', /character U\+000D.*\(hint: delete/],
    ['a NUL', 'foo\0ubd7=/disks/other.dsk', /U\+0000.*\(hint: /],
    ['a tab between quotes', 'foo="a\tb"', /a tab between quotes \(hint: use a blank/],
    ['a quote that is left open', 'foo="ubd7=/disks/other.dsk', /quote is not closed/],
    ['a disk in quotes', 'x "ubd7=/disks/other.dsk"', /does not allow .*\(hint: use the keys ubd0/],
    ['a disk for init', '-- ubd7=/disks/other.dsk', /does not allow .*\(hint: use the keys ubd0/],
    ['a console with a hexadecimal number', 'con0x1=port:9000', /does not allow .*\(hint: use the keys con0/],
    [
      'an interface with a sign',
      'vec+1:transport=tap,ifname=x',
      /does not allow .*\(hint: use the keys eth0/,
    ],
    ['another place for the sockets', 'uml-dir=/x', /does not allow .*\(hint: umlmon needs it/],
  ])('%s is refused with place, cause and hint, and nothing is started', (_, append, cause) => {
    world.configure({ vm1: section('XXX') });
    const [before = '', after = ''] = readFileSync(world.configPath, 'utf8').split('XXX');
    writeFileSync(
      world.configPath,
      Buffer.concat([Buffer.from(before), Buffer.from(append as string), Buffer.from(after)]),
    );
    const { status, stderr } = world.run('umlmon', ['-fg', 'vm1']);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/umlmon\.ini:11: /);
    expect(stderr).toMatch(cause);
    expect(existsSync(join(world.varDir, 'vm1/run'))).toBe(false);
  });

  test.each(['/disks/à.dsk', '/disks/a\u00a0ubd7=.dsk'])('the path of a disk %j, too', (path) => {
    world.configure({ vm1: `ubd0 = ${path}\n` });
    const { status, stderr } = world.run('umlmon', ['-fg', 'vm1']);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/umlmon\.ini:8: \[vm1\] ubd0: .*\(hint: rename /);
  });
});

/** The arguments of the kernel as umlmon plans them. */
function planned(world: World): { argv: string[] } {
  const { stdout } = world.run('umlmon', ['-plan', 'vm1', '-json']);
  const plan = JSON.parse(stdout) as {
    plan?: { kernel: { arguments: string[] } };
    kernel?: { arguments: string[] };
  };
  return { argv: (plan.plan ?? plan).kernel?.arguments ?? [] };
}
