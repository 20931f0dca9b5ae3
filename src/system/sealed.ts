/**
 * Each program imports this file first. It prevents Node from opening a debugger or loading code (docs/threat-model.md). The
 * launcher, or the first line of the bundle, covers the time before.
 */
/** Variables that Node uses before the program starts: they load code or open the debugger. */
const acting = ['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'OPENSSL_CONF'];

// Without a listener, Node starts its debugger at this signal. Daemons add their own listener (reopenLogs).
process.on('SIGUSR1', () => undefined);

// Node reads it at each connection.
delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;

const variable = acting.find((name) => process.env[name]);
const debugging = process.execArgv.find((word) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(word));
if (variable !== undefined || debugging !== undefined) {
  process.getBuiltinModule('node:inspector').close();
  const cause =
    variable === undefined
      ? `Node was started with ${debugging}, and a debugger has the privileges of the program`
      : `${variable} is set, and Node has already used it`;
  const hint =
    variable === undefined
      ? 'remove this option'
      : 'run the program itself instead of node: its launcher removes the variable';
  process.stderr.write(`${ownName()}: ${cause} (hint: ${hint})\n`);
  process.exit(2);
}

/** The name of the program for its user. */
function ownName(): string {
  const [, path = ''] = process.argv;
  return /([a-z]+)(?:-main)?(?:\.[cm]?[jt]s)?$/.exec(path)?.[1] ?? 'umlmon';
}

export {};
