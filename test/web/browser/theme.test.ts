/** Every text on its ground can be read: a contrast of 4.5 to 1 (WCAG 2.2, success criterion 1.4.3, level AA). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const css = readFileSync(join(import.meta.dirname, '../../../src/web/browser/styles/theme.css'), 'utf8');

/** Name → [light, dark]. */
const theme = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
    ([, name = '', light = '', dark = '']) => [name, [light, dark]] as const,
  ),
);

/** Relative luminance (WCAG 2.2, definitions). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const texts: readonly (readonly [text: string, grounds: readonly string[], least: number])[] = [
  ['text', ['ground', 'surface', 'raised', 'off-faint', 'accent-faint', 'bad-faint'], 4.5],
  ['quiet', ['ground', 'surface', 'raised'], 4.5],
  ['accent', ['ground', 'surface'], 4.5],
  ['on-accent', ['accent'], 4.5],
  ['good', ['good-faint', 'ground', 'surface'], 4.5],
  ['busy', ['busy-faint', 'surface'], 4.5],
  ['bad', ['bad-faint', 'ground', 'surface'], 4.5],
  // Borders of controls (1.4.11).
  ['control', ['ground', 'surface'], 3],
];

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('%s', (_, at) => {
  test.each(texts)('%s on %s', (text, grounds, least) => {
    for (const ground of grounds)
      expect(
        contrast(theme.get(text)?.[at] ?? '', theme.get(ground)?.[at] ?? ''),
        ground,
      ).toBeGreaterThanOrEqual(least);
  });
});
