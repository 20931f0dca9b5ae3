import { UmlmonError } from '../system/errors.ts';
import { runConsoleSession } from './console-session.ts';
import type { EscapeKey } from './escape-key.ts';
import type { MonitorClient } from './monitor-client.ts';
import { print, whileRead } from './output.ts';
import { printCrash, printCrashes } from './print-crash.ts';
import { printLog } from './print-log.ts';
import { eventText, infoText, operationText, reachedText } from './render.ts';
import { cancelJob, printJobs, runDisk } from './run-disk.ts';
import { waitFor } from './wait.ts';
import type { Command, WordName } from './words.ts';

export interface CommandContext {
  readonly vm: string;
  readonly json: boolean;
  readonly escapeKey: EscapeKey;
  /** Opens a connection to the VM's monitor. */
  readonly connect: () => Promise<MonitorClient>;
}

export interface Run extends CommandContext {
  readonly client: MonitorClient;
  /** Aborted by CTRL-C in the interactive mode: ends what follows or waits. */
  readonly signal: AbortSignal | undefined;
}

type Runner = (command: Command, run: Run) => Promise<void>;

/** Milliseconds that one call waits for events. */
const waitMs = 30_000;

const runners: Record<WordName, Runner> = {
  async info(_command, { client, json, signal }) {
    const info = await client.call('info', undefined, signal);
    await print(json ? JSON.stringify(info) : infoText(info, Date.now()));
  },
  start: (_command, run) => operation(run, run.client.call('start', undefined, run.signal)),
  stop: ({ values: { DURATION: timeoutMs = 0 } }, run) =>
    operation(run, run.client.call('stop', { timeoutMs }, run.signal)),
  kill: (_command, run) => operation(run, run.client.call('kill', undefined, run.signal)),
  async ctrlaltdel(_command, { client, vm, json, signal }) {
    await client.call('ctrlAltDel', undefined, signal);
    await print(json ? JSON.stringify({ sent: true }) : `${vm}: sent Ctrl-Alt-Del`);
  },
  async wait({ values: { LEVEL: level = 'ready', DURATION } }, { client, vm, json, signal }) {
    const reached = await waitFor(client, { vm, level, timeoutMs: DURATION, signal });
    await print(json ? JSON.stringify(reached) : reachedText(vm, reached));
  },
  async plug({ values: { DISK: unit = 0, IMAGE: disk = '' } }, { client, vm, json, signal }) {
    await client.call('plug', { unit, disk }, signal);
    await print(json ? JSON.stringify({ unit, disk }) : `${vm}: ubd${unit} is ${disk.split(' ')[0]}`);
  },
  async unplug({ values: { DISK: unit = 0 } }, { client, vm, json, signal }) {
    await client.call('unplug', unit, signal);
    await print(json ? JSON.stringify({ unit }) : `${vm}: ubd${unit} is unplugged; its image is free`);
  },
  disk: runDisk,
  jobs: (_command, run) => printJobs(run),
  cancel: ({ values: { ID: id = 0 } }, run) => cancelJob(id, run),
  crashes: (_command, run) => printCrashes(run),
  crash: ({ values: { NAME, FILE } }, run) => printCrash({ bundle: NAME, file: FILE }, run),
  connect: (command, run) => runConsoleSession(run.client, channelOf(command), run),
  log(command, { client, json, signal }) {
    const follow = command.options.has('follow');
    if (!follow) return printLog(client, channelOf(command), { follow, json, signal });
    return whileRead(signal, (ending) =>
      printLog(client, channelOf(command), { follow, json, signal: ending }),
    );
  },
  events: ({ values: { NUMBER: from = 0 } }, { client, json, signal }) =>
    whileRead(signal, async (ending) => {
      let since = from;
      for (;;) {
        const list = await client.call('events', { since, max: 64, waitMs }, ending);
        for (const event of list.events) await print(json ? JSON.stringify(event) : eventText(event));
        since = list.next;
      }
    }),
};

/** Does one word of umlwatch and prints what it says. Errors: those of the monitor, OutputClosed. */
export async function runCommand(
  command: Command,
  context: CommandContext,
  signal?: AbortSignal,
): Promise<void> {
  // A connection of its own for each word: calls that were given up end with it, and a monitor may be restarted.
  const client = await context.connect();
  try {
    await runners[command.word](command, { ...context, client, signal });
  } finally {
    client.close();
  }
}

async function operation(
  { vm, json }: Run,
  answer: Promise<Parameters<typeof operationText>[1]>,
): Promise<void> {
  const report = await answer;
  await print(json ? JSON.stringify(report) : operationText(vm, report));
}

function channelOf({ word, values: { CHANNEL } }: Command): string {
  if (CHANNEL !== undefined) return CHANNEL;
  throw new UmlmonError('INTERNAL', { place: word, cause: 'parsed without its channel' });
}
