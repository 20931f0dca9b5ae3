/** Answers of another host, of a directory server or a monitor, cannot control the terminal of the client. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Handlers } from '../../../src/rpc/codec/program.ts';
import { RpcServer } from '../../../src/rpc/server/server.ts';
import { umldir } from '../../../src/rpc/umldir.gen.ts';
import { umlmonctrl } from '../../../src/rpc/umlmonctrl.gen.ts';
import { program, World } from '../../helpers/programs/world.ts';
import { Tmux } from '../../helpers/terminal/tmux.ts';
import { info, job, stubHandlers, why } from '../../rpc/stub-handlers.ts';

/** Sets a title, in 7 bits and in 8; and reverses the direction of the text after it. */
const evil = 'said\x1b]0;evil\x07\x9d0;evil\x9c\u202e';
const failed = { kind: 'failed', why: { ...why, place: evil, cause: evil, hint: evil } } as const;

const directory: Handlers<typeof umldir> = {
  null: () => undefined,
  getPort: () => failed,
  list: () => failed,
  watch: () => failed,
  register: () => failed,
};

const kept = Buffer.from(`${evil}\n`);
const bundle = {
  ...{ name: '2026-11-21T12-34-56Z', endedAt: 1, cause: 'crash', panic: '' },
  files: [{ path: 'console/con0', bytes: kept.length }],
};

const disk = { unit: 1, path: evil, backing: evil, flags: evil, size: 1, allocated: 1, plugged: false };
const done = { state: 'done', result: { image: evil, bytes: 1, summary: evil, report: evil } } as const;
const monitor: Handlers<typeof umlmonctrl> = {
  ...stubHandlers,
  info: () => ({
    kind: 'ok',
    info: {
      ...info,
      ...{ name: evil, operation: evil, user: evil, cpus: evil, tcp: evil, mconsole: evil },
      held: { kind: 'preserved', since: 1, why: evil },
      paused: { since: 1, by: evil, resumesAt: 0 },
      settings: [{ key: evil, value: evil, origin: evil }],
      disks: [disk],
    },
  }),
  start: () => failed,
  crashList: () => ({ kind: 'ok', list: { bundles: [bundle], lost: 0 } }),
  crashRead: ({ offset }) => ({ kind: 'ok', bytes: { data: kept.subarray(offset), size: kept.length } }),
  diskRun: () => ({ kind: 'ok', job: { ...job, name: evil, subject: evil, outcome: done } }),
};

const world = new World();
const servers: RpcServer<typeof umldir | typeof umlmonctrl>[] = [];

beforeAll(async () => {
  const faults = (error: unknown) => console.error(error);
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const one = new RpcServer(umldir, directory, faults);
  one.serve(listener);
  const other = new RpcServer(umlmonctrl, monitor, faults);
  world.configure({ vm1: 'mem = 64M' }, `umldir_port = ${port}`);
  mkdirSync(join(world.varDir, 'vm1'), { recursive: true });
  await other.listen({ path: join(world.varDir, 'vm1/ctrl'), mode: 0o600 });
  servers.push(one, other);
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await world.close();
});

test.each([
  ['umlwatch', 'vm1@127.0.0.1', '-info'],
  ['umlwatch', 'vm1', '-info'],
  ['umlwatch', 'vm1', '-start'],
  ['umlwatch', 'vm1', '-start', '-json'],
  ['umlwatch', 'vm1', '-disk', 'copy', '/disks/a.dsk', '/disks/b.dsk'],
  ['umldir', '-list', '127.0.0.1'],
  ['umldir', '-list', '127.0.0.1', '-json'],
] as const)('no answer of it controls the terminal: %s %s %s', async (name, ...args) => {
  const said = await new Promise<string>((resolve) => {
    execFile(program(name), ['-config', world.configPath, ...args], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  expect(said).toContain('said');
  expect(said).not.toMatch(/[^\P{C}\n]/u);
});

test('a file of a crash: a pipe gets it as it is, a terminal does not', async () => {
  const words = `"${process.execPath}" "${program('umlwatch')}" -config "${world.configPath}" vm1`;
  const terminal = new Tmux({ commands: { umlwatch: `exec ${words} "$@"` } });
  try {
    await terminal.shows('$');
    const crash = 'umlwatch -crash last -get console/con0';
    const title = terminal.value('#{pane_title}');
    expect(await terminal.run(crash)).toContain('said\\x1b]0;evil\\x07');
    expect(terminal.value('#{pane_title}')).toBe(title);
    expect(await terminal.run(`${crash} | od -c | head -1`)).toContain('s   a   i   d 033   ]   0   ;');
  } finally {
    terminal.close();
  }
});
