/** Pure. */
import type { DirTarget, DirVm } from '../rpc/umldir.gen.ts';
import { UmlmonError } from '../system/errors/errors.ts';
import { plainHost } from '../system/plain-host.ts';
import { printable } from '../system/text.ts';
import type { Directory } from './directory.ts';

export interface Resolved {
  readonly host: string;
  readonly vm: DirVm;
}

/**
 * Finds the VM of a target: on the named host; without a host name on this host, or else the only VM of this name.
 *
 * @param here the name of this host, as `plainHost` has it
 * @throws UmlmonError DIRECTORY_NO_VM, DIRECTORY_AMBIGUOUS
 */
export function resolve(directory: Directory, here: string, { vm: name, host }: DirTarget): Resolved {
  const wanted = host === '' ? here : plainHost(host);
  const vm = directory.get(wanted, name);
  if (vm) return { host: wanted, vm };
  const hosts = host === '' ? directory.hostsOf(name) : [];
  const [only] = hosts;
  const found = only === undefined ? undefined : directory.get(only, name);
  if (found && only !== undefined && hosts.length === 1) return { host: only, vm: found };
  const place = `umldir of ${here}`;
  const shown = printable(name, 64);
  if (hosts.length > 1)
    throw new UmlmonError('DIRECTORY_AMBIGUOUS', {
      place,
      cause: `several hosts have a VM ${shown}: ${[...hosts].sort().slice(0, 8).join(', ')}`,
      hint: 'add the name of one of them: VM@HOST',
    });
  const at = wanted === here ? '' : ` of ${printable(host, 253)}`;
  throw new UmlmonError('DIRECTORY_NO_VM', {
    place,
    cause: `the directory has no VM ${shown}${at}: its monitor does not run`,
    hint: `umldir -list HOST lists its VMs; on the host of the VM: umlmon ${shown}`,
  });
}
