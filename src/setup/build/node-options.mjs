// How Node is started for each program: for the launcher, and for the first lines of the bundles.
import { readFileSync } from 'node:fs';

/**
 * Node must not open anything of its own in a program (docs/threat-model.md). A signal starts the debugger while Node
 * itself starts. This host name cannot be resolved, so that the debugger has no address to listen at. It has an empty
 * label, so that no server is queried for it. Packages come from beside the programs, not from the home of a user.
 */
const sealed = ['--inspect-port=no..debugger:9229', '--no-global-search-paths'];

/** @param {string} program its name: umlmon */
export function nodeOptions(program) {
  // A monitor lives long and does little. Without these, the young generation and the optimizing compiler double
  // its memory in the first fifty starts (docs/decisions/0003-bundles.md).
  if (program === 'umlmon') return [...sealed, '--max-semi-space-size=1', '--no-opt'];
  // It does not live long enough for helpers: some milliseconds of its start.
  if (program === 'umlrun') return [...sealed, '--v8-pool-size=0'];
  return sealed;
}

/**
 * The first line of a bundle that is run without the launcher; a kernel reads 255 bytes of it. It removes the variables
 * that Node would act on before the bundle can refuse them.
 *
 * @param {string} program its name: umlmon
 * @param {string} node the path of Node
 */
export function firstLine(program, node) {
  const variables = [
    'NODE_OPTIONS',
    'NODE_COMPILE_CACHE',
    'NODE_V8_COVERAGE',
    'OPENSSL_CONF',
    // More authorities for TLS, which Node reads at each start, in a time of 40 ms. Only umldir asks servers of others: etcd.
    ...(program === 'umldir' ? [] : ['NODE_EXTRA_CA_CERTS']),
  ];
  const line = `#!/usr/bin/env -S ${variables.map((name) => `-u ${name} `).join('')}${node} ${nodeOptions(program).join(' ')}`;
  if (line.length > 254) throw new Error(`the first line of ${program} is too long for a kernel: ${line}`);
  return line;
}

/**
 * What src/bin/launcher.c is compiled with, as text in C.
 *
 * @param {readonly string[]} programs their names
 * @param {string} node the path of Node
 */
export function launcherTables(programs, node) {
  const quote = (text) => JSON.stringify(text);
  const entries = programs.map((name) => `{${quote(name)}, {${nodeOptions(name).map(quote).join(', ')}}}`);
  const { daemon, umldir, loader } = JSON.parse(
    readFileSync(new URL('../../system/environment.json', import.meta.url), 'utf8'),
  );
  const tables = {
    NODE: quote(node),
    PROGRAMS: entries.join(', '),
    DAEMON_VARIABLES: daemon.map(quote).join(', '),
    UMLDIR_VARIABLES: umldir.map(quote).join(', '),
    LOADER_VARIABLES: loader.map(quote).join(', '),
  };
  return Object.entries(tables)
    .map(([name, text]) => `#define ${name} ${text}\n`)
    .join('');
}
