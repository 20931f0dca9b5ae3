import { type Config, mistakesOf, type VmConfig } from '../../../config/config.ts';
import type { ReadConfig } from '../../../config/file/locate.ts';
import type { Problem } from '../../../config/problem.ts';
import { HostLook } from '../../../plan/facts/host-look.ts';
import { problemsOfStarts } from '../../../plan/plan-from-config.ts';
import { connectTo } from '../host.ts';

export interface StartMistakes {
  /** Of the files: no start is possible before they are fixed. */
  readonly written: readonly Problem[];
  /** Of the host as it is now; none of a VM that runs, as it has what it needs. */
  readonly host: readonly Problem[];
}

/** Why a VM, or for GLOBAL any VM, cannot be started: the same problems as those of a start. */
export async function startMistakes(read: ReadConfig, section: string): Promise<StartMistakes> {
  const written = mistakesOf(read, section);
  const { config } = read;
  const vm = config?.vms.get(section);
  if (written.length > 0 || !config || !vm) return { written, host: [] };
  return { written, host: await hostMistakes(read, config, [vm]) };
}

/** What keeps the host from starting these VMs. Nothing where another user than this one would start them. */
export async function hostMistakes(
  { root }: ReadConfig,
  config: Config,
  vms: readonly VmConfig[],
): Promise<readonly Problem[]> {
  if (root !== (process.geteuid?.() === 0)) return [];
  const look = new HostLook(vms.map(({ vmuser }) => vmuser));
  const down: VmConfig[] = [];
  for (const vm of vms) if (vm.start !== 'off' && (await isDown(config, vm.name))) down.push(vm);
  return (await problemsOfStarts(config, down, look)).filter(({ severity }) => severity === 'error');
}

/** A monitor that cannot be asked may have a VM that runs. */
async function isDown(config: Config, vm: string): Promise<boolean> {
  try {
    const client = await connectTo(config, vm);
    if (!client) return true;
    const { state } = await client.call('info', undefined).finally(() => client.close());
    return state === 'stopped';
  } catch {
    return false;
  }
}
