/**
 * The internals of @xterm/headless that are used here. A picture that another terminal can continue needs margins, saved
 * cursors and character sets, and no public interface has them. The version is pinned in package.json.
 */
import type { IBuffer, IBufferCell, Terminal } from '@xterm/headless';

/** Look of a cell, or of what is written next. */
export interface CellStyle
  extends Pick<
    IBufferCell,
    | 'isBold'
    | 'isDim'
    | 'isItalic'
    | 'isUnderline'
    | 'isBlink'
    | 'isInverse'
    | 'isInvisible'
    | 'isStrikethrough'
    | 'isOverline'
    | 'isFgRGB'
    | 'isBgRGB'
    | 'isFgDefault'
    | 'isBgDefault'
    | 'getFgColorMode'
    | 'getBgColorMode'
    | 'getFgColor'
    | 'getBgColor'
  > {
  isProtected(): number;
  /** 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed. */
  getUnderlineStyle(): number;
  hasExtendedAttrs(): number;
  /** -1, or mode (bits 24 and 25: 0 default, 1 and 2 palette, 3 RGB) and value. */
  readonly extended: { readonly underlineColor: number };
}

export type ScreenCell = IBufferCell & CellStyle;

type Charset = Readonly<Record<string, string>> | undefined;

export interface CoreBuffer {
  readonly x: number;
  readonly y: number;
  readonly ybase: number;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly tabs: Readonly<Record<number, boolean | undefined>>;
  readonly savedX: number;
  readonly savedY: number;
  readonly savedCurAttrData: CellStyle;
  readonly savedCharset: Charset;
}

interface Core {
  readonly buffers: { readonly normal: CoreBuffer; readonly alt: CoreBuffer };
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly decPrivateModes: {
      readonly cursorBlink: boolean | undefined;
      readonly cursorStyle: 'block' | 'underline' | 'bar' | undefined;
    };
  };
  readonly coreMouseService: { readonly activeEncoding: string };
  readonly _charsetService: {
    readonly charset: Charset;
    readonly glevel: number;
    readonly _charsets: readonly Charset[];
  };
  readonly _inputHandler: {
    readonly _curAttrData: CellStyle;
    readonly _parser: { readonly precedingJoinState: number };
  };
}

export function coreOf(terminal: Terminal): Core {
  return (terminal as unknown as { readonly _core: Core })._core;
}

export function cellAt(buffer: IBuffer, row: number, column: number): ScreenCell | undefined {
  return buffer.getLine(row)?.getCell(column) as ScreenCell | undefined;
}

/** Final byte of the sequence that designates a set (ECMA-35): US-ASCII, British, DEC special graphics. */
export function charsetName(charset: Charset): string {
  if (charset?.q === '\u2500') return '0';
  return charset?.['#'] === '\u00a3' ? 'A' : 'B';
}
