import { vmNameDamage } from '../../config/names.ts';
import { quoted } from '../../config/problem.ts';
import { isZonedIPv6, readHostName } from '../../config/values/host-name.ts';
import { UmlmonError } from '../../system/errors/errors.ts';
import { plainHost } from '../../system/plain-host.ts';

/** Where a VM is. */
export interface VmAddress {
  readonly vm: string;
  /** Name or IP address; undefined: this host, by its control socket. */
  readonly host: string | undefined;
  /** Of its monitor; undefined: from the directory server of the host. */
  readonly port: number | undefined;
}

/**
 * `VM`, `VM@HOST`, `VM@HOST:PORT`, where an IPv6 address is in brackets if a port follows. `VM@localhost` is a VM of this
 * host. Errors: USAGE.
 */
export function parseVmAddress(text: string): VmAddress {
  const wrong = (cause: string, hint = 'as in vm1, vm1@host, vm1@host:7001, vm1@[::1]:7001') =>
    new UmlmonError('USAGE', { place: '', cause, hint });
  const at = text.indexOf('@');
  if (at < 0) return { vm: text, host: undefined, port: undefined };
  const vm = text.slice(0, at);
  const damage = vmNameDamage(vm);
  if (damage) throw wrong(damage.cause, damage.hint);
  const rest = text.slice(at + 1);
  if (isZonedIPv6(rest)) return { vm, host: rest, port: undefined };
  const found = /^(?:\[([^[\]]*)\]|([^[\]:]*))(?::(.*))?$/.exec(rest);
  const host = found?.[1] === undefined ? readHostName(found?.[2] ?? '') : found[1];
  if (host === undefined || (found?.[1] !== undefined && !isZonedIPv6(host)))
    throw wrong(`${quoted(rest)} is not a host`);
  const port = found?.[3];
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))
    throw wrong(`${quoted(port)} is not a port`, '1 to 65535');
  if (plainHost(host) === 'localhost' && port === undefined) return { vm, host: undefined, port: undefined };
  return { vm, host, port: port === undefined ? undefined : Number(port) };
}
