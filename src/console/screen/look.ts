/** Pure. */
import type { CellStyle } from './xterm-core.ts';

/** Of the colour of an underline: none. */
const unset = -1;
const modeMask = 0x3000000;
/** Of the 16 colours, which terminals may show brighter where they are bold; those of the 256 they do not. */
const basicMode = 0x1000000;
const rgbMode = 0x3000000;
const valueMask = 0xffffff;

/**
 * The sequences that give what is written next this look, whatever it was before (ECMA-48 SGR, xterm's ctlseqs).
 *
 * @param isNext for the attributes of the next character: the colour of an underline counts although none is drawn yet
 */
export function styleSequence(look: CellStyle, isNext = false): string {
  const codes = ['0'];
  const flags: readonly (readonly [number, string])[] = [
    [look.isBold(), '1'],
    [look.isDim(), '2'],
    [look.isItalic(), '3'],
    [look.isBlink(), '5'],
    [look.isInverse(), '7'],
    [look.isInvisible(), '8'],
    [look.isStrikethrough(), '9'],
    [look.isOverline(), '53'],
  ];
  for (const [isSet, code] of flags) if (isSet) codes.push(code);
  if (look.isUnderline()) codes.push(look.getUnderlineStyle() > 1 ? `4:${look.getUnderlineStyle()}` : '4');
  if (!look.isFgDefault()) codes.push(colour(38, look.getFgColorMode(), look.getFgColor()));
  if (!look.isBgDefault()) codes.push(colour(48, look.getBgColorMode(), look.getBgColor()));
  const line = isNext || look.hasExtendedAttrs() ? look.extended.underlineColor : unset;
  if (line !== unset && (line & modeMask) !== 0) codes.push(colour(58, line & modeMask, line & valueMask));
  return `\x1b[${codes.join(';')}m\x1b[${look.isProtected() ? 1 : 0}"q`;
}

function colour(what: 38 | 48 | 58, mode: number, value: number): string {
  if (mode === basicMode) return `${value < 8 ? what - 8 + value : what + 52 + value - 8}`;
  if (mode !== rgbMode) return `${what}:5:${value}`;
  return `${what}:2::${value >>> 16}:${(value >>> 8) & 0xff}:${value & 0xff}`;
}

/** Bits of screen_run.style in umlmonctrl.x. */
export function styleOf(look: CellStyle): number {
  const bits = [
    look.isBold(),
    look.isDim(),
    look.isItalic(),
    look.isUnderline(),
    look.isBlink(),
    look.isInverse(),
    look.isInvisible(),
    look.isStrikethrough(),
    look.isOverline(),
  ];
  return bits.reduce((sum, isSet, bit) => sum + (isSet ? 2 ** bit : 0), 0);
}

const PALETTE = 2 ** 24;
const RGB = 2 ** 25;

/** As in screen_run of umlmonctrl.x. */
export function colourOf(isDefault: boolean, isRgb: boolean, value: number): number {
  return isDefault ? 0 : value + (isRgb ? RGB : PALETTE);
}
