/** Errors of network interfaces (network/). */
export const networkErrors = {
  NETWORK_UNIT: { class: 'state', means: 'The VM already has this network interface, or does not have it.' },
  NETWORK_PRIVILEGE: { class: 'host', means: 'A network interface of this kind requires root.' },
  NETWORK_MISSING: {
    class: 'config',
    means: 'The interface does not exist on the host, or is of another kind.',
  },
  NETWORK_IN_USE: { class: 'state', means: 'The host already uses a name or address of the network.' },
  NETWORK_HOST: {
    class: 'host',
    means: 'The host lacks a setting or device that the network interface needs.',
  },
  NETWORK_COMMAND: {
    class: 'failed',
    means: 'The network of the host could not be set up or restored.',
  },
  NETWORK_TRANSPORT: {
    class: 'config',
    means: 'The kernel does not support this kind of network interface.',
  },
  NETWORK_MAC_TAKEN: { class: 'config', means: 'Another interface has this MAC address.' },
  NETWORK_MAC_EXHAUSTED: { class: 'failed', means: 'The pool of MAC addresses is exhausted.' },
  NETWORK_MAC_FILE: { class: 'failed', means: 'The MAC address file is unreadable or corrupt.' },
} as const;
