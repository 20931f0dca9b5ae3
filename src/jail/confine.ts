import type { SandboxPlan } from './sandbox.ts';

/** What a program of the host needs of it: where directories are links to /usr, bubblewrap follows them. */
const hostDirectories = ['/usr', '/bin', '/sbin', '/lib', '/lib64'];

/**
 * Words to put before a program of the host that reads what a guest has written. It runs as the user of the VM, without
 * any right, network, or file but the programs and what it is given open.
 */
export function confine({
  launcher,
  programs,
  user,
}: Pick<SandboxPlan, 'launcher' | 'programs' | 'user'>): string[] {
  const { setpriv, bwrap } = programs;
  const become = user
    ? [
        ...[setpriv, '--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'],
        ...['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'],
      ]
    : [];
  const asRoot = launcher === 'root';
  const jail = [
    bwrap,
    ...(asRoot ? [] : ['--unshare-user']),
    ...[
      '--unshare-pid',
      '--unshare-ipc',
      '--unshare-uts',
      '--unshare-net',
      '--new-session',
      '--die-with-parent',
    ],
    ...['--cap-drop', 'ALL'],
    ...(asRoot ? ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((cap) => ['--cap-add', cap]) : []),
    ...hostDirectories.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--chdir', '/'],
    ...['--clearenv', '--setenv', 'PATH', '/usr/sbin:/sbin:/usr/bin:/bin', '--setenv', 'LC_ALL', 'C', '--'],
  ];
  return asRoot ? [...jail, ...become] : [...become, ...jail];
}
