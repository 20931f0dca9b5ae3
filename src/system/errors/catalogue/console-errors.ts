/** Errors of consoles and serial lines (console/). */
export const consoleErrors = {
  CONSOLE_UNKNOWN: { class: 'failed', means: 'The VM has no such console or serial line.' },
  CONSOLE_VIEWERS: { class: 'failed', means: 'Too many viewers are attached to consoles.' },
  CONSOLE_NOT_ATTACHED: { class: 'failed', means: 'The viewer does not belong to this connection.' },
  CONSOLE_SIZE: { class: 'usage', means: 'The window size is invalid.' },
  CONSOLE_NOT_CONTROLLER: { class: 'state', means: 'Another viewer has control of the console.' },
  CONSOLE_TIMEOUT: { class: 'timeout', means: 'The expected output did not appear on the console in time.' },
  CONSOLE_NO_MATCH: { class: 'failed', means: 'No line of the console matches.' },
  CONSOLE_RECORDING: { class: 'failed', means: 'The session cannot be recorded to this file.' },
  CONSOLE_SCREEN: { class: 'failed', means: 'The screen of the console could not be rendered.' },
  CONSOLE_BUSY: { class: 'state', means: 'Too many readers are waiting for the output of the console.' },
  CONSOLE_OTHER_SESSION: {
    class: 'state',
    means: 'A console of the running kernel is not the pty that the monitor expects.',
  },
  CONSOLE_NOT_LOGGED: { class: 'failed', means: 'The console has no log.' },
} as const;
