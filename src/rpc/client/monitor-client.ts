import { type Failure, isErrorCode, UmlmonError } from '../../system/errors/errors.ts';
import { rpcLimits } from '../../system/limits/limits.ts';
import type { ArgsOf, ProcedureName, ResultOf } from '../codec/program.ts';
import { umlmonctrl } from '../umlmonctrl.gen.ts';
import { RpcClient } from './client.ts';

type Program = typeof umlmonctrl;
type Procedures = ProcedureName<Program>;
/** All answers of the protocol: `ok` with a payload of any name, or `failed`. */
type Answer = { readonly kind: 'ok' } | { readonly kind: 'failed'; readonly why: Failure };
type OkArm<R> = Extract<R, { kind: 'ok' }>;
/** The result in a successful answer: `info_answer` → `VmInfo`, `simple_answer` → undefined. */
type Payload<R> = OkArm<R>[Exclude<keyof OkArm<R>, 'kind'>];

/** Procedures without a timeout: they take as long as a guest starts or stops, or its images are copied. */
const slow: ReadonlySet<string> = new Set(['start', 'stop', 'kill', 'mconsole', 'backup', 'restore']);
/** Timeout of all other calls in milliseconds, in addition to the wait that a call requests. */
export const answerMs = rpcLimits.answerTime;

/**
 * A connection to one monitor. Failed answers are thrown as errors, so callers get only results.
 * Errors: MONITOR_UNREACHABLE, RPC_TIMEOUT, and those of the monitor.
 */
export class MonitorClient {
  readonly #rpc: RpcClient<Program>;

  private constructor(rpc: RpcClient<Program>) {
    this.#rpc = rpc;
  }

  /** `vm` is the name for messages. */
  static async connect(path: string, vm: string): Promise<MonitorClient> {
    return new MonitorClient(await RpcClient.connect(path, umlmonctrl, { name: vm, timeoutMs: answerMs }));
  }

  /** Uses an authenticated connection. */
  static over(rpc: RpcClient<Program>): MonitorClient {
    return new MonitorClient(rpc);
  }

  async call<P extends Exclude<Procedures, 'null'>>(
    procedure: P,
    args: ArgsOf<Program, P>,
    signal?: AbortSignal,
  ): Promise<Payload<ResultOf<Program, P>>> {
    const timeoutMs = slow.has(procedure) ? 0 : answerMs + waitOf(args);
    const options = signal ? { signal, timeoutMs } : { timeoutMs };
    const answer = (await this.#rpc.call(procedure, args, options)) as Answer;
    if (answer.kind === 'failed') throw errorOf(answer.why);
    const [payload] = Object.entries(answer).filter(([name]) => name !== 'kind');
    return payload?.[1] as Payload<ResultOf<Program, P>>;
  }

  /** Whether the connection has not ended. */
  get isOpen(): boolean {
    return this.#rpc.isOpen;
  }

  close(): void {
    this.#rpc.close();
  }
}

/** Milliseconds that a call requests the monitor to wait. */
function waitOf(args: unknown): number {
  const wait: unknown = typeof args === 'object' && args !== null && 'waitMs' in args ? args.waitMs : 0;
  return typeof wait === 'number' ? wait : 0;
}

/** A received failure as an error; an unknown code becomes part of the cause. */
export function errorOf({ code, place, cause, hint }: Failure): UmlmonError {
  if (isErrorCode(code)) return new UmlmonError(code, { place, cause, hint });
  return new UmlmonError('INTERNAL', { place, cause: `${code}: ${cause}`, hint });
}
