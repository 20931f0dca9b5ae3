/** Errors of every program. */
export const generalErrors = {
  USAGE: { class: 'usage', means: 'The command line is wrong.' },
  INTERNAL: { class: 'failed', means: 'A bug in umlmon. Please report it together with the log.' },
} as const;
