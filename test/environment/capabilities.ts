import { readFileSync } from 'node:fs';
import { type Environment, everywhere, type Refused } from './environment.ts';

/** Names of capabilities(7) by their number. */
const names =
  `chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service
net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot
sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog
wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`.split(/\s+/);

/** The last that the kernel of the host knows. */
const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'latin1'));

/** Without these root cannot have a VM of another user, or give it its files. */
const needed: readonly string[] = ['chown', 'setgid', 'setuid'];

/** The hint names what is missing. */
const lacking = (name: string): Refused => ({ cause: /./, hint: new RegExp(`CAP_${name.toUpperCase()}`) });

const refusedWithout = (name: string): Environment['refused'] => {
  if (needed.includes(name)) return everywhere(lacking(name));
  // Images and directories of the VM belong to its user.
  if (name === 'dac_override' || name === 'fowner') return { start: lacking(name) };
  // A monitor has the kernel halt; the kernel of umlrun takes no commands.
  if (name === 'kill') return { umlrun: lacking(name), 'umlrun -root': lacking(name) };
  // Directories of the host come to the jail through a mount namespace of root.
  return name === 'sys_admin' ? { 'umlrun -root': lacking(name) } : {};
};

const without = (title: string, taken: readonly string[], refused: Environment['refused']): Environment => {
  const list = taken.map((name) => `-${name}`).join(',');
  return {
    name: `without ${title}`,
    who: ['root'] as const,
    each: `exec setpriv --bounding-set ${list} --inh-caps ${list} -- "$@"`,
    refused: refused ?? {},
  };
};

const alone = (name: string) => without(`CAP_${name.toUpperCase()}`, [name], refusedWithout(name));

const known = names.slice(0, last + 1);
const dispensable = known.filter((name) => Object.keys(refusedWithout(name) ?? {}).length === 0);

/**
 * Each capability whose absence is refused, taken away from root one by one; and all others at once: what works without all of
 * them works without each. UMLMON_TEST_CAPABILITIES=each takes those one by one, too.
 */
export const capabilities: readonly Environment[] =
  process.env.UMLMON_TEST_CAPABILITIES === 'each'
    ? known.map(alone)
    : [
        ...known.filter((name) => !dispensable.includes(name)).map(alone),
        without('the capabilities that no path needs', dispensable, {}),
      ];
