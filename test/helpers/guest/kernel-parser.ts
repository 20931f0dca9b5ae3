/**
 * How the kernel reads its command line, translated from C and independent of src: next_arg and skip_spaces of
 * lib/cmdline.c, parse_args of kernel/params.c, unknown_bootoption, obsolete_checksetup and set_init_arg of init/main.c,
 * uml_checksetup of arch/um/kernel/um_arch.c. Texts are bytes, one for each character (latin1).
 */

/** What a program is given for a text of JavaScript. */
export const bytesOf = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

/** lib/ctype.c: _S, of which there is one above 0x7f. */
const isSpace = (byte: string | undefined) => byte !== undefined && /[\t\n\v\f\r \xa0]/.test(byte);

export interface Parameter {
  readonly param: string;
  readonly val?: string;
}

function nextArg(args: string): Parameter & { readonly rest: string } {
  let inQuote = false;
  let quoted = false;
  let text = args;
  if (text[0] === '"') {
    text = text.slice(1);
    inQuote = true;
    quoted = true;
  }
  let equals = 0;
  let i = 0;
  for (; i < text.length; i++) {
    if (isSpace(text[i]) && !inQuote) break;
    if (equals === 0 && text[i] === '=') equals = i;
    if (text[i] === '"') inQuote = !inQuote;
  }
  const ends = i > 0 && text[i - 1] === '"';
  const rest = skipSpaces(text.slice(i + 1));
  if (equals === 0) return { param: text.slice(0, quoted && ends ? i - 1 : i), rest };
  let from = equals + 1;
  let to = i;
  if (text[from] === '"') {
    from += 1;
    if (ends) to = i - 1;
  }
  if (quoted && ends) to = Math.min(to, i - 1);
  return { param: text.slice(0, equals), val: text.slice(from, Math.max(from, to)), rest };
}

function skipSpaces(text: string): string {
  let i = 0;
  while (isSpace(text[i])) i += 1;
  return text.slice(i);
}

/** The parameters up to `--`, and those after it, up to another, which go to init. */
export function parseLine(line: string): {
  readonly parameters: readonly Parameter[];
  readonly forInit: readonly Parameter[];
} {
  const parameters: Parameter[] = [];
  const forInit: Parameter[] = [];
  let into = parameters;
  // C ends at a NUL.
  for (let args = skipSpaces(line.split('\0')[0] ?? ''); args !== ''; ) {
    const { rest, ...parameter } = nextArg(args);
    args = rest;
    const isEnd = parameter.param === '--' && parameter.val === undefined;
    if (isEnd && into === forInit) break;
    if (isEnd) into = forInit;
    else into.push(parameter);
  }
  return { parameters, forInit };
}

/** As it is handed on (repair_env_string): without the quotes around the value. */
export const textOf = ({ param, val }: Parameter) => (val === undefined ? param : `${param}=${val}`);

/** parameqn: - and _ are the same. */
const dashed = (text: string) => text.replaceAll('-', '_');
export const matches = (text: string, name: string) => dashed(text).startsWith(dashed(name));

/** Setups of UML that reach for the host, or are umlmon's; by their beginnings (.init.setup, .uml.setup.init). */
export const setups = ['ubd', 'udb', 'mconsole=', 'iomem=', 'root=', 'stderr='];
export const umlSetups = [
  ...['mem=', 'root=', 'umid=', 'xterm=', 'uml_dir=', 'noreboot', 'hostfs='],
  ...['--showconfig', '--help', '--version'],
];

/** What the kernel would take for a number of a console or interface: simple_strtoul and kstrtouint, base 0. */
const number = '(?:0[xX][0-9a-fA-F]+|\\d+)';
const numbered = new RegExp(`^(?:(?:con|ssl)(?:=|${number}=)|vec[^:]*:|eth\\+?${number}=)`);

/** Why an argument, as it is given and as it is parsed, reaches for what is umlmon's; '' if it does not. */
export function reaches(argument: string, parameters: readonly Parameter[]): string {
  const uml = umlSetups.find((name) => argument.startsWith(name));
  if (uml) return `uml_checksetup: ${uml}`;
  for (const parameter of parameters) {
    const text = textOf(parameter);
    const setup = setups.find((name) => matches(text, name));
    if (setup) return `obsolete_checksetup: ${setup}`;
    if (/^vec[+\d]/.test(text) || (numbered.test(dashed(text)) && !text.startsWith('vec')))
      return `a device: ${text}`;
    if (dashed(parameter.param) === 'virtio_uml.device') return 'virtio_uml.device';
  }
  return '';
}

/** What init gets of parameters that no part of the kernel knows: words, and its environment. */
export function initOf(line: string, isKnown: (text: string) => boolean) {
  const { parameters, forInit } = parseLine(line);
  const unknown = parameters.filter((one) => !isKnown(textOf(one)) && !one.param.includes('.'));
  const words = [...unknown.filter(({ val }) => val === undefined), ...forInit].map(textOf);
  const environment = new Map(unknown.flatMap(({ param, val }) => (val === undefined ? [] : [[param, val]])));
  return { words, environment };
}
