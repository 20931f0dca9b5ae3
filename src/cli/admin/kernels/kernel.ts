import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { editConfig } from '../../../config/file/edit-config.ts';
import { userEnvironment } from '../../../system/environment.ts';
import { failureText, UmlmonError } from '../../../system/errors/errors.ts';
import { serviceLimits } from '../../../system/limits/limits.ts';
import { programPath } from '../../../system/processes/find-program.ts';
import { runInForeground } from '../../../system/processes/foreground-command.ts';
import { printable } from '../../../system/text.ts';
import type { ArgumentValues } from '../../commands/argument-kinds.ts';
import { print } from '../../print/output.ts';
import { rows } from '../../print/render.ts';
import type { AdminHost } from '../host.ts';
import { besideUs } from '../monitors.ts';
import type { KernelCommandName } from '../table.ts';
import { type Kernel, listKernels, lookAtKernel } from './list-kernels.ts';

export interface AdminKernel {
  readonly subcommand: KernelCommandName;
  readonly options: ReadonlySet<string>;
  readonly values: ArgumentValues;
}

/** `umladmin kernel …`. Errors: CONFIG_*, KERNEL_*, HOST_COMMAND. */
export async function runAdminKernel(
  { subcommand, options, values }: AdminKernel,
  host: AdminHost,
): Promise<void> {
  const { config, json } = host;
  const { KERNEL: name = '', VM: vm = '' } = values;
  if (subcommand === 'list') {
    const kernels = listKernels(config);
    await print(json ? JSON.stringify({ kernels: kernels.map(kernelDocument) }) : kernelsText(kernels));
  } else if (subcommand === 'info') {
    const kernel = kernelOf(name, host);
    if (!kernel.probe) throw unfit(kernel);
    await print(json ? JSON.stringify(kernelDocument(kernel)) : kernelText(kernel));
  } else if (subcommand === 'fetch') await fetchKernel(options.has('update'), host);
  else await useKernel(vm, name, host);
}

function kernelOf(name: string, { config }: AdminHost): Kernel {
  return lookAtKernel(`/shared/kernels/${name}`, config);
}

function unfit({ name, failures: [failure] }: Kernel): UmlmonError {
  const cause = failure ? failureText({ ...failure, hint: '' }) : 'it cannot be read';
  return new UmlmonError('KERNEL_INCOMPATIBLE', {
    place: name,
    cause,
    hint: failure?.hint || 'umladmin kernel list',
  });
}

function kernelDocument({ probe, ...kernel }: Kernel): object {
  return { ...kernel, ...probe };
}

function kernelsText(kernels: readonly Kernel[]): string {
  if (kernels.length === 0) return 'there is no kernel; umladmin kernel fetch gets one';
  const cells = kernels.map(({ name, version, usedBy, failures: [failure] }) => [
    name,
    version && `Linux ${version}`,
    usedBy.length > 0 ? `used by ${usedBy.join(', ')}` : '',
    failure ? printable(failureText(failure), 500) : '',
  ]);
  return rows(cells)
    .map((line) => line.slice(2))
    .join('\n');
}

function kernelText({ path, name, usedBy, probe, failures }: Kernel): string {
  const optional = (title: string, text: string | undefined) => (text ? [[title, text]] : []);
  return [
    name,
    ...rows([
      ['path', path],
      ...optional('file', probe?.file),
      ...optional('version', probe?.version),
      ...optional('banner', probe && printable(probe.banner, 200)),
      ...optional('machine', probe && `${probe.machine}, ${probe.linking}`),
      ...optional('networks', [...(probe?.transports ?? []), ...(probe?.legacyTransports ?? [])].join(', ')),
      ...optional('libraries', probe && (probe.libraryDirectory ?? 'those of the host')),
      ...optional('modules', probe?.moduleDirectory),
      ['used by', usedBy.join(', ') || 'no VM'],
      ['runs here', failures.length > 0 ? 'no' : 'yes'],
    ]),
    ...failures.map((failure) => `  ${printable(failureText(failure), 1000)}`),
  ].join('\n');
}

/** Runs the script that fetches a kernel, and gives it a name where all VMs find it; the first one is also `linux`. */
async function fetchKernel(update: boolean, { config, json }: AdminHost): Promise<void> {
  const directory = await runScript(update ? ['--update'] : []);
  const kernels = join(config.global.shared, 'kernels');
  mkdirSync(kernels, { recursive: true });
  const name = basename(directory);
  link(directory, join(kernels, name));
  const usual = join(kernels, 'linux');
  const isFirst = !existsSync(usual);
  if (isFirst) link(name, usual);
  const path = `/shared/kernels/${name}`;
  const text = isFirst
    ? `${name} is there, and VMs use it unless they name another`
    : `${name} is there; umladmin kernel use VM ${name}`;
  await print(json ? JSON.stringify({ name, path, directory, isDefault: isFirst }) : text);
}

/** Replaces a link at once: a VM that starts meanwhile finds the old kernel or the new one. */
function link(target: string, path: string): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, path);
}

/** The script reports on standard error; its last line of output is the directory of the kernel. Errors: HOST_COMMAND. */
async function runScript(args: readonly string[]): Promise<string> {
  const script = besideUs('kernel.sh');
  const { stdout, failure } = await runInForeground({
    program: '/bin/sh',
    args: [script, ...args],
    env: { ...userEnvironment(process.env), PATH: programPath() },
    input: 'ignore',
    outputBytes: serviceLimits.commandOutput,
  });
  const directory = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (failure === '' && directory.startsWith('/')) return directory;
  throw new UmlmonError('HOST_COMMAND', {
    place: script,
    cause: `no kernel was fetched: ${failure || 'its last line does not name a directory'}`,
    hint: 'see its messages above',
  });
}

/** Changes the configuration, if the kernel can run here. */
async function useKernel(vm: string, name: string, host: AdminHost): Promise<void> {
  const kernel = kernelOf(name, host);
  if (kernel.failures.length > 0) throw unfit(kernel);
  const { changed } = await editConfig(host.request, { section: vm, key: 'kernel' }, kernel.path);
  const text = changed ? `boots ${name} from its next start on` : `boots ${name} already`;
  await print(host.json ? JSON.stringify({ vm, kernel: kernel.path, changed }) : `${vm}: ${text}`);
}
