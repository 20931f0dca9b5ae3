/** Errors of jails and of the users that VMs run as (jail/). */
export const jailErrors = {
  JAIL_VM_NAME: { class: 'usage', means: 'The name is not valid for a VM.' },
  JAIL_DIRECTORY: { class: 'failed', means: 'A directory of the VM cannot be created or is not trusted.' },
  JAIL_ACCESS: { class: 'config', means: 'The user of the VM cannot reach the jail of the VM.' },
  JAIL_LAUNCH: { class: 'failed', means: 'The sandbox of the kernel could not be set up.' },
  JAIL_MOUNTS: { class: 'failed', means: 'The mounts in the jail differ from the plan.' },
  JAIL_USER_ROOT: { class: 'config', means: 'A VM must not run as root.' },
  JAIL_USER_IN_USE: {
    class: 'state',
    means: 'The user of a VM cannot be created or removed: something else uses it.',
  },
  JAIL_USER_UNKNOWN: { class: 'config', means: 'The user does not exist on the host.' },
  JAIL_GROUP_SHARED: {
    class: 'config',
    means: 'The group of the VM’s user has other members, who could reach the jail through it.',
  },
  JAIL_GROUP_UNKNOWN: { class: 'config', means: 'The group does not exist on the host.' },
  JAIL_ARCHITECTURE: { class: 'host', means: 'umlmon has no system call filter for this architecture.' },
} as const;
