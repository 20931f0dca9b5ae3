import { createInterface } from 'node:readline';
import { printable } from '../../system/text.ts';
import { errorText } from '../print/error-text.ts';
import { OutputClosed, print } from '../print/output.ts';
import { History } from '../prompt/history.ts';
import { typedLines } from '../prompt/prompt.ts';

export interface MconsoleReply {
  readonly text: string;
  readonly truncated: boolean;
  /** No monitor of umlmon was asked. */
  readonly foreign?: true;
}

/** A management console that can be talked to. */
export interface MconsoleLink {
  /** What it belongs to: a VM, or the path of a socket. */
  readonly name: string;
  /** Errors: MCONSOLE_*, STATE_*, MONITOR_UNREACHABLE. */
  readonly ask: (line: string, signal?: AbortSignal) => Promise<MconsoleReply>;
}

export interface MconsoleSession {
  readonly link: MconsoleLink;
  readonly json: boolean;
  /** The management console of another VM. */
  readonly switchTo: (vm: string) => Promise<MconsoleLink>;
}

/** Characters of one line of an answer. */
const lineMax = 4096;

/** One command, and its answer as it may be shown. Errors: those of the link, OutputClosed. */
export async function printAnswer(
  { link, json }: Pick<MconsoleSession, 'link' | 'json'>,
  line: string,
  signal?: AbortSignal,
): Promise<void> {
  const reply = await link.ask(line, signal);
  if (json) return print(JSON.stringify(reply));
  const text = shownLines(reply.text).join('\n');
  if (text) await print(text);
  if (reply.truncated)
    console.error('(lines may be missing: the kernel sends long answers without flow control)');
}

/** The lines of a text of the guest, safe to show. */
function shownLines(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .split('\t')
        .map((part) => printable(part, lineMax))
        .join('\t'),
    );
}

/** Asks for commands on a terminal, or takes them from a pipe, until `quit` or the end of the input. */
export async function runMconsole(session: MconsoleSession): Promise<void> {
  if (process.stdin.isTTY) return talk(session);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === 'quit') return;
    if (line.trim()) await printAnswer(session, line);
  }
}

async function talk(session: MconsoleSession): Promise<void> {
  let { link } = session;
  const names = commandNames(link);
  const lines = typedLines({
    prompt: '(mconsole) ',
    history: new History(process.env, 'umlwatch_mconsole_history'),
    complete: async (text) => {
      const begun = text.trimStart();
      const candidates = [...(await names), 'switch', 'quit'];
      return [candidates.filter((name) => name.startsWith(begun)).map((name) => `${name} `), begun];
    },
  });
  for await (const line of lines) {
    const [word = '', other = ''] = line.trim().split(/\s+/);
    if (word === 'quit') return;
    if (word === '') continue;
    const interrupt = new AbortController();
    const onInterrupt = () => interrupt.abort();
    process.on('SIGINT', onInterrupt);
    try {
      if (word === 'switch') {
        link = await session.switchTo(other);
        await print(`commands go to ${link.name}`);
      } else await printAnswer({ ...session, link }, line, interrupt.signal);
      if (word === 'help') await print('    switch <vm> - talk to another VM\n    quit - leave');
    } catch (error) {
      if (error instanceof OutputClosed) throw error;
      if (!interrupt.signal.aborted) console.error(errorText(error, session.json));
    } finally {
      process.off('SIGINT', onInterrupt);
    }
  }
}

/** The commands that the kernel itself names: none of a VM that is stopped, but another may be switched to. */
async function commandNames(link: MconsoleLink): Promise<readonly string[]> {
  try {
    const { text } = await link.ask('help');
    return [...new Set(text.split('\n').flatMap((line) => /^ {4}([a-z]+)\b/.exec(line)?.[1] ?? []))];
  } catch {
    return [];
  }
}
