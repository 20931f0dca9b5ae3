/** The bounds of a monitor, each with its reason. */
export const monitorLimits = {
  /** Events kept for late listeners: an hour of a busy VM, at most about 1 MiB. */
  eventsKept: 1024,
  /** Events in one answer: fits a record of the control protocol. */
  eventsPerRead: 64,
  /** Characters of one event text or attribute. */
  eventText: 1024,
  /** Calls that may wait for events at once: one per possible connection. */
  eventListeners: 64,
  /** Seats of one connection at consoles: all consoles and serial lines of a VM once. */
  seatsPerConnection: 80,
  /** Bytes of con0 kept in an exit record. */
  exitLines: 2048,
  /** Bytes of con0 that are searched for what a boot tells (usual: 5 KiB). */
  bootMessages: 64 * 1024,
  /** Milliseconds after which the boot messages are looked at; nothing waits for it. */
  bootMessagesWait: 1_000,
  /** Milliseconds that `halt` may take before the kernel is killed (usual: 4). */
  haltWait: 2_000,
  /** Milliseconds until a killed sandbox must be gone. */
  killWait: 10_000,
  /** Milliseconds between two starts by policy: a guest in a reboot loop must not eat the host. */
  restartInterval: 1_000,
} as const;
