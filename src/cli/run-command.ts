import { parseDuration } from '../config/values.ts';
import { UmlmonError } from '../system/errors.ts';
import { type Escape, runConsoleSession } from './console-session.ts';
import type { MonitorClient } from './monitor-client.ts';
import { eventText, infoText, operationText } from './render.ts';
import type { Command, WordName } from './words.ts';

export interface CommandContext {
  readonly vm: string;
  readonly client: MonitorClient;
  readonly json: boolean;
  readonly escape: Escape;
  /** Aborted by CTRL-C in the interactive mode: ends what follows or waits. */
  readonly signal: AbortSignal;
}

type Runner = (command: Command, context: CommandContext) => Promise<void>;

const waitMs = 30_000;

const runners: Record<WordName, Runner> = {
  async info(_command, { client, json }) {
    const info = await client.call('info', undefined);
    print(json ? JSON.stringify(info) : infoText(info, Date.now()));
  },
  start: (_command, context) => operation(context, context.client.call('start', undefined)),
  stop(command, context) {
    const [text] = command.options['timeout'] ?? [];
    const timeoutMs = text === undefined ? 0 : durationArgument(text);
    return operation(context, context.client.call('stop', { timeoutMs }));
  },
  kill: (_command, context) => operation(context, context.client.call('kill', undefined)),
  async ctrlaltdel(_command, { client, vm, json }) {
    await client.call('ctrlAltDel', undefined);
    print(json ? JSON.stringify({ sent: true }) : `${vm}: sent Ctrl-Alt-Del`);
  },
  async connect(command, { client, escape }) {
    await runConsoleSession(client, argument(command), escape, {
      input: process.stdin,
      output: process.stdout,
      message: (text) => process.stderr.write(`[${text}]\r\n`),
    });
  },
  async log(command, { client, json, signal }) {
    const follow = command.options['follow'] !== undefined;
    let offset = 0;
    for (;;) {
      const request = { channel: argument(command), offset, max: 65536, waitMs: follow ? waitMs : 0 };
      const bytes = await client.call('logRead', request, signal);
      if (json) {
        const text = Buffer.from(bytes.data).toString('utf8');
        if (text) print(JSON.stringify({ channel: request.channel, offset: bytes.offset, text }));
      } else {
        if (bytes.offset > offset && offset > 0)
          process.stderr.write(`[${bytes.offset - offset} bytes of the log are gone]\n`);
        await write(bytes.data);
      }
      offset = bytes.offset + bytes.data.length;
      if (!follow && offset >= bytes.end) return;
    }
  },
  async events(command, { client, json, signal }) {
    const [from] = command.options['since'] ?? [];
    let since = from === undefined ? 0 : numberArgument(from);
    for (;;) {
      const list = await client.call('events', { since, max: 64, waitMs }, signal);
      for (const event of list.events) print(json ? JSON.stringify(event) : eventText(event));
      since = list.next;
    }
  },
};

/** Runs one word of umlwatch and prints what it says. Errors: those of the monitor. */
export function runCommand(command: Command, context: CommandContext): Promise<void> {
  return runners[command.word](command, context);
}

async function operation(
  { vm, json }: CommandContext,
  answer: Promise<Parameters<typeof operationText>[1]>,
): Promise<void> {
  const report = await answer;
  print(json ? JSON.stringify(report) : operationText(vm, report));
}

function argument(command: Command): string {
  return command.arguments[0] ?? '';
}

function durationArgument(text: string): number {
  const parsed = parseDuration(text);
  if ('value' in parsed) return parsed.value;
  throw new UmlmonError('USAGE', { place: '-timeout', ...parsed });
}

function numberArgument(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UmlmonError('USAGE', { place: '-since', cause: `${text} is not a number` });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function write(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
