import { readConfig } from '../config/locate.ts';
import { configError } from '../config/problem.ts';
import { didYouMean } from '../config/suggest.ts';
import { layoutOf } from '../jail/layout.ts';
import { exitStatusOf, toFailure, UmlmonError } from '../system/errors.ts';
import { version } from '../system/version.ts';
import { errorText } from './error-text.ts';
import { type EscapeKey, escapeKey } from './escape-key.ts';
import { helpText } from './help.ts';
import { runInteractive, runScript } from './interactive.ts';
import { MonitorClient } from './monitor-client.ts';
import { brokenPipeStatus, OutputClosed, print, watchOutput } from './output.ts';
import { type CommandLine, parseCommandLine } from './parse.ts';
import { runCommand } from './run-command.ts';

/** The client of one VM; resolves to the exit status (umlwatch(1), EXIT STATUS). */
export async function umlwatch(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  watchOutput();
  try {
    const line = parseCommandLine(argv);
    if (line.help) await print(helpText());
    else if (line.version) await print(version);
    else await talk(line);
    return 0;
  } catch (error) {
    if (error instanceof OutputClosed) return brokenPipeStatus;
    console.error(`${json ? '' : 'umlwatch: '}${errorText(error, json)}`);
    return exitStatusOf(toFailure(error).code);
  }
}

async function talk({ target, configPath, commands, json }: CommandLine): Promise<void> {
  if (target === undefined)
    throw new UmlmonError('USAGE', {
      place: '',
      cause: 'which VM?',
      hint: 'umlwatch VM -info; -help tells more',
    });
  const context = { vm: target, json, ...findMonitor(target, configPath) };
  for (const command of commands) await runCommand(command, context);
  if (commands.length > 0) return;
  // Whether there is a monitor is said before words are asked for.
  const client = await context.connect();
  const { state } = await client.call('info', undefined).finally(() => client.close());
  if (!process.stdin.isTTY) await runScript(context);
  else {
    await print(`${target} is ${state}; help lists the words, quit leaves`);
    await runInteractive(context);
  }
}

/** The monitor of a VM. A configuration with mistakes elsewhere still tells where it listens. */
function findMonitor(
  vm: string,
  configPath: string | undefined,
): { escapeKey: EscapeKey; connect: () => Promise<MonitorClient> } {
  const [name = '', host] = vm.split('@');
  if (host !== undefined)
    throw new UmlmonError('USAGE', {
      place: vm,
      cause: 'only VMs of this host can be reached',
      hint: `ssh -t ${host} umlwatch ${name}`,
    });
  const request = {
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
  };
  const { config, broken, problems, file } = readConfig({ ...request, vm });
  if (!config) throw configError(problems);
  const { vardir, rundir, shared } = config.global;
  const { ctrl } = layoutOf(vm, { varDir: vardir, runDir: rundir, shared });
  const known = [...config.vms.keys(), ...broken.keys()];
  const connect = async () => {
    try {
      return await MonitorClient.connect(ctrl, vm);
    } catch (error) {
      // A monitor may well serve a VM that is no longer in the configuration; but none does.
      if (known.includes(vm) || toFailure(error).code !== 'MONITOR_UNREACHABLE') throw error;
      const hint = didYouMean(vm, known, known.length > 0 ? `it has ${known.join(', ')}` : 'it has none');
      throw new UmlmonError('CONFIG_NO_VM', {
        place: file,
        cause: `there is no VM ${vm}, and no monitor for it`,
        hint,
      });
    }
  };
  return { escapeKey: escapeKey(config.global.escape), connect };
}
