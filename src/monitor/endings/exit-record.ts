/** Pure. */
import { type PanicLines, panicMark } from '../../kernel/panic-lines.ts';
import { type ExitRecord, UMLMON_TEXT_MAX } from '../../rpc/umlmonctrl.gen.ts';

export interface ExitFacts {
  /** Exit status of the sandbox: the kernel's own, or 128 + signal. */
  readonly status: number;
  /** Whether the kernel had come up. */
  readonly wasUp: boolean;
  /** Who requested the end, or empty. `on_hang` is the policy. */
  readonly askedBy: string;
  /** Whether the monitor sent SIGKILL. */
  readonly killed: boolean;
  /** Panic text of the notification, or empty. */
  readonly panic: string;
  /** The last output on con0. */
  readonly lastLines: string;
  /** The panic as con0 shows it; used only after a panic. */
  readonly printed?: PanicLines | undefined;
  /** Why the host ended it, or ''. */
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
}

/** Replaces the text of a panic that only con0 shows: console output needs the right to read consoles. */
const printedPanic = 'con0 shows a kernel panic';

/** How a guest ended. With `noreboot` a reboot exits like a halt; only the last output shows it (kernel/reboot.c). */
export function describeExit(facts: ExitFacts): ExitRecord {
  const { status, askedBy, lastLines, endedAt } = facts;
  // A status above 128 is a signal, unless the guest wrote such a number to /proc/exitcode: it harms only itself.
  const signal = status > 128 && status <= 128 + 64 ? status - 128 : 0;
  const panic = facts.panic || (lastLines.includes(panicMark) ? printedPanic : '');
  const printed = panic ? facts.printed : undefined;
  return {
    endedAt,
    cause: causeOf(facts, signal, panic),
    code: signal ? -1 : status,
    signal,
    askedBy,
    panic,
    // The call trace after a panic does not show the cause.
    lastLines: newestLines(printed?.lines.join('\n') ?? lastLines),
    bundle: '',
    // A kernel that we killed was not ended by the host.
    why: signal === 9 && !facts.killed ? facts.why : '',
    con0Reason: newestLines(printed?.reason ?? ''),
  };
}

/** The last of the lines that fit a text of the protocol: control characters are written with four, and get longer. */
function newestLines(text: string): string {
  const lines = text.split('\n');
  let first = lines.length;
  for (let bytes = -1; first > 0; first--) {
    bytes += 1 + Buffer.byteLength(lines[first - 1] ?? '');
    if (bytes > UMLMON_TEXT_MAX) break;
  }
  return lines.slice(first).join('\n');
}

function causeOf(
  { killed, askedBy, wasUp, status, lastLines }: ExitFacts,
  signal: number,
  panic: string,
): ExitRecord['cause'] {
  if (killed) return askedBy === 'on_hang' ? 'hang' : 'killed';
  if (panic || signal) return 'crash';
  if (lastLines.includes('reboot: Restarting system')) return 'reboot';
  if (status === 0 || lastLines.includes('reboot: ')) return 'poweroff';
  // A kernel that was up and ends with another status was ended from outside (SIGTERM gives 1).
  return wasUp ? 'crash' : 'error';
}
