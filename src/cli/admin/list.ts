import type { Problem } from '../../config/problem.ts';
import type { VmInfo, VmState } from '../../rpc/umlmonctrl.gen.ts';
import { type Failure, failureText, toFailure } from '../../system/errors/errors.ts';
import { adminLimits } from '../../system/limits/limits.ts';
import { printable } from '../../system/text.ts';
import { print } from '../print/output.ts';
import { ageText, rows } from '../print/render.ts';
import { inParallel } from './concurrency.ts';
import { type AdminHost, configuredNames, connectTo, removedNames } from './host.ts';

interface ListedVm {
  readonly name: string;
  /** `no-monitor`: nothing is at its control socket. `no-answer`: it could not be asked, see `problem`. */
  readonly state: VmState | 'no-monitor' | 'no-answer';
  /** Milliseconds since 1970; 0 without a monitor. */
  readonly since: number;
  readonly ready: boolean;
  readonly kernelPid: number;
  /** What needs attention: paused, hanging, crashed, given up; or ''. */
  readonly note: string;
  /** Whether it has a section. */
  readonly configured: boolean;
  /** Mistakes in its configuration, or why its monitor could not be asked; null if there is nothing. */
  readonly problem: Failure | null;
}

/** `umladmin list`: all VMs of the configuration, each asked for its state; and monitors that have no section any more. */
export async function printVmList(host: AdminHost): Promise<void> {
  const { loaded, json } = host;
  const listed: ListedVm[] = [];
  await inParallel(configuredNames(loaded), adminLimits.asksAtOnce, async (name) => {
    const [mistake] = loaded.broken.get(name) ?? [];
    const vm = { ...(await stateOf(name, host)), configured: true };
    listed.push(mistake ? { ...vm, problem: failureOf(mistake) } : vm);
  });
  await inParallel(removedNames(host), adminLimits.asksAtOnce, async (name) => {
    const vm = { ...(await stateOf(name, host)), configured: false };
    // A socket without a monitor is only a file.
    if (vm.state !== 'no-monitor' || vm.problem) listed.push(vm);
  });
  listed.sort((one, other) => (one.name < other.name ? -1 : 1));
  await print(json ? JSON.stringify({ vms: listed }) : vmsText(listed, Date.now()));
}

function noteOf({
  state,
  paused,
  hungSince,
  held,
  lastExit,
  lastWarning,
  networkWarnings: warnings,
}: VmInfo): string {
  if (paused) return `paused by ${paused.by}`;
  if (hungSince > 0) return 'it hangs';
  if (held) return `${held.kind === 'restart-limit' ? 'given up' : 'preserved'}: ${held.why}`;
  if (state === 'stopped' && lastExit?.cause === 'crash')
    return `crash: ${lastExit.why || lastExit.panic || `signal ${lastExit.signal}`}`;
  const [warning] = warnings;
  if (warning) return warning.what;
  return lastWarning && `the last warning: ${lastWarning}`;
}

function failureOf({ code, file, line, key, cause, hint }: Problem): Failure {
  return { code, place: `${file}:${line}${key ? `: ${key}` : ''}`, cause, hint };
}

async function stateOf(name: string, { config }: AdminHost): Promise<Omit<ListedVm, 'configured'>> {
  const none = {
    name,
    state: 'no-monitor',
    since: 0,
    ready: false,
    kernelPid: 0,
    note: '',
    problem: null,
  } as const;
  try {
    const client = await connectTo(config, name);
    if (!client) return none;
    try {
      const info = await client.call('info', undefined);
      const { state, stateSince: since, readiness, kernelPid } = info;
      return { name, state, since, ready: readiness.ready, kernelPid, note: noteOf(info), problem: null };
    } finally {
      client.close();
    }
  } catch (error) {
    return { ...none, state: 'no-answer', problem: toFailure(error, name) };
  }
}

function vmsText(vms: readonly ListedVm[], now: number): string {
  if (vms.length === 0) return 'the configuration has no VM';
  const cells = vms.map(({ name, state, since, ready, kernelPid, note, configured, problem }) => [
    name,
    state.replace('-', ' '),
    since > 0 ? `for ${ageText(since, now)}` : '',
    ready ? 'ready' : '',
    kernelPid > 0 ? `pid ${kernelPid}` : '',
    [
      ...(configured ? [] : ['not in the configuration']),
      ...(note ? [printable(note, 500)] : []),
      ...(problem ? [printable(failureText(problem), 500)] : []),
    ].join('; '),
  ]);
  return rows(cells)
    .map((line) => line.slice(2))
    .join('\n');
}
