import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { pictureText, unwrappedText } from '../../rpc/picture-text.ts';
import type { ScreenPicture } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { screenSize, takeCells } from '../picture/cells.ts';
import { drawCells } from '../picture/draw-cells.ts';
import { pictureHtml } from '../picture/picture-html.ts';
import { encodePng } from '../picture/png.ts';
import { readFonts } from '../picture/read-fonts.ts';
import { print, write } from './output.ts';

interface Printing {
  readonly client: MonitorClient;
  readonly vm: string;
  readonly json: boolean;
  readonly signal: AbortSignal | undefined;
}

/** How a screen is printed; with neither, as text. */
export interface ScreenForm {
  readonly html: boolean;
  readonly png: boolean;
  /** File with a font for the second. */
  readonly font: string | undefined;
}

/** What a console shows now. Errors: CONSOLE_UNKNOWN, CONSOLE_SCREEN, FONT_MISSING, FONT_UNUSABLE, USAGE. */
export async function printScreen(channel: string, form: ScreenForm, printing: Printing): Promise<void> {
  const { client, vm, json, signal } = printing;
  if (!json) checkForm(form, vm, channel);
  const picture = await client.call('consolePicture', { channel, history: 0 }, signal);
  if (json) await print(JSON.stringify(picture));
  else if (form.html) await print(pictureHtml(picture, `${channel} of ${vm}`));
  else if (form.png) await write(drawPng(picture, form.font));
  else for (const line of pictureText(picture)) await print(line);
}

/** Errors: USAGE. */
function checkForm({ html, png, font }: ScreenForm, vm: string, channel: string): void {
  const words = `umlwatch ${vm} -screen ${channel} -png`;
  const refuse = (cause: string, hint: string) => new UmlmonError('USAGE', { place: '', cause, hint });
  if (html && png) throw refuse('-html and -png are two forms of the screen', words);
  if (font !== undefined && !png) throw refuse('-font is for -png', `${words} -font FONT`);
  if (png && process.stdout.isTTY) throw refuse('-png is not for a terminal', `${words} > ${channel}.png`);
}

/** Errors: FONT_MISSING, FONT_UNUSABLE. */
function drawPng(picture: ScreenPicture, font: string | undefined): Buffer {
  const cells = takeCells(picture);
  const texts = cells.map(({ text }) => text).filter((text) => text !== '');
  return encodePng(drawCells(cells, screenSize(picture), readFonts(texts, font)));
}

/** Lines of the scroll-back that a monitor has at most. */
const historyMax = 1000;

export interface HistoryChoice {
  /** Only so many of the newest. */
  readonly lines: number | undefined;
  /** Only those that match. */
  readonly search: RegExp | undefined;
}

/** The scroll-back of a console and its screen, as lines. Errors: CONSOLE_UNKNOWN, CONSOLE_SCREEN. */
export async function printHistory(
  channel: string,
  choice: HistoryChoice,
  printing: Printing,
): Promise<void> {
  const { client, json, signal } = printing;
  const picture = await client.call('consolePicture', { channel, history: historyMax }, signal);
  const { lines = Number.POSITIVE_INFINITY, search } = choice;
  const all = unwrappedText(picture).filter((text) => !search || search.test(text));
  const shown = all.slice(Math.max(0, all.length - lines));
  if (json) await print(JSON.stringify({ channel, omitted: picture.omitted, lines: shown }));
  else for (const line of shown) await print(line);
  if (search && shown.length === 0)
    throw new UmlmonError('CONSOLE_NO_MATCH', { place: channel, cause: `no line matches ${search.source}` });
}
