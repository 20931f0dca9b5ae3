import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionLines, paragraph, usageLines } from '../command-line/help.ts';
import { umlwebProgram } from '../command-line/programs.ts';
import { configPathOf, readOptions } from '../command-line/read-options.ts';
import type { GlobalConfig } from '../config/config.ts';
import { tidyMemoryWhenQuiet } from '../system/collect-garbage.ts';
import { LastWord } from '../system/errors/daemon-exit.ts';
import { exitStatusOf, failureText, toFailure, UmlmonError } from '../system/errors/errors.ts';
import { ErrorLog } from '../system/logs/error-log.ts';
import { sayFailure } from '../system/logs/journal.ts';
import { type Log, openLog, reopenAtSignal } from '../system/logs/log.ts';
import { securityDirectory, securityFile, securityFileText } from '../system/logs/security-file.ts';
import { SecurityLog } from '../system/logs/security-log.ts';
import { takePassedSockets } from '../system/passed-sockets.ts';
import { ServiceManager } from '../system/service-manager.ts';
import { version } from '../system/version.ts';
import { MonitorConnections } from './hosts/monitors.ts';
import { Assets } from './http/assets.ts';
import { type Tls, WebServer } from './server.ts';

function helpText(): string {
  return [
    ...usageLines(umlwebProgram),
    '',
    ...paragraph(
      'Serves the dashboard and the consoles of VMs to browsers. Runs in the foreground and logs to ' +
        'standard error. Its keys in [GLOBAL] have the prefix web_ (umlmon(5)). Passwords: umladmin password.',
    ),
    '',
    ...optionLines(umlwebProgram),
    '',
    ...paragraph(
      'Exit status: 0 stopped by a signal, 1 failed, 2 wrong usage, 3 wrong configuration, ' +
        '6 cannot listen.',
    ),
  ].join('\n');
}

/**
 * `umlweb`: resolves to the exit status (umlweb(8), EXIT STATUS).
 *
 * @param programs the directory of the programs and of the files of the pages
 */
export async function umlweb(argv: readonly string[], programs: string): Promise<number> {
  try {
    const options = readOptions(argv, umlwebProgram);
    if (options.flags.has('help')) console.log(helpText());
    else if (options.flags.has('version')) console.log(version);
    else await serve(configPathOf(options, process.env), programs);
    return 0;
  } catch (error) {
    const failure = toFailure(error);
    sayFailure(`umlweb: ${failureText(failure)}`);
    return exitStatusOf(failure.code);
  }
}

async function serve(configPath: string | undefined, programs: string): Promise<void> {
  // The directory of the starter may be unmounted, or removed.
  process.chdir('/');
  const ended = new Promise<string>((resolve) => {
    // Later signals have no effect: the last log line must be complete.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
  const manager = ServiceManager.open(process.env);
  const ownLog = new ErrorLog();
  const log = openLog('umlweb', ownLog, 'program');
  reopenAtSignal(ownLog, log);
  const lastWord = new LastWord({
    log,
    warning: (error) => log.error(toFailure(error), 'a call to the host failed'),
  });
  try {
    lastWord.end(await serveUntilSignal({ configPath, programs, ended, manager, log }));
  } finally {
    // What is thrown here is the last line of the program.
    lastWord.close();
    manager?.close();
  }
}

interface WebParts {
  readonly configPath: string | undefined;
  readonly programs: string;
  readonly ended: Promise<string>;
  readonly manager: ServiceManager | undefined;
  readonly log: Log;
}

/** Resolves to the signal that ends umlweb. */
async function serveUntilSignal({ configPath, programs, ended, manager, log }: WebParts): Promise<string> {
  const monitors = new MonitorConnections(configPath);
  const global = monitors.global();
  const security = new SecurityLog(
    securityFile(securityDirectory(process.env, join(global.vardir, '.umlweb')), (change, path) =>
      log['failed' in change ? 'error' : 'warn']({ path }, securityFileText(change)),
    ),
  );
  const passed = takePassedSockets(process.env, process.pid).get('umlweb');
  const server = await WebServer.open({
    listen: passed === undefined ? global.web_listen : { fd: passed },
    url: global.web_url,
    tls: readTls(global),
    assets: new Assets(programs),
    monitors,
    log,
    security,
  });
  process.on('SIGHUP', () => renewTls(server, monitors, log));
  log.info({ address: server.address }, `umlweb serves ${server.address}`);
  manager?.tell({ READY: '1', STATUS: `serves ${server.address}` });
  tidyMemoryWhenQuiet();
  const signal = await ended;
  manager?.tell({ STOPPING: '1' });
  await server.close();
  security.close();
  return signal;
}

/** A certificate is renewed while pages are open. If it is unusable, the previous one stays. */
function renewTls(server: WebServer, monitors: MonitorConnections, log: Log): void {
  try {
    const tls = readTls(monitors.global());
    if (tls) server.renewTls(tls);
    log.info(tls ? 'certificate reloaded' : 'SIGHUP: no certificate is configured');
  } catch (error) {
    log.error(toFailure(error), 'the certificate was not reloaded');
  }
}

/** Errors: WEB_TLS. */
function readTls({ web_tls_cert, web_tls_key }: GlobalConfig): Tls | undefined {
  return web_tls_cert ? { cert: pem(web_tls_cert), key: pem(web_tls_key) } : undefined;
}

function pem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UmlmonError('WEB_TLS', { place: file, cause: toFailure(error).cause });
  }
}
