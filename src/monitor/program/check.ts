import { readConfig } from '../../config/file/locate.ts';
import { type Problem, problemText } from '../../config/problem.ts';
import { HostLook } from '../../plan/facts/host-look.ts';
import { problemsOfStarts } from '../../plan/plan-from-config.ts';
import { exitStatus } from '../../system/errors/errors.ts';

export interface CheckRequest {
  /** Only this VM, and the host for it; all VMs if undefined. */
  readonly vm: string | undefined;
  readonly configPath: string | undefined;
  readonly json: boolean;
}

/**
 * `umlmon -check`: all mistakes of the configuration at once, then whether this host can run the VMs. Needs no root
 * and changes nothing. Returns the exit status.
 */
export async function checkConfig({ vm, configPath, json }: CheckRequest): Promise<number> {
  const read = readConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: process.env,
    uid: process.geteuid?.() ?? 0,
    ...(vm === undefined ? {} : { vm }),
  });
  const wanted = (name: string) => vm === undefined || name === vm;
  const problems: Problem[] = read.problems.filter(
    ({ section }) => section === 'GLOBAL' || !section || wanted(section),
  );
  const { config } = read;
  const names = [...(config?.vms.keys() ?? []), ...read.broken.keys()].filter(wanted);
  const checkedVms = [...(config?.vms.values() ?? [])].filter(({ name }) => wanted(name));
  const look = new HostLook(checkedVms.length > 1 ? checkedVms.map(({ vmuser }) => vmuser) : undefined);
  if (config) problems.push(...(await problemsOfStarts(config, checkedVms, look)));
  if (vm !== undefined && config && names.length === 0)
    problems.push({
      severity: 'error',
      code: 'CONFIG_NO_VM',
      file: read.file,
      line: 0,
      section: vm,
      key: '',
      cause: 'the configuration has no section of this name',
      hint: 'umlmon -check lists all VMs',
    });
  const failed = problems.some(({ severity }) => severity === 'error');
  if (json) console.log(JSON.stringify({ file: read.file, vms: names, ok: !failed, problems }));
  else {
    for (const problem of problems) console.error(problemText(problem));
    console.log(
      `${read.file || 'no configuration'}: ${failed ? problemCount(problems.length) : 'good'}${names.length > 0 ? ` (${names.join(', ')})` : ''}`,
    );
  }
  return failed ? exitStatus.config : 0;
}

function problemCount(count: number): string {
  return count === 1 ? '1 problem' : `${count} problems`;
}
