import type { ReadConfig } from '../config/locate.ts';
import { layoutOf } from '../jail/layout.ts';
import { MonitorClient } from '../rpc/monitor-client.ts';
import type { VmState } from '../rpc/umlmonctrl.gen.ts';
import { type Failure, failureText, toFailure } from '../system/errors.ts';
import { printable } from '../system/text.ts';
import { print } from './output.ts';
import { ageText, rows } from './render.ts';

/** Monitors asked at the same time. */
const askedAtOnce = 16;

interface ListedVm {
  readonly name: string;
  /** `no-monitor`: nothing answers on its control socket. */
  readonly state: VmState | 'no-monitor';
  /** Milliseconds since 1970; 0 without a monitor. */
  readonly since: number;
  readonly ready: boolean;
  readonly kernelPid: number;
  /** Mistakes in its configuration, or why its monitor could not be asked; null if there is nothing. */
  readonly problem: Failure | null;
}

/** `umladmin list`: all VMs of the configuration, each asked for its state. */
export async function listVms({ config, broken }: ReadConfig, json: boolean): Promise<void> {
  const names = [...(config?.vms.keys() ?? []), ...broken.keys()].sort();
  const listed: ListedVm[] = [];
  const queue = [...names];
  const ask = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const [mistake] = broken.get(name) ?? [];
      const place = mistake ? `${mistake.file}:${mistake.line}` : '';
      const problem = mistake
        ? { code: mistake.code, place, cause: mistake.cause, hint: mistake.hint }
        : null;
      listed.push({ ...(await stateOf(name, config)), ...(problem ? { problem } : {}) });
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, ask));
  listed.sort((one, other) => (one.name < other.name ? -1 : 1));
  await print(json ? JSON.stringify({ vms: listed }) : vmsText(listed, Date.now()));
}

async function stateOf(name: string, config: ReadConfig['config']): Promise<ListedVm> {
  const none = { name, state: 'no-monitor', since: 0, ready: false, kernelPid: 0, problem: null } as const;
  if (!config) return none;
  const { vardir, rundir, shared } = config.global;
  try {
    const { ctrl } = layoutOf(name, { varDir: vardir, runDir: rundir, shared });
    const client = await MonitorClient.connect(ctrl, name);
    try {
      const { state, stateSince, readiness, kernelPid } = await client.call('info', undefined);
      return { name, state, since: stateSince, ready: readiness.ready, kernelPid, problem: null };
    } finally {
      client.close();
    }
  } catch (error) {
    const problem = toFailure(error, name);
    return problem.code === 'MONITOR_UNREACHABLE' ? none : { ...none, problem };
  }
}

function vmsText(vms: readonly ListedVm[], now: number): string {
  if (vms.length === 0) return 'the configuration has no VM';
  const cells = vms.map(({ name, state, since, ready, kernelPid, problem }) => [
    name,
    state === 'no-monitor' ? 'no monitor' : state,
    since > 0 ? `for ${ageText(since, now)}` : '',
    ready ? 'ready' : '',
    kernelPid > 0 ? `pid ${kernelPid}` : '',
    problem ? printable(failureText(problem), 500) : '',
  ]);
  return rows(cells)
    .map((line) => line.slice(2))
    .join('\n');
}
