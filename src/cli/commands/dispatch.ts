import type { MonitorClient } from '../../rpc/client/monitor-client.ts';
import { wrongWith } from '../../rpc/problem-advice.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { clientLimits } from '../../system/limits/limits.ts';
import { sizeText } from '../../system/size-text.ts';
import { printable } from '../../system/text.ts';
import { scriptRunners } from '../automation/run-script.ts';
import type { ScriptProgress } from '../automation/script-steps.ts';
import { cancelJob, printJobs, runDisk } from '../disk/run-disk.ts';
import { type MconsoleLink, printAnswer, runMconsole } from '../mconsole/session.ts';
import { printCrash, printCrashes } from '../print/crash.ts';
import { printTasks } from '../print/guest-processes.ts';
import { printLog } from '../print/log.ts';
import { print, whileRead } from '../print/output.ts';
import {
  backupsText,
  eventText,
  infoText,
  operationText,
  pauseText,
  reachedText,
  securityLines,
} from '../print/render.ts';
import { printHistory, printScreen } from '../print/screen.ts';
import { statsText } from '../print/stats-text.ts';
import { whoText } from '../print/who-text.ts';
import { runConsoleSession } from '../session/console-session.ts';
import type { EscapeKey } from '../session/escape-key.ts';
import { type LeavingRun, mayEndGuest } from '../wait/next-run.ts';
import { restartGuest, restartText } from '../wait/restart.ts';
import { waitFor } from '../wait/wait.ts';
import type { Command, CommandName } from './table.ts';

export interface CommandContext {
  readonly vm: string;
  readonly json: boolean;
  readonly escapeKey: EscapeKey;
  /** Opens a connection to the VM's monitor. */
  readonly connect: () => Promise<MonitorClient>;
  /** The same for another VM. */
  readonly connectTo: (vm: string) => Promise<MonitorClient>;
  /** By channel: the output that `-send`, `-expect` and `-run` have read. */
  readonly progress: Map<string, ScriptProgress>;
  /** By VM: its run that a command of this command line may have ended. */
  readonly leaving: Map<string, LeavingRun>;
}

export interface CommandRun extends CommandContext {
  readonly client: MonitorClient;
  /** Aborted by CTRL-C in the interactive mode: ends what follows or waits. */
  readonly signal: AbortSignal | undefined;
}

type Runner = (command: Command, run: CommandRun) => Promise<void>;

/** Milliseconds that one call waits for events. */
const waitMs = clientLimits.callWait;

const runners: Record<CommandName, Runner> = {
  async info(_command, { client, json, signal }) {
    const info = await client.call('info', undefined, signal);
    await print(json ? JSON.stringify({ ...info, wrong: wrongWith(info) }) : infoText(info, Date.now()));
  },
  start: (_command, run) => operation(run, run.client.call('start', undefined, run.signal)),
  stop: ({ values: { DURATION: timeoutMs = 0 } }, run) =>
    operation(run, run.client.call('stop', { timeoutMs }, run.signal)),
  async restart({ values: { LEVEL: level, DURATION: stopMs = 0 } }, { client, vm, json, signal }) {
    const restarted = await restartGuest(client, { vm, level, stopMs, signal });
    await print(json ? JSON.stringify(restarted) : `${vm}: ${printable(restartText(restarted), 1000)}`);
  },
  kill: (_command, run) => operation(run, run.client.call('kill', undefined, run.signal)),
  async ctrlaltdel(_command, { client, vm, json, signal }) {
    await client.call('ctrlAltDel', undefined, signal);
    await print(json ? JSON.stringify({ sent: true }) : `${vm}: sent Ctrl-Alt-Del`);
  },
  async pause(_command, { client, vm, json, signal }) {
    const paused = await client.call('pause', undefined, signal);
    await print(json ? JSON.stringify(paused) : `${vm}: paused ${pauseText(paused, Date.now())}`);
  },
  async resume(_command, { client, vm, json, signal }) {
    await client.call('resume', undefined, signal);
    await print(json ? JSON.stringify({ resumed: true }) : `${vm}: resumed`);
  },
  async stats(_command, { client, vm, json, signal }) {
    const stats = await client.call('stats', undefined, signal);
    await print(json ? JSON.stringify(stats) : statsText(vm, stats));
  },
  async 'mem-trim'(_command, { client, vm, json, signal }) {
    const report = await client.call('memTrim', undefined, signal);
    const { before, after } = report;
    const text = `${vm}: ${sizeText(Math.max(0, before - after))} returned, ${sizeText(after)} in use on the host`;
    await print(json ? JSON.stringify(report) : text);
  },
  mconsole: ({ values: { TEXT: line } }, run) => {
    const link = mconsoleLink(run.vm, run.client);
    if (line !== undefined) return printAnswer({ link, json: run.json }, line, run.signal);
    const others: MonitorClient[] = [];
    const switchTo = async (vm: string) => {
      const client = await run.connectTo(vm);
      others.push(client);
      return mconsoleLink(vm, client);
    };
    return runMconsole({ link, json: run.json, switchTo }).finally(() => {
      for (const client of others) client.close();
    });
  },
  sysrq: ({ values: { LETTER = 'h' } }, run) => askAndPrint(run, `sysrq ${LETTER}`),
  ps: (_command, { client, vm, json }) => printTasks(mconsoleLink(vm, client), json),
  stack: ({ values: { PID = 0 } }, run) => askAndPrint(run, `stack ${PID}`),
  'log-to-guest': ({ values: { TEXT = '' } }, run) => askAndPrint(run, `log ${TEXT}`),
  async wait({ values: { LEVEL: level = 'ready', DURATION } }, { client, vm, json, signal, leaving }) {
    const reached = await waitFor(client, { vm, level, timeoutMs: DURATION, signal, after: leaving.get(vm) });
    leaving.delete(vm);
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
  async 'plug-net'({ values: { INTERFACE: unit = 0, NETWORK: network = '' } }, { client, vm, json, signal }) {
    await client.call('plugNetwork', { unit, network }, signal);
    await print(json ? JSON.stringify({ unit, network }) : `${vm}: eth${unit} is ${network}`);
  },
  async 'unplug-net'({ values: { INTERFACE: unit = 0 } }, { client, vm, json, signal }) {
    await client.call('unplugNetwork', unit, signal);
    await print(json ? JSON.stringify({ unit }) : `${vm}: eth${unit} is unplugged`);
  },
  security: (_command, run) => printSecurity(run),
  disk: runDisk,
  jobs: (_command, run) => printJobs(run),
  cancel: ({ values: { ID: id = 0 } }, run) => cancelJob(id, run),
  crashes: (_command, run) => printCrashes(run),
  crash: ({ values: { NAME, FILE } }, run) => printCrash({ bundle: NAME, file: FILE }, run),
  backup: ({ values: { BACKUP: name = '' } }, run) =>
    operation(run, run.client.call('backup', { name }, run.signal)),
  async backups(_command, { client, vm, json, signal }) {
    const list = await client.call('backupList', undefined, signal);
    await print(json ? JSON.stringify(list) : backupsText(vm, list));
  },
  restore: ({ values: { BACKUP: name = '' } }, run) =>
    operation(run, run.client.call('restore', { name }, run.signal)),
  connect: (command, run) => {
    const { options, values } = command;
    const [observe, force] = [options.has('observe'), options.has('force')];
    const session = { ...run, observe, force, record: values.RECORDING };
    return runConsoleSession(run.client, channelOf(command), session);
  },
  async who({ values: { CHANNEL = '' } }, { client, json, signal }) {
    const list = await client.call('consoleWho', CHANNEL, signal);
    await print(json ? JSON.stringify(list) : whoText(list, Date.now()).join('\n'));
  },
  screen: (command, run) => {
    return printScreen(channelOf(command), { html: command.options.has('html') }, run);
  },
  history: (command, run) => {
    const { NUMBER: lines, PATTERN } = command.values;
    const search = PATTERN === undefined ? undefined : new RegExp(PATTERN, 'u');
    return printHistory(channelOf(command), { lines, search }, run);
  },
  ...scriptRunners,
  log(command, { client, json, signal }) {
    const follow = command.options.has('follow');
    if (!follow) return printLog(client, channelOf(command), { follow, json, signal });
    return whileRead(signal, (ending) =>
      printLog(client, channelOf(command), { follow, json, signal: ending }),
    );
  },
  events: ({ values: { NUMBER: from = 0 } }, { client, vm, json, signal }) =>
    whileRead(signal, async (ending) => {
      let since = from;
      for (;;) {
        const list = await client.call('events', { since, max: 64, waitMs }, ending);
        for (const event of list.events) {
          sayMissing(vm, since, event.sequence);
          await print(json ? JSON.stringify(event) : eventText(event));
          since = event.sequence + 1;
        }
        sayMissing(vm, since, list.next);
        since = list.next;
      }
    }),
};

/** Reports missing events: the monitor dropped them because their source had the most. `from` 0: only new events. */
function sayMissing(vm: string, from: number, next: number): void {
  if (from === 0 || next <= from) return;
  const which = next - 1 === from ? `event ${from} is` : `events ${from} to ${next - 1} are`;
  console.error(`umlwatch: ${vm}: ${which} not held any more: there were too many of one source`);
}

async function printSecurity({ client, json, signal }: CommandRun): Promise<void> {
  const list = await client.call('security', undefined, signal);
  await print(json ? JSON.stringify(list) : securityLines(list).join('\n'));
}

function mconsoleLink(vm: string, client: MonitorClient): MconsoleLink {
  return { name: vm, ask: (line, signal) => client.call('mconsole', line, signal) };
}

function askAndPrint({ client, vm, json, signal }: CommandRun, line: string): Promise<void> {
  return printAnswer({ link: mconsoleLink(vm, client), json }, line, signal);
}

/** Executes one command of umlwatch and prints the result. Errors: those of the monitor, OutputClosed. */
export async function runCommand(
  command: Command,
  context: CommandContext,
  signal?: AbortSignal,
): Promise<void> {
  // A new connection for each command: it ends abandoned calls, and the monitor may have been restarted.
  const client = await context.connect();
  try {
    await noteLeaving(command, context, client, signal);
    await runners[command.name](command, { ...context, client, signal });
  } finally {
    client.close();
  }
}

/** Remembers the run that a command may end, for a later wait. */
async function noteLeaving(
  { name, values: { COMMAND, KEYS, LETTER, TEXT } }: Command,
  { vm, leaving }: CommandContext,
  client: MonitorClient,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!mayEndGuest(name, COMMAND ?? KEYS ?? LETTER ?? TEXT ?? '')) return;
  const { kernelPid, eventsNext: since } = await client.call('info', undefined, signal);
  leaving.set(vm, { kernelPid, since });
}

async function operation(
  { vm, json }: CommandRun,
  answer: Promise<Parameters<typeof operationText>[1]>,
): Promise<void> {
  const report = await answer;
  await print(json ? JSON.stringify(report) : operationText(vm, report));
}

function channelOf({ name, values: { CHANNEL } }: Command): string {
  if (CHANNEL !== undefined) return CHANNEL;
  throw new UmlmonError('INTERNAL', { place: name, cause: 'parsed without its channel' });
}
