import { umlrunProgram } from '../command-line/programs.ts';
import { lastValue, readOptions } from '../command-line/read-options.ts';
import { quoted } from '../config/problem.ts';
import { sizeParser } from '../config/values/values.ts';
import { callersValue } from '../system/environment.ts';
import { UmlmonError } from '../system/errors/errors.ts';

export interface SharedPath {
  readonly directory: string;
  readonly writable: boolean;
}

/** What the command line asks for. The command is bytes: arguments need not be UTF-8. */
export interface RunRequest {
  readonly configPath: string | undefined;
  /** Neither: the image that the configuration's shared tree has under the usual name. */
  readonly image: string | undefined;
  readonly root: string | undefined;
  readonly shares: readonly SharedPath[];
  /** Bytes of guest memory. */
  readonly memory: number;
  /** `user`: a way out, by pasta(1). */
  readonly network: 'none' | 'user';
  readonly kernel: string | undefined;
  readonly user: string | undefined;
  /** `NAME=VALUE`. */
  readonly environment: readonly Buffer[];
  readonly command: readonly Buffer[];
}

export type UmlrunCommandLine = { readonly run: RunRequest } | { readonly show: 'help' | 'version' };

const MIB = 1024 ** 2;
/** Options that may be given several times. */
const repeatable: ReadonlySet<string> = new Set(['share', 'env']);
const parseSize = sizeParser({ min: 32 * MIB, max: 64 * 1024 * MIB, step: MIB });

/**
 * The command line of umlrun(1), without the name of the program.
 *
 * @param env is where `-env NAME` takes its values from
 * @throws UmlmonError USAGE
 */
export function parseUmlrunArguments(
  argv: readonly Buffer[],
  env: Readonly<Record<string, string | undefined>>,
): UmlrunCommandLine {
  const usage = (cause: string, hint = 'umlrun -help') =>
    new UmlmonError('USAGE', { place: '', cause, hint });
  const options = readOptions(argv, umlrunProgram);
  const { flags, values, rest } = options;
  if (flags.has('help')) return { show: 'help' };
  if (flags.has('version')) return { show: 'version' };
  for (const [option, given] of values)
    if (given.length > 1 && !repeatable.has(option)) throw usage(`-${option} is given more than once`);
  const textOf = (option: string) => lastValue(options, option)?.toString();
  const [image, root] = [textOf('image'), textOf('root')];
  const net = textOf('net') ?? 'none';
  if (net !== 'none' && net !== 'user') throw usage(`-net: ${quoted(net)} is not none or user`);
  if (image !== undefined && root !== undefined)
    throw usage('either -image or -root: there is one root file system');
  const size = parseSize(textOf('mem') ?? '256M');
  if ('cause' in size) throw usage(`-mem: ${size.cause}`, size.hint || undefined);
  if (rest.length === 0) throw usage('no command given');
  return {
    run: {
      configPath: textOf('config'),
      image,
      root,
      shares: (values.get('share') ?? []).map((value) => parseShare(value.toString())),
      memory: size.value,
      network: net,
      kernel: textOf('kernel'),
      user: textOf('user'),
      environment: (values.get('env') ?? []).flatMap((value) => parseVariable(value, env, usage)),
      command: rest,
    },
  };
}

/** A directory whose name ends in `:ro` can be shared as `DIR:ro:rw`. */
function parseShare(text: string): SharedPath {
  const [, directory = text, mode = 'rw'] = /^(.+):(ro|rw)$/.exec(text) ?? [];
  return { directory, writable: mode === 'rw' };
}

function parseVariable(
  value: Buffer,
  env: Readonly<Record<string, string | undefined>>,
  usage: (cause: string) => UmlmonError,
): Buffer[] {
  const text = value.toString();
  if (text.startsWith('=')) throw usage(`-env ${text}: a variable has a name`);
  if (text.includes('=')) return [value];
  const own = callersValue(env, text);
  return own === undefined ? [] : [Buffer.from(`${text}=${own}`)];
}
