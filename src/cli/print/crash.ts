import { StringDecoder } from 'node:string_decoder';
import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import type { CrashBundle, CrashList } from '../../rpc/umlmonctrl.gen.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { sizeText } from '../../system/size-text.ts';
import { printable } from '../../system/text.ts';
import { LogText } from './log-text.ts';
import { print, write } from './output.ts';
import { timeText } from './render.ts';

/** Bytes asked for in one read; the protocol's maximum. */
const readBytes = 65536;
/** Most of a summary that is shown; usual are 5 KiB. */
const summaryBytes = 1024 * 1024;

interface Printing {
  readonly client: MonitorClient;
  readonly vm: string;
  readonly json: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The crashes of which something was kept, from the oldest to the newest. */
export async function printCrashes({ client, vm, json, signal }: Printing): Promise<void> {
  const list = await client.call('crashList', undefined, signal);
  await print(json ? JSON.stringify(list) : crashesText(vm, list));
}

export function crashesText(vm: string, { bundles, lost }: CrashList): string {
  return [
    ...bundles.map(
      (bundle) =>
        `${bundle.name}  ${timeText(bundle.endedAt)}  ${bundle.cause}  ${sizeText(sizeOf(bundle))}` +
        (bundle.panic && `  ${printable(bundle.panic, 200)}`),
    ),
    ...(bundles.length === 0 ? [`${vm}: no crash is recorded`] : []),
    ...(lost > 0 ? [`${vm}: ${lost} more could not be kept`] : []),
  ].join('\n');
}

function sizeOf({ files }: CrashBundle): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

export interface CrashChoice {
  /** `last` if absent. */
  readonly bundle: string | undefined;
  /** The summary if absent. */
  readonly file: string | undefined;
}

/** Prints one crash bundle, or a file of it. Errors: CRASH_UNKNOWN. */
export async function printCrash(choice: CrashChoice, printing: Printing): Promise<void> {
  const { client, vm, json, signal } = printing;
  const { bundles } = await client.call('crashList', undefined, signal);
  const name = choice.bundle ?? 'last';
  const bundle = name === 'last' ? bundles.at(-1) : bundles.find((known) => known.name === name);
  if (!bundle)
    throw new UmlmonError('CRASH_UNKNOWN', {
      place: vm,
      cause: bundles.length === 0 ? 'no crash is recorded' : `there is no crash ${name}`,
      hint: bundles.length === 0 ? '' : `umlwatch ${vm} -crashes lists them`,
    });
  const pieces = (file: string) => readPieces({ client, bundle: bundle.name, file, signal });
  if (choice.file !== undefined) await printFile(pieces(choice.file));
  else if (json) await print(JSON.stringify(bundle));
  else {
    let text = '';
    for await (const data of pieces('summary.txt')) {
      text += Buffer.from(data).toString('latin1');
      if (text.length > summaryBytes) break;
    }
    // The text comes from the monitor: it is escaped here as well.
    const lines = Buffer.from(text, 'latin1').toString('utf8').trimEnd().split('\n');
    await print(lines.map((line) => printable(line, 1000)).join('\n'));
    await print(`\nfiles in ${bundle.name}`);
    for (const { path, bytes } of bundle.files) await print(`  ${path.padEnd(16)}  ${sizeText(bytes)}`);
  }
}

/** A pipe or file gets it byte by byte, a terminal only what cannot harm it. */
async function printFile(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new StringDecoder('utf8');
  const shown = process.stdout.isTTY ? new LogText() : undefined;
  for await (const data of pieces) await write(shown ? shown.take(decoder.write(Buffer.from(data))) : data);
  if (shown) await write(shown.take(decoder.end()) + shown.end());
}

interface FileOf {
  readonly client: MonitorClient;
  readonly bundle: string;
  readonly file: string;
  readonly signal: AbortSignal | undefined;
}

async function* readPieces({ client, bundle, file, signal }: FileOf): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ; ) {
    const { data, size } = await client.call('crashRead', { bundle, file, offset, max: readBytes }, signal);
    if (data.length > 0) yield data;
    offset += data.length;
    if (data.length === 0 || offset >= size) return;
  }
}
