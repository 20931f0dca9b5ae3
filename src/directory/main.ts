import { resolve } from 'node:path';
import { exitStatusOf, failureText, toFailure, UmlmonError } from '../system/errors.ts';
import { version } from '../system/version.ts';
import { runUmldir } from './daemon.ts';
import { printDirectory } from './print-directory.ts';

const help = `umldir [-config PATH]                        serve the directory of this host's VMs, in the foreground
umldir [-config PATH] -list [HOST[:PORT]] [-json]   print what the directory of this or another host knows
umldir -version | -help

Exit status: 0 done, 1 failed, 2 wrong usage, 3 wrong configuration, 4 no directory answers,
5 another umldir runs, 6 cannot listen.`;

interface Arguments {
  readonly configPath: string | undefined;
  readonly flags: ReadonlySet<string>;
  /** The host of -list. */
  readonly host: string | undefined;
}

/** `umldir`: resolves to the exit status (umldir(8), EXIT STATUS). */
export async function umldir(argv: readonly string[]): Promise<number> {
  const json = argv.some((word) => /^--?json$/.test(word));
  try {
    const { configPath, flags, host } = parseArguments(argv);
    if (flags.has('help')) console.log(help);
    else if (flags.has('version')) console.log(version);
    else if (flags.has('list')) await printDirectory({ configPath, host, json: flags.has('json') });
    else await runUmldir(configPath);
    return 0;
  } catch (error) {
    const failure = toFailure(error, 'umldir');
    console.error(json ? JSON.stringify({ error: failure }) : `umldir: ${failureText(failure)}`);
    return exitStatusOf(failure.code);
  }
}

const knownFlags = new Set(['list', 'json', 'version', 'help']);

function parseArguments(argv: readonly string[]): Arguments {
  const usage = (cause: string) => new UmlmonError('USAGE', { place: '', cause, hint: 'umldir -help' });
  const flags = new Set<string>();
  const rest = [...argv];
  let host: string | undefined;
  let configPath = process.env.UMLMON_CONFIG && resolve(process.env.UMLMON_CONFIG);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const option = /^--?([a-z]+)$/.exec(word)?.[1];
    if (option === 'config') {
      configPath = rest.shift();
      if (configPath === undefined) throw usage('-config needs a PATH');
      configPath = resolve(configPath);
    } else if (option !== undefined && knownFlags.has(option)) flags.add(option);
    else if (word.startsWith('-')) throw usage(`${word} is not an option`);
    else if (host !== undefined) throw usage(`${word}: there is a host already (${host})`);
    else host = word;
  }
  if (host !== undefined && !flags.has('list')) throw usage(`${host}: only -list takes a host`);
  return { configPath: configPath || undefined, flags, host };
}
