import { optionLines, paragraph, usageLines } from '../../command-line/help.ts';
import { umlmonProgram } from '../../command-line/programs.ts';
import { configPathOf, lastValue, readOptions } from '../../command-line/read-options.ts';
import { exitStatusOf, failureText, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { sayFailure } from '../../system/logs/journal.ts';
import { openReport, startInBackground } from '../../system/processes/background.ts';
import { version } from '../../system/version.ts';
import type { ConfigSource } from '../start/config-source.ts';
import { runCleanup } from '../takeover/cleanup.ts';
import { checkConfig } from './check.ts';
import { runDaemon } from './daemon.ts';
import { printPlan } from './print-plan.ts';
import { writeUnits } from './write-units.ts';

function helpText(): string {
  return [
    ...usageLines(umlmonProgram),
    '',
    'Starts the monitor of a VM, in the background unless -fg is given.',
    '',
    ...optionLines(umlmonProgram),
    '',
    ...paragraph(
      'Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, ' +
        '5 a monitor runs already, 6 the host lacks something.',
    ),
  ].join('\n');
}

/** `umlmon`: resolves to the exit status (umlmon(8), EXIT STATUS). */
export async function umlmon(argv: readonly string[]): Promise<number> {
  const report = openReport();
  try {
    const options = readOptions(argv, umlmonProgram);
    const {
      flags,
      rest: [vm],
    } = options;
    const configPath = configPathOf(options, process.env);
    const units = lastValue(options, 'units');
    if (flags.has('help')) console.log(helpText());
    else if (flags.has('version')) console.log(version);
    else if (flags.has('check')) return checkConfig({ vm, configPath, json: flags.has('json') });
    else if (units !== undefined) return writeUnits(configPath, units);
    else {
      const source = { vm: requireName(vm), configPath };
      if (flags.has('plan')) await printPlan(source, flags.has('json'));
      else if (flags.has('cleanup')) await runCleanup(source, flags.has('json'));
      else if (report)
        await runDaemon({
          ...source,
          foreground: false,
          onReady: (warnings) => report({ ready: { pid: process.pid, warnings } }),
        });
      else if (flags.has('fg')) await runDaemon({ ...source, foreground: true, onReady: () => undefined });
      else {
        const { pid, warnings } = await startInBackground(backgroundCommand(source));
        for (const warning of warnings) console.error(warning);
        console.log(`${source.vm}: monitor ${pid} started`);
      }
    }
    return 0;
  } catch (error) {
    const failure = toFailure(error);
    if (report) report({ failed: failure });
    else sayFailure(`umlmon: ${failureText(failure)}`);
    return exitStatusOf(failure.code);
  }
}

/** This program once more. */
function backgroundCommand({ vm, configPath }: ConfigSource): string[] {
  const [node = '', program = ''] = process.argv;
  const config = configPath === undefined ? [] : ['-config', configPath];
  return [node, ...process.execArgv, program, ...config, vm];
}

function requireName(vm: string | undefined): string {
  if (vm !== undefined) return vm;
  throw new UmlmonError('USAGE', {
    place: '',
    cause: 'no VM given',
    hint: 'umlmon VM; umlmon -check lists them',
  });
}
