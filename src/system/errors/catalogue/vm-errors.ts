/** Errors of a VM and its monitor: states, operations, waits, events, jobs (monitor/, umlrun/). */
export const vmErrors = {
  STATE_WRONG: { class: 'state', means: 'The operation is not possible in the current state of the VM.' },
  STATE_BUSY: { class: 'state', means: 'Another operation of the VM is in progress.' },

  VM_OFF: { class: 'state', means: 'The VM must not run: its configuration says start = off.' },
  VM_CLEANUP: { class: 'failed', means: 'Leftovers of a VM could not be removed.' },
  VM_REMOVED: { class: 'state', means: 'A monitor runs for a VM that is no longer in the configuration.' },
  VM_ALIVE: { class: 'state', means: 'A kernel of this VM runs that its monitor does not manage.' },

  START_FAILED: { class: 'failed', means: 'The kernel did not start.' },
  START_CRASHED: { class: 'failed', means: 'The kernel started, but ended before its guest ran.' },
  START_KILLED: { class: 'failed', means: 'A user killed the VM while it was starting.' },
  STOP_FAILED: { class: 'failed', means: 'The kernel did not end.' },
  HOOK_UNTRUSTED: { class: 'config', means: 'Users other than the user of the monitor can change the hook.' },
  HOOK_REFUSED: { class: 'failed', means: 'The hook of the VM refused the start.' },
  RUN_FAILED: { class: 'failed', means: 'The VM of umlrun failed before its command finished.' },

  WAIT_STOPPED: { class: 'stopped', means: 'The VM stopped or did not start during the wait.' },
  WAIT_NEVER: { class: 'state', means: 'The VM can never reach what the wait is for.' },
  WAIT_TIMEOUT: { class: 'timeout', means: 'The wait timed out.' },

  GUEST_STATS: { class: 'failed', means: 'The statistics of the guest cannot be read.' },
  MEM_TRIM: { class: 'failed', means: 'The memory of the guest cannot be trimmed.' },

  EVENTS_LOST: { class: 'failed', means: 'The requested events are too old and no longer available.' },
  EVENTS_LISTENERS: { class: 'failed', means: 'Too many clients are waiting for events.' },

  JOB_UNKNOWN: { class: 'failed', means: 'The job does not exist or is forgotten.' },
  JOB_CANCELLED: { class: 'failed', means: 'The job was cancelled and its changes were undone.' },
  JOB_DETACHED: { class: 'failed', means: 'The client stopped waiting for the job. The job continues.' },
  JOB_BUSY: {
    class: 'state',
    means: 'Too many jobs of the VM are in progress, or its monitor is shutting down.',
  },

  CRASH_BUNDLE: { class: 'failed', means: 'The crash bundle could not be written.' },
  CRASH_UNKNOWN: { class: 'failed', means: 'The crash bundle, or the file in it, does not exist.' },

  MONITOR_RUNNING: { class: 'state', means: 'Another monitor already serves this VM.' },
  MONITOR_DENIED: {
    class: 'unreachable',
    means: 'This user may not connect to the control socket of the monitor.',
  },
  MONITOR_FAULT: { class: 'failed', means: 'The previous monitor of the VM failed while it was running.' },
  MONITOR_UNREACHABLE: { class: 'unreachable', means: 'No monitor answers on the control socket.' },
} as const;
