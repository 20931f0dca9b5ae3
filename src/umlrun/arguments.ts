import { quoted } from '../config/problem.ts';
import { sizeParser } from '../config/values/values.ts';
import { callersValue } from '../system/environment.ts';
import { UmlmonError } from '../system/errors/errors.ts';

export interface SharedPath {
  readonly directory: string;
  readonly writable: boolean;
}

/** What the command line asks for. Words of the command are bytes: arguments need not be UTF-8. */
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
  const rest = [...argv];
  const given = new Map<string, string>();
  const shares: SharedPath[] = [];
  const environment: Buffer[] = [];
  while (rest[0]?.[0] === 0x2d) {
    const word = rest.shift()?.toString() ?? '';
    if (word === '--') break;
    const option = word.replace(/^--?/, '');
    if (option === 'help' || option === 'version') return { show: option };
    if (!['config', 'image', 'root', 'share', 'mem', 'net', 'kernel', 'user', 'env'].includes(option))
      throw usage(`${word} is not an option`);
    const value = rest.shift();
    if (value === undefined || value.length === 0) throw usage(`${word} needs a value`);
    const text = value.toString();
    if (option === 'share') shares.push(parseShare(text));
    else if (option === 'env') environment.push(...parseVariable(value, env, usage));
    else if (given.has(option)) throw usage(`${word} is given twice`);
    else given.set(option, text);
  }
  const net = given.get('net') ?? 'none';
  if (net !== 'none' && net !== 'user') throw usage(`-net: ${quoted(net)} is not none or user`);
  if (given.has('image') && given.has('root'))
    throw usage('either -image or -root: there is one root file system');
  const size = parseSize(given.get('mem') ?? '256M');
  if ('cause' in size) throw usage(`-mem: ${size.cause}`, size.hint || undefined);
  if (rest.length === 0) throw usage('which command?');
  return {
    run: {
      configPath: given.get('config'),
      image: given.get('image'),
      root: given.get('root'),
      shares,
      memory: size.value,
      network: net,
      kernel: given.get('kernel'),
      user: given.get('user'),
      environment,
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
