import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { kernelArgument, userArgument } from '../../../src/config/values/kernel-argument.ts';
import { parseKernelArguments } from '../../../src/config/values/kernel-arguments.ts';
import { bytesOf, parseLine, reaches, textOf } from '../../helpers/guest/kernel-parser.ts';

/** Pieces of which lines can be made that mean something to somebody. */
const piece = fc.constantFrom(
  ...[
    'ubd',
    'udb',
    'con',
    'ssl',
    'vec',
    'eth',
    'hostfs',
    'mem',
    'uml_dir',
    'uml-dir',
    'umid',
    'root',
    'mconsole',
  ],
  ...[
    'iomem',
    'noreboot',
    'xterm',
    'stderr',
    'virtio_uml.device',
    'virtio-uml.device',
    'console',
    'x',
    'foo.bar',
  ],
  ...[
    '0',
    '7',
    '0x1',
    '01',
    '+1',
    'd',
    '=',
    ':',
    ',',
    '/x',
    '.',
    "'",
    '\\',
    '$',
    '--',
    '--help',
    '-',
    '_',
    '"',
  ],
  ...[
    ' ',
    ' ',
    ' ',
    '\t',
    '\n',
    '\v',
    '\f',
    '\r',
    '\0',
    '\u00a0',
    '\u0085',
    'à',
    'Š',
    '\u2003',
    '\ufeff',
    '😠',
  ],
);
/** A setting, well formed or nearly so, after something else. */
const setting = fc
  .tuple(
    fc.constantFrom('', 'x ', 'x\u00a0', '-- ', 'x\v', 'à'),
    fc.constantFrom('', '"'),
    fc.constantFrom(
      'ubd',
      'con',
      'ssl',
      'vec',
      'eth',
      'hostfs',
      'mem',
      'uml-dir',
      'uml_dir',
      'virtio-uml.device',
    ),
    fc.constantFrom('', '0', '7', '0x1', '01', '+1', '1d'),
    fc.constantFrom('=', ':', '="', ''),
    fc.constantFrom('/x', 'null', 'a b', 'transport=tap', ''),
    fc.constantFrom('', '"'),
  )
  .map((parts) => parts.join(''));
const line = fc.oneof(
  setting,
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 40 }),
);
const own = ['mem=64M', 'ubd0d=/disks/root.dsk', 'con0=fd:0,fd:1', 'umid=vm1'];

describe('arguments of the user', () => {
  it('that are accepted are the same arguments to the kernel, and set nothing of umlmon', () => {
    let accepted = 0;
    fc.assert(
      fc.property(line, (text) => {
        const parsed = parseKernelArguments(text);
        if ('cause' in parsed) {
          expect(parsed.cause).not.toBe('');
          return;
        }
        accepted += 1;
        const whole = bytesOf([...own, ...parsed.value].join(' '));
        expect(whole).toMatch(/^[ -~]*$/);
        const { parameters, forInit } = parseLine(whole);
        const dashes = parameters.length < own.length + parsed.value.length ? 1 : 0;
        // Each is one argument, and umlmon's own arguments are unchanged.
        expect(parameters.length + forInit.length + (forInit.length > 0 ? 1 : dashes)).toBe(
          own.length + parsed.value.length,
        );
        expect(parameters.slice(0, own.length).map(textOf)).toEqual(own);
        for (const argument of parsed.value) {
          const alone = parseLine(bytesOf(argument));
          expect(reaches(bytesOf(argument), [...alone.parameters, ...alone.forInit]), argument).toBe('');
        }
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1000);
  });

  it.each([
    ['foo\u00a0hostfs=/x\u00a0ubd7=/disks/other.dsk', 'U+00A0'],
    ['fooàubd7=/x', 'U+00E0'],
    ['a\vubd7=/x', 'U+000B'],
    ['a\fubd7=/x', 'U+000C'],
    ['a\nubd7=/x', 'U+000A'],
    ['a\0b', 'U+0000'],
    ['a\u0085b', 'U+0085'],
    ['a\x7fb', 'U+007F'],
    ['a\ufffdb', 'U+FFFD'],
    ['a="b\tc"', 'a tab between quotes'],
    ['a="b', 'not closed'],
  ])('%j are refused, with the character', (text, cause) => {
    expect(parseKernelArguments(text)).toMatchObject({
      code: 'CONFIG_BAD_VALUE',
      cause: expect.stringContaining(cause),
      hint: expect.any(String),
    });
  });

  it.each([
    ...[
      'con0x1=null',
      'con+1=null',
      'con01=null',
      'ssl0x3=null',
      'vec+1:transport=tap',
      'vec0x1:transport=tap',
    ],
    ...['"ubd7=/x"', '"ubd7=/a b"', 'ubd7="/a b"', 'ubd="x"', '"hostfs=/"', 'uml-dir=/x', '"uml-dir"=/x'],
    ...['virtio-uml.device=/x:1', '"virtio_uml.device=/x:1"', '-- ubd7=/x', '-- hostfs=/x', 'xterm=a,b,c'],
    ...['stderr=1', 'umlmon.name=x', 'umlmon.consoles=', '"--help"', '--version'],
  ])('%j is umlmon’s or reaches for the host', (text) => {
    expect(parseKernelArguments(text)).toMatchObject({
      code: 'CONFIG_RESERVED',
      hint: expect.stringMatching(/./),
    });
  });

  it.each([
    '"a b"',
    'a="b c"',
    '--',
    '-- single',
    'x="y z"w',
    "a='b'",
    'a=\\"b"',
    'consoleblank=0',
    'vector=1',
  ])('%j is left to the guest', (text) => {
    expect(parseKernelArguments(text)).not.toHaveProperty('cause');
  });
});

test('only one file creates kernel arguments, and the spawn of a kernel accepts nothing else', () => {
  const source = join(import.meta.dirname, '../../../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const text = (file: string) => readFileSync(join(source, file), 'utf8');
  const makers = files.filter((file) =>
    /\bas (?:unknown as )?(?:readonly )?KernelArgument\b/.test(text(file)),
  );
  expect(makers).toEqual(['config/values/kernel-argument.ts']);
  expect(text('jail/sandbox/sandbox.ts')).toContain(
    'readonly command: readonly [program: string, ...KernelArgument[]];',
  );
  expect(text('kernel/command-line.ts')).toContain(
    'kernelArguments(vm: KernelDescription): KernelArgument[]',
  );
});

describe('one argument', () => {
  it('has no blank or quote if it is umlmon’s own', () => {
    fc.assert(
      fc.property(line, (text) => {
        const isPlain = /^[!-~]+$/.test(text) && !text.includes('"');
        if (isPlain) expect(parseLine(kernelArgument(text)).parameters.length).toBeLessThan(2);
        else
          expect(() => kernelArgument(text)).toThrow(
            expect.objectContaining({ code: 'KERNEL_ARGUMENT', hint: expect.stringMatching(/./) }),
          );
      }),
    );
  });

  it('of a user stays one argument for the kernel', () => {
    fc.assert(
      fc.property(line, (text) => {
        let argument: string;
        try {
          argument = userArgument(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'KERNEL_ARGUMENT' });
          return;
        }
        const { parameters, forInit } = parseLine(bytesOf(argument));
        expect([parameters.length, forInit.length]).toEqual(
          text === '--' || text === '"--"' ? [0, 0] : [1, 0],
        );
      }),
      { numRuns: 5000 },
    );
  });
});
