import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { pictureText, unwrappedText } from '../../rpc/picture-text.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { print } from './output.ts';
import { screenHtml } from './screen-html.ts';

interface Printing {
  readonly client: MonitorClient;
  readonly vm: string;
  readonly json: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What a console shows now, as text or as a page of HTML. Errors: CONSOLE_UNKNOWN, CONSOLE_SCREEN. */
export async function printScreen(
  channel: string,
  { html }: { readonly html: boolean },
  printing: Printing,
): Promise<void> {
  const { client, vm, json, signal } = printing;
  const picture = await client.call('consolePicture', { channel, history: 0 }, signal);
  if (json) await print(JSON.stringify(picture));
  else if (html) await print(screenHtml(picture, `${channel} of ${vm}`));
  else for (const line of pictureText(picture)) await print(line);
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
