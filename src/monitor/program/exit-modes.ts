/** The three ways for a monitor to leave (umlmon(8), SIGNALS). */
export type Leaving = { readonly way: 'stop' | 'when-stopped' | 'keep'; readonly signal: string };

const ways: Readonly<Record<string, Leaving['way']>> = {
  SIGTERM: 'stop',
  SIGINT: 'stop',
  SIGHUP: 'when-stopped',
  SIGQUIT: 'keep',
};

/** Resolves at the first signal; later ones change nothing. */
export function leaveSignal(): Promise<Leaving> {
  return new Promise((resolve) => {
    for (const [signal, way] of Object.entries(ways)) process.on(signal, () => resolve({ way, signal }));
  });
}
