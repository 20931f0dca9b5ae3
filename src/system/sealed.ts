/**
 * Imported first of all, by each program: nothing of Node's own may be opened in it, by nobody (docs/threat-model.md). The
 * launcher, or the first line of the bundle, has seen to the time before this.
 */
/** Node acts on them before a program can say anything: they load code into it, or open its debugger. */
const acting = ['NODE_OPTIONS', 'NODE_COMPILE_CACHE', 'OPENSSL_CONF'];

// Without a listener, Node starts its debugger at this signal. A daemon adds what it does (reopenLogs).
process.on('SIGUSR1', () => undefined);

// Node asks for it at each connection.
delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;

const variable = acting.find((name) => process.env[name]);
const debugging = process.execArgv.find((word) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(word));
if (variable !== undefined || debugging !== undefined) {
  process.getBuiltinModule('node:inspector').close();
  const cause =
    variable === undefined
      ? `Node was started with ${debugging}, and what debugs a program has its rights`
      : `${variable} is set, and Node has acted on it already`;
  const hint =
    variable === undefined ? 'leave it out' : 'run the program itself, and not node: it does without';
  process.stderr.write(`${ownName()}: ${cause} (hint: ${hint})\n`);
  process.exit(2);
}

/** Of the program, as its user calls it. */
function ownName(): string {
  const [, path = ''] = process.argv;
  return /([a-z]+)(?:-main)?(?:\.[cm]?[jt]s)?$/.exec(path)?.[1] ?? 'umlmon';
}

export {};
