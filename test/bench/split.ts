/**
 * What a monitor without root, with a helper that has it, would cost: the figures of
 * docs/decisions/0022-privilege-separation.md. By itself, since nothing of it is in umlmon:
 *
 *     npx esbuild test/bench/split.ts --bundle --platform=node --format=cjs --external:koffi --external:node-pty --outfile=dist/test/split.cjs
 *     node dist/test/split.cjs
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = process.cwd();
const home = mkdtempSync(join(tmpdir(), 'umlmon-split-'));
const nobody = 65534;

function pssOf(pid: number): number {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const ms = (value: number) => `${value.toFixed(2)} ms`;
const mib = (value: number) => `${value.toFixed(1)} MiB`;

class Helper {
  readonly child: ChildProcess;
  readonly #line: Socket;

  constructor(command: readonly string[]) {
    const [program = '', ...args] = command;
    // Node makes a pair of Unix sockets of it, as a monitor would.
    this.child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    this.#line = this.child.stdio[3] as Socket;
  }

  async ask(request: string): Promise<string> {
    const answer = once(this.#line, 'data');
    this.#line.write(`${request}\n`);
    return String((await answer)[0]).trim();
  }
}

async function timed(count: number, ways: Readonly<Record<string, () => Promise<unknown>>>) {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round < count; round++)
    for (const [name, way] of Object.entries(ways)) {
      const began = performance.now();
      await way();
      times[name]?.push(performance.now() - began);
    }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}

/** The same program in Node: the modules that a helper needs, idle. */
function nodeHelper(): string {
  const source = `
    import { spawnInJail } from './src/jail/spawn/spawn.ts';
    import { configureNetwork } from './src/network/configure.ts';
    import { makeDirectories } from './src/jail/directories.ts';
    import { koffi } from './src/system/native/koffi.ts';
    import { lchownSync } from 'node:fs';
    import { Socket } from 'node:net';
    koffi();
    export const all = [spawnInJail, configureNetwork, makeDirectories];
    const line = new Socket({ fd: 3 });
    line.on('data', (text) => {
      const [, uid, path] = /^own (\\d+) (.*)$/.exec(String(text).trim());
      lchownSync(path, Number(uid), 0);
      line.write('0\\n');
    });`;
  // Beside the packages.
  const file = join(root, 'dist/test/split-node-helper.cjs');
  execFileSync(
    'npx',
    [
      'esbuild',
      '--bundle',
      '--platform=node',
      '--format=cjs',
      '--minify-whitespace',
      '--external:koffi',
      '--external:node-pty',
      `--outfile=${file}`,
    ],
    {
      input: source,
      cwd: root,
      stdio: ['pipe', 'ignore', 'inherit'],
    },
  );
  return file;
}

async function measureHelpers(): Promise<void> {
  const program = join(home, 'helper');
  execFileSync('cc', ['-static', '-Os', '-s', '-o', program, join(root, 'test/bench/split-helper.c')]);
  const file = join(home, 'file');
  writeFileSync(file, '');
  const inC = new Helper([program]);
  const inNode = new Helper([process.execPath, '--max-semi-space-size=1', '--no-opt', nodeHelper()]);
  await inNode.ask(`own 0 ${file}`);
  const own = await timed(500, {
    here: async () => chownSync(file, 0, 0),
    'helper in C': () => inC.ask(`own 0 ${file}`),
    'helper in Node': () => inNode.ask(`own 0 ${file}`),
  });
  for (const [name, time] of Object.entries(own)) console.log(`one chown, ${name}: ${ms(time)}`);
  const run = await timed(200, {
    here: async () => once(spawn('/bin/true', { stdio: 'ignore' }), 'exit'),
    'helper in C': () => inC.ask('run /bin/true'),
  });
  for (const [name, time] of Object.entries(run))
    console.log(`one program, to its end, ${name}: ${ms(time)}`);
  const start = await timed(50, {
    'helper in C': async () => {
      const helper = new Helper([program]);
      await helper.ask(`own 0 ${file}`);
      helper.child.kill();
    },
    'helper in Node': async () => {
      const helper = new Helper([
        process.execPath,
        '--max-semi-space-size=1',
        '--no-opt',
        join(root, 'dist/test/split-node-helper.cjs'),
      ]);
      await helper.ask(`own 0 ${file}`);
      helper.child.kill();
    },
  });
  for (const [name, time] of Object.entries(start)) console.log(`start of a helper, ${name}: ${ms(time)}`);
  console.log(`memory (PSS) of the helper in C: ${mib(pssOf(inC.child.pid ?? 0))}`);
  console.log(`memory (PSS) of the helper in Node: ${mib(pssOf(inNode.child.pid ?? 0))}`);
  inC.child.kill();
  inNode.child.kill();
}

/** A monitor as root, and one as the user of its VM: the latter is a monitor after the split, but for taps. */
async function measureMonitors(): Promise<void> {
  execFileSync('chmod', ['755', home]);
  const places = ['root', 'user'].map((who) => {
    const place = join(home, who);
    execFileSync('sh', [
      '-c',
      `mkdir -p ${place}/var/shared/kernels ${place}/var/shared/disks && cp -rL ${process.env.UMLMON_TEST_KERNEL} ${place}/var/shared/kernels/linux && cp --sparse=always ${process.env.UMLMON_TEST_IMAGE} ${place}/var/shared/disks/root.dsk && chown ${nobody} ${place}/var/shared/disks/root.dsk`,
    ]);
    const user = who === 'root' ? 'vmuser = nobody\n' : '';
    writeFileSync(
      `${place}/u.ini`,
      `[GLOBAL]\nvardir = ${place}/var\nrundir = ${place}/run\n[vm1]\n${user}ubd0 = /shared/disks/root.dsk\n`,
    );
    if (who === 'user') execFileSync('chown', ['-R', `${nobody}:${nobody}`, place]);
    const before =
      who === 'user'
        ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', 'env', `HOME=${place}`]
        : [];
    const run = (program: string, ...args: string[]) => {
      const [command = '', ...rest] = [
        ...before,
        join(root, 'dist', program),
        '-config',
        `${place}/u.ini`,
        ...args,
      ];
      return execFileSync(command, rest, { encoding: 'utf8' });
    };
    return { who, place, run };
  });
  try {
    for (const { run } of places) run('umlmon', 'vm1');
    const times = await timed(
      12,
      Object.fromEntries(
        places.map(({ who, run }) => [
          who,
          async () => {
            run('umlwatch', 'vm1', '-start');
            run('umlwatch', 'vm1', '-kill');
          },
        ]),
      ),
    );
    for (const [who, time] of Object.entries(times))
      console.log(`start and kill of a VM, monitor of ${who}: ${ms(time)}`);
    for (const { who, place, run } of places) {
      run('umlwatch', 'vm1', '-start');
      console.log(
        `memory (PSS) of the monitor of ${who}: ${mib(pssOf(Number(readFileSync(`${place}/run/vm1.pid`, 'utf8'))))}`,
      );
    }
  } finally {
    for (const { place, run } of places) {
      run('umlwatch', 'vm1', '-kill');
      process.kill(Number(readFileSync(`${place}/run/vm1.pid`, 'utf8')), 'SIGTERM');
    }
  }
}

measureHelpers()
  .then(measureMonitors)
  .finally(() => rmSync(home, { recursive: true, force: true }))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
