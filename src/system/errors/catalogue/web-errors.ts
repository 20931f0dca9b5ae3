/** Errors of umlweb (web/). */
export const webErrors = {
  WEB_REFUSED: { class: 'failed', means: 'umlweb refused the request of the browser.' },
  WEB_LISTEN: { class: 'host', means: 'umlweb cannot listen on its address.' },
  WEB_HOSTS: {
    class: 'config',
    means: 'umlweb has no password for other hosts, or cannot verify their identity.',
  },
  WEB_TLS: { class: 'config', means: 'The certificate or key of umlweb is unusable.' },
} as const;
