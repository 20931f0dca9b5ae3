import { readConfig } from '../config/locate.ts';
import { configError } from '../config/problem.ts';
import { layoutOf } from '../jail/layout.ts';
import { UmlmonError, exitStatusOf, failureText, toFailure } from '../system/errors.ts';
import { version } from '../system/version.ts';
import type { Escape } from './console-session.ts';
import { helpText } from './help.ts';
import { runInteractive } from './interactive.ts';
import { MonitorClient } from './monitor-client.ts';
import { type CommandLine, parseCommandLine } from './parse.ts';
import { runCommand } from './run-command.ts';

/** The client of one VM; resolves to the exit status (umlwatch(1), EXIT STATUS). */
export async function umlwatch(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  try {
    const line = parseCommandLine(argv);
    if (line.help) console.log(helpText());
    else if (line.version) console.log(version);
    else await talk(line);
    return 0;
  } catch (error) {
    const failure = toFailure(error);
    console.error(json ? JSON.stringify({ error: failure }) : `umlwatch: ${failureText(failure)}`);
    return exitStatusOf(failure.code);
  }
}

/** Where the monitor of a VM listens. A configuration with mistakes elsewhere still tells that. */
function findMonitor(vm: string, configPath: string | undefined): { ctrl: string; escape: Escape } {
  const request = { ...(configPath === undefined ? {} : { configPath }), env: process.env, uid: process.geteuid?.() ?? 0 };
  const { config, problems } = readConfig({ ...request, vm });
  if (!config) throw configError(problems);
  const { vardir, rundir, shared, escape } = config.global;
  const name = `CTRL-${String.fromCharCode(escape + 0x40)}`;
  return { ctrl: layoutOf(vm, { varDir: vardir, runDir: rundir, shared }).ctrl, escape: { byte: escape, name } };
}

async function talk({ target, configPath, commands, json }: CommandLine): Promise<void> {
  if (target === undefined)
    throw new UmlmonError('USAGE', { place: 'umlwatch', cause: 'which VM?', hint: 'umlwatch VM -info' });
  const { ctrl, escape } = findMonitor(target, configPath);
  const client = await MonitorClient.connect(ctrl, target);
  try {
    const context = { vm: target, client, json, escape };
    if (commands.length === 0) await runInteractive(context);
    const never = new AbortController();
    for (const command of commands) await runCommand(command, { ...context, signal: never.signal });
  } finally {
    client.close();
  }
}
