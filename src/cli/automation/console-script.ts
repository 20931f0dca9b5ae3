/** `-send` and `-expect`: typing on a console without a terminal, and waiting for its output. */
import { quoted } from '../../config/problem.ts';
import { lineText, pictureText } from '../../rpc/picture-text.ts';
import type { Attachment, ScreenPicture } from '../../rpc/umlmonctrl.gen.ts';
import {
  newScriptProgress,
  notInTime,
  readBytes,
  requireUp,
  type ScriptParts,
  type ScriptProgress,
  searchedCharacters,
  type,
} from './script-steps.ts';

/** Types into a channel. Errors: CONSOLE_UNKNOWN, CONSOLE_NOT_CONTROLLER, STATE_WRONG; CONSOLE_TIMEOUT if the guest does not read. */
export async function sendText(text: string, timeoutMs: number, parts: ScriptParts): Promise<void> {
  const { client, channel, progress, signal } = parts;
  await requireUp(parts);
  const { id, next } = await client.call('consoleAttach', { channel, columns: 0, rows: 0 }, signal);
  const known = progress.get(channel);
  // An answer comes after what it answers.
  if (!known || known.searched) progress.set(channel, newScriptProgress(next));
  await type(id, Buffer.from(text), { deadline: performance.now() + timeoutMs }, parts);
  await client.call('consoleDetach', id, signal);
}

/**
 * Waits until the output of a channel matches. The first command searches the screen of this run of the VM, and new output.
 * A later command of this command line searches the output since the last command that used the channel. Resolves to the text that matches.
 *
 * Errors: CONSOLE_UNKNOWN; CONSOLE_TIMEOUT with the last screen.
 */
export async function expectText(pattern: RegExp, timeoutMs: number, parts: ScriptParts): Promise<string> {
  const { client, channel, progress, signal } = parts;
  const viewer = await client.call('consoleAttach', { channel, columns: 0, rows: 0 }, signal);
  const deadline = performance.now() + timeoutMs;
  try {
    const known = progress.get(channel) ?? (await progressAtScreen(viewer, parts));
    progress.set(channel, known);
    known.searched = true;
    for (;;) {
      const found = pattern.exec(known.text);
      if (found) {
        known.text = known.text.slice(found.index + found[0].length);
        return found[0];
      }
      const leftMs = Math.ceil(deadline - performance.now());
      if (leftMs <= 0)
        throw await notInTime(`${quoted(pattern.source)} did not come within ${timeoutMs / 1000} s`, parts);
      await readMore(known, viewer.id, leftMs, parts);
    }
  } finally {
    await client.call('consoleDetach', viewer.id, signal);
  }
}

/** What is on the screen now counts as come, if the present kernel has put it there. */
async function progressAtScreen(viewer: Attachment, parts: ScriptParts): Promise<ScriptProgress> {
  const { client, channel, signal } = parts;
  const picture = await client.call('consolePicture', { channel, history: 0 }, signal);
  if (viewer.began >= viewer.oldest && viewer.next - viewer.began <= readBytes) {
    const young = newScriptProgress(viewer.began);
    while (young.offset < picture.offset) await readMore(young, viewer.id, 0, parts);
    // The screen has lines of a former run below which there is room for those of this one.
    if (young.text.split('\n').length <= picture.lines.length) return young;
  }
  return newScriptProgress(picture.offset, screenText(picture));
}

/** The lines of a screen; text before the cursor has its blanks, as those at the end of a prompt. */
function screenText(picture: ScreenPicture): string {
  const { lines, cursorRow, cursorColumn } = picture;
  const cursorLine = lines[cursorRow];
  const shown = pictureText(picture);
  if (!cursorLine || shown.length > cursorRow + 1) return shown.join('\n');
  const before = Array.from({ length: cursorRow }, (_, row) => shown[row] ?? '');
  return [...before, lineText(cursorLine).padEnd(cursorColumn)].join('\n');
}

async function readMore(
  known: ScriptProgress,
  id: number,
  waitMs: number,
  parts: ScriptParts,
): Promise<void> {
  const { client, signal } = parts;
  const asked = { id, offset: known.offset, max: readBytes, waitMs: Math.min(waitMs, 10_000) };
  const { data, offset } = await client.call('consoleRead', asked, signal);
  // What does not belong together must not match together.
  if (offset > known.offset) known.text = '';
  known.offset = offset + data.length;
  const plain = known.plain.take(known.decoder.write(Buffer.from(data)));
  known.text = (known.text + plain).slice(-searchedCharacters);
}
