import { spawn } from 'node:child_process';
import type { LaunchPlan } from '../../plan/plan.ts';
import { failureText, toFailure, UmlmonError } from '../../system/errors/errors.ts';
import { monitorLimits } from '../../system/limits/limits.ts';
import { trustedProgram } from '../../system/processes/trusted-program.ts';
import { printable } from '../../system/text.ts';
import type { EventLog } from '../events/event-log.ts';

/** The moments in the life of a VM at which its hook is called. */
export type HookMoment = 'prepare' | 'start' | 'ready' | 'stopped' | 'release';

interface Ended {
  /** How it ended; `failed` is an exit status other than 0. */
  readonly how: 'ok' | 'failed' | 'signal' | 'timeout' | 'cancelled' | 'unusable';
  /** One line for users. */
  readonly text: string;
}

/**
 * Calls the program of the key `hook`, one at a time, in the order of the moments. Whatever it does, it is over after
 * hookTime: its process group is killed, at its orderly end too, so that nothing of it stays behind.
 */
export class Hooks {
  readonly #vm: string;
  readonly #events: Pick<EventLog, 'publish'>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(vm: string, events: Pick<EventLog, 'publish'>) {
    this.#vm = vm;
    this.#events = events;
  }

  /**
   * Before a start: an exit status other than 0 refuses it, as with libvirt. A hook that hangs, crashes or cannot be
   * run does not refuse it. Errors: HOOK_REFUSED.
   */
  async prepare(program: string, plan: LaunchPlan, signal: AbortSignal): Promise<void> {
    const ended = await this.#call('prepare', program, plan, signal);
    if (ended?.how !== 'failed') return;
    const hint = `see the event hook: umlwatch ${this.#vm} -events -since 1`;
    throw new UmlmonError('HOOK_REFUSED', {
      place: program,
      cause: `it refuses the start: ${ended.text}`,
      hint,
    });
  }

  /** Calls the hook without waiting for its end. */
  call(moment: Exclude<HookMoment, 'prepare'>, program: string, plan: LaunchPlan): void {
    void this.#call(moment, program, plan);
  }

  /** Resolves when all calls have ended. */
  async idle(): Promise<void> {
    await this.#last;
  }

  #call(
    moment: HookMoment,
    program: string,
    plan: LaunchPlan,
    signal?: AbortSignal,
  ): Promise<Ended | undefined> {
    if (program === '') return Promise.resolve(undefined);
    const ended = this.#last
      .then(() => runHook(moment, program, plan, signal))
      .catch((error: unknown): Ended => ({ how: 'unusable', text: failureText(toFailure(error, program)) }));
    this.#last = ended;
    return ended.then((end) => {
      const { how, text } = end;
      this.#events.publish('hook', `${moment}: ${text}`, { moment, result: how });
      return end;
    });
  }
}

/** Rejects if the program cannot be run: a process may write it at the moment (ETXTBSY), or descriptors have run out. */
function runHook(
  moment: HookMoment,
  program: string,
  plan: LaunchPlan,
  signal?: AbortSignal,
): Promise<Ended> {
  // It runs with the rights of the monitor: no other user may be able to change it or its path.
  const trusted = trustedProgram(program);
  if ('distrust' in trusted) return Promise.resolve({ how: 'unusable', text: trusted.distrust });
  return new Promise((resolve, reject) => {
    let output = '';
    let isOver = false;
    const child = spawn(trusted.path, [moment], {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', UMLMON_VM: plan.vm },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.once('error', reject);
    // It may not even have pipes.
    if (child.pid === undefined) return;
    const end = (how: Ended['how'], text: string) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      killGroup(child.pid);
      // A process outside of the group may hold the pipes forever.
      for (const stream of child.stdio) stream?.destroy();
      child.unref();
      const said = printable(output.trim(), monitorLimits.hookOutput);
      resolve({ how, text: said ? `${text}: ${said}` : text });
    };
    const cancel = () => end('cancelled', 'the start was given up');
    const seconds = monitorLimits.hookTime / 1000;
    const timer = setTimeout(() => end('timeout', `not done within ${seconds} s`), monitorLimits.hookTime);
    signal?.addEventListener('abort', cancel);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => {
        if (output.length < monitorLimits.hookOutput)
          output += bytes.toString().slice(0, monitorLimits.hookOutput);
      });
    // A hook need not read the plan.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(plan)}\n`);
    child.once('exit', (status, by) => {
      // Its last output may not have arrived yet.
      setImmediate(() => {
        if (by) end('signal', `ended by ${by}`);
        else end(status === 0 ? 'ok' : 'failed', status === 0 ? 'done' : `exit status ${status}`);
      });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
    return;
  }
}
