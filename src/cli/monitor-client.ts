import { RpcClient } from '../rpc/client.ts';
import type { ArgsOf, ProcedureName, ResultOf } from '../rpc/program.ts';
import { umlmonctrl } from '../rpc/umlmonctrl.gen.ts';
import { type Failure, UmlmonError, isErrorCode } from '../system/errors.ts';

type Program = typeof umlmonctrl;
type Procedures = ProcedureName<Program>;
/** All answers of the protocol: `ok` with a payload of any name, or `failed`. */
type Answer = { readonly kind: 'ok' } | { readonly kind: 'failed'; readonly why: Failure };
type OkArm<R> = Extract<R, { kind: 'ok' }>;
/** What an answer carries when it is not a failure: `info_answer` → `VmInfo`, `simple_answer` → nothing. */
type Payload<R> = OkArm<R>[Exclude<keyof OkArm<R>, 'kind'>];

/**
 * A connection to one monitor on which failed answers are thrown as errors, so that callers see only results.
 * Errors: MONITOR_UNREACHABLE, and whatever the monitor answers.
 */
export class MonitorClient {
  readonly #rpc: RpcClient<Program>;

  private constructor(rpc: RpcClient<Program>) {
    this.#rpc = rpc;
  }

  /** `vm` is the name for messages. Operations take their time, so calls have no limit. */
  static async connect(path: string, vm: string): Promise<MonitorClient> {
    return new MonitorClient(await RpcClient.connect(path, umlmonctrl, { name: vm, timeoutMs: 0 }));
  }

  async call<P extends Exclude<Procedures, 'null'>>(
    procedure: P,
    args: ArgsOf<Program, P>,
    signal?: AbortSignal,
  ): Promise<Payload<ResultOf<Program, P>>> {
    const answer = (await this.#rpc.call(procedure, args, signal ? { signal } : {})) as Answer;
    if (answer.kind === 'failed') throw fromFailure(answer.why);
    const [payload] = Object.entries(answer).filter(([name]) => name !== 'kind');
    return payload?.[1] as Payload<ResultOf<Program, P>>;
  }

  close(): void {
    this.#rpc.close();
  }
}

/** A failure that came over the wire; a code this client does not know is kept in the cause. */
function fromFailure({ code, place, cause, hint }: Failure): UmlmonError {
  if (isErrorCode(code)) return new UmlmonError(code, { place, cause, hint });
  return new UmlmonError('INTERNAL', { place, cause: `${code}: ${cause}`, hint });
}
