import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globalKeys } from '../../../src/config/keys/global-keys.ts';
import { isFamily } from '../../../src/config/keys/key.ts';
import { vmKeys } from '../../../src/config/keys/vm-keys.ts';
import { vmNameDamage } from '../../../src/config/names.ts';
import { editDistance, suggest } from '../../../src/config/suggest.ts';
import { parseKernelArguments } from '../../../src/config/values/kernel-arguments.ts';
import {
  parseCpus,
  parseEscape,
  parseReadyPattern,
  sizeParser,
  sizeValue,
} from '../../../src/config/values/values.ts';

describe('values', () => {
  it('are never more than refused, whatever the text', () => {
    const specs = [...Object.values(globalKeys), ...Object.values(vmKeys)];
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const spec of specs) {
          const parsed = isFamily(spec) ? spec.parse(text, 1) : spec.parse(text);
          if ('cause' in parsed) expect(parsed.cause).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  it('of sizes read back what sizeValue prints', () => {
    const parse = sizeParser({ min: 0, max: 2 ** 45, step: 1024 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 34 }), (kib) => {
        expect(parse(sizeValue(kib * 1024))).toEqual({ value: kib * 1024 });
      }),
    );
    expect(sizeValue(3 * 1024 ** 3)).toBe('3G');
    expect(parse('2m')).toEqual({ value: 2 * 1024 ** 2 });
  });

  it('of cores are sorted and without repetition', () => {
    expect(parseCpus('7, 1-3,2')).toEqual({ value: [1, 2, 3, 7] });
    expect(parseCpus('ato')).toMatchObject({ hint: 'did you mean "auto"?' });
  });

  it('of ready_pattern are a channel and the unchanged rest of the line', () => {
    expect(parseReadyPattern('con0  debian  login: (a+)+$')).toEqual({
      value: { channel: 'con0', text: 'debian  login: (a+)+$' },
    });
    expect(parseReadyPattern('')).toEqual({ value: null });
    for (const wrong of [
      'con0',
      'con0  ',
      'con16 x',
      'login: con0',
      'con0 a\x1bb',
      `con0 ${'ä'.repeat(129)}`,
    ])
      expect(parseReadyPattern(wrong), wrong).toMatchObject({ code: 'CONFIG_BAD_VALUE' });
  });

  it('of the escape key are the byte that a terminal sends', () => {
    expect(parseEscape('^]')).toEqual({ value: 0x1d });
    expect(parseEscape('^\\')).toEqual({ value: 0x1c });
    expect(parseEscape('^z')).toEqual({ value: 0x1a });
  });

  it('of arguments are split at blanks outside quotes, and only there', () => {
    expect(parseKernelArguments(' a\tb="c  d" "e f"g ')).toEqual({ value: ['a', 'b="c  d"', '"e f"g'] });
    const argument = fc
      .array(fc.constantFrom('x', 'y=', '"p q"', '-', '.', '\\'), { minLength: 1, maxLength: 6 })
      .map((parts) => `z${parts.join('')}`);
    fc.assert(
      fc.property(fc.array(argument), (list) => {
        expect(parseKernelArguments(list.join('  '))).toEqual({ value: list });
      }),
    );
  });

  it.each([
    'console=tty0',
    'consoleblank=0',
    'rootflags=data=journal',
    'rootwait',
    'memtest',
    'init=/x',
    'ro',
    'systemd.unit=a',
    'panic=-1',
    'sslx',
    'ethtool',
    'seccomp=off',
    'time-travel',
  ])('leave %s to the guest', (argument) => {
    expect(parseKernelArguments(argument)).toEqual({ value: [argument] });
  });

  it.each([
    'mem=1',
    'ubd=sync',
    'ubdb=/x',
    'udb0=x',
    'con=null',
    'con3=pts',
    'ssl=null',
    'ssl12=pts',
    'umid=x',
    'uml_dir=/x',
    'uml-dir=/x',
    'mconsole=notify:x',
    'root=/dev/x',
    '"root=/dev/x y"',
    'noreboot',
    'vec0:transport=tap',
    'eth0=tuntap',
    'virtio_uml.device=/x:1',
    'hostfs=/',
    '--help',
    '--version',
  ])('keep %s from the guest', (argument) => {
    expect(parseKernelArguments(`quiet ${argument}`)).toMatchObject({ code: 'CONFIG_RESERVED' });
  });
});

describe('names of VMs', () => {
  it.each(['vm1', '1', 'a-b_c', 'A'.repeat(32), 'globals', 'config'])('may be %s', (name) => {
    expect(vmNameDamage(name)).toBeUndefined();
  });
  it.each(['', '.', '..', 'a/b', '-a', '_a', 'a.b', 'é', 'a b', 'a\n', 'SHARED', 'Global', 'A'.repeat(33)])(
    'may not be %j',
    (name) => {
      expect(vmNameDamage(name)).toMatchObject({ code: 'CONFIG_BAD_NAME' });
    },
  );
});

describe('suggestions', () => {
  it('find the nearest name, and nothing where no name is near', () => {
    expect(suggest('memm', ['root', 'mem', 'cpu'])).toBe('mem');
    expect(suggest('rpu', ['root', 'mem', 'cpu'])).toBe('cpu');
    expect(suggest('zzzzzz', ['root', 'mem', 'cpu'])).toBe('');
    expect(suggest('memory', ['root', 'mem', 'cpu'])).toBe('mem');
  });

  it('measure the edit distance as in the textbook', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('abcd', 'abdc')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});
