import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitStatusOf, failureText, toFailure, UmlmonError } from '../system/errors.ts';
import { openLog } from '../system/log.ts';
import { version } from '../system/version.ts';
import { Assets } from './assets.ts';
import { Monitors } from './monitors.ts';
import { WebServer } from './server.ts';

const help = `umlweb [-config PATH]   dashboard and consoles of this host's VMs, for browsers
umlweb -version | -help

Runs in the foreground and logs to standard error. Keys: web_listen, web_tls_cert, web_tls_key, web_url in
[GLOBAL] (umlmon(5)). Passwords: umladmin password.

Exit status: 0 ended by a signal, 1 failed, 2 wrong usage, 3 wrong configuration, 6 cannot take calls.`;

/**
 * `umlweb`: resolves to the exit status (umlweb(8), EXIT STATUS).
 *
 * @param programs the directory of the programs and of the files of the pages
 */
export async function umlweb(argv: readonly string[], programs: string): Promise<number> {
  try {
    const { configPath, word } = parseArguments(argv);
    if (word) console.log(word === 'help' ? help : version);
    else await serve(configPath, programs);
    return 0;
  } catch (error) {
    const failure = toFailure(error);
    console.error(`umlweb: ${failureText(failure)}`);
    return exitStatusOf(failure.code);
  }
}

async function serve(configPath: string | undefined, programs: string): Promise<void> {
  const ended = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  const log = openLog('umlweb', process.stderr);
  const monitors = new Monitors(configPath, programs);
  const { web_listen, web_tls_cert, web_tls_key, web_url } = monitors.global();
  const server = await WebServer.open({
    listen: inheritedListener() ?? web_listen,
    url: web_url,
    tls: web_tls_cert ? { cert: pem(web_tls_cert), key: pem(web_tls_key) } : undefined,
    assets: new Assets(programs),
    monitors,
    log,
  });
  log.info({ address: server.address }, `umlweb serves ${server.address}`);
  const signal = await ended;
  log.info(`ends: ${signal}`);
  await server.close();
}

/** The socket that systemd gives (sd_listen_fds(3)). */
function inheritedListener(): { readonly fd: number } | undefined {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  return LISTEN_PID === String(process.pid) && Number(LISTEN_FDS) >= 1 ? { fd: 3 } : undefined;
}

function pem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UmlmonError('WEB_TLS', { place: file, cause: toFailure(error).cause });
  }
}

function parseArguments(argv: readonly string[]): {
  readonly configPath: string | undefined;
  readonly word: 'help' | 'version' | undefined;
} {
  const usage = (cause: string) => new UmlmonError('USAGE', { place: 'umlweb', cause, hint: 'umlweb -help' });
  const rest = [...argv];
  let configPath: string | undefined;
  let word: 'help' | 'version' | undefined;
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const option = /^--?([a-z]+)$/.exec(next)?.[1];
    if (option === 'help' || option === 'version') word = option;
    else if (option === 'config') {
      const path = rest.shift();
      if (path === undefined) throw usage('-config needs a PATH');
      configPath = resolve(path);
    } else throw usage(`${next} is not an option`);
  }
  return { configPath, word };
}
