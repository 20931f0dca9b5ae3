import '../helpers/tiers/needs-host.ts';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pty } from '../../src/console/pty.ts';
import { type Outcome, type Path, paths, type Row } from './environment.ts';
import { marks, scriptOf } from './script.ts';

/** Namespaces of every row: nothing that it does reaches the host, and nothing of it is left. */
const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--net', '--ipc', '--uts'];

/** How long a row may take, in milliseconds: much more than it does on a busy host. */
export const patienceMs = 90_000;

export interface RowResult {
  readonly outcomes: ReadonlyMap<Path, Outcome>;
  /** What the host lacks for this environment; the row was not run then. */
  readonly impossible?: string;
  readonly ms: number;
}

/** Runs one row of the matrix, and somebody who types at its terminal. */
export async function runRow(row: Row, usualUid: number): Promise<RowResult> {
  const begun = performance.now();
  const { terminal = { columns: 80, rows: 24 }, namespaces: more = [] } = row.environment;
  const pty = Pty.open(terminal);
  const typist = new Typist(pty);
  // The first is hung up when the console session at it has ended (disassociate_ctty in drivers/tty/tty_jobctrl.c).
  const second = Pty.open(terminal);
  const warningsOfRun = new Typist(second);
  const child = spawn('unshare', [...namespaces, ...more, 'sh', '-c', scriptOf(row, usualUid)], {
    stdio: ['ignore', 'pipe', 'pipe', pty.slave, second.slave],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  try {
    const [said, warnings, status] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise<number | null>((resolve, reject) => child.once('exit', resolve).once('error', reject)),
    ]);
    const results = said.split(marks.result).slice(1);
    const outcomes = new Map<Path, Outcome>();
    let impossible: string | undefined;
    for (const result of results) {
      const [name = '', code = '', text = ''] = result.split(marks.part);
      if (name === 'needs' && code !== '0') impossible = text;
      const path = paths.find((one) => one === name);
      const seen = path === 'console' ? typist.seen : path?.startsWith('umlrun') ? warningsOfRun.seen : '';
      if (path) outcomes.set(path, { status: Number(code), text: text + seen });
    }
    if (outcomes.size === 0 && impossible === undefined)
      throw new Error(`the environment could not be made (${status}): ${said}${warnings}`);
    return { outcomes, ...(impossible === undefined ? {} : { impossible }), ms: performance.now() - begun };
  } finally {
    clearTimeout(timer);
    typist.stop();
    warningsOfRun.stop();
    pty.close();
    second.close();
    await removeCgroups(row.environment.uid ?? usualUid);
  }
}

/** How long somebody waits at a terminal for what does not come, in milliseconds. */
const typistPatienceMs = 15_000;
const leave = '\x1dd';

/** At the terminal: waits for the prompt of the guest, calculates, and leaves. */
class Typist {
  seen = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #script: (readonly [RegExp, string])[] = [
    [/# /, 'echo $((6*7))\r'],
    [/^42\r*$/m, leave],
  ];

  constructor(pty: Pty) {
    pty.start({
      data: (bytes) => {
        this.#timer ??= setTimeout(() => pty.write(Buffer.from(leave, 'latin1')), typistPatienceMs);
        this.seen = (this.seen + bytes.toString('latin1')).slice(-10_000);
        const [next] = this.#script;
        if (!next?.[0].test(this.seen)) return;
        pty.write(Buffer.from(next[1], 'latin1'));
        this.#script.shift();
      },
      failed: () => {
        this.seen += '(the terminal has failed)';
      },
    });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** The cgroups of a row, in all hierarchies: they can be removed once the kernel has buried the last process. */
async function removeCgroups(uid: number): Promise<void> {
  const top = '/sys/fs/cgroup';
  for (const hierarchy of existsSync(top) ? ['', ...readdirSync(top)] : []) {
    const group = join(top, hierarchy, `umlmon-matrix-${uid}`);
    for (let tries = 100; existsSync(group); tries -= 1)
      try {
        rmdirSync(group);
      } catch (error) {
        if (tries === 0) throw error;
        await delay(20);
      }
  }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}
