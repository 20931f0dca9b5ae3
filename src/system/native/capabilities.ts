import { readFileSync } from 'node:fs';

/** Bits of the capabilities that umlmon may miss (linux/capability.h). */
const bits = {
  CAP_CHOWN: 0n,
  CAP_DAC_OVERRIDE: 1n,
  CAP_FOWNER: 3n,
  CAP_KILL: 5n,
  CAP_SYS_ADMIN: 21n,
} as const;

export type Capability = keyof typeof bits;

/**
 * A hint for a call that the host refuses to root: the first of these capabilities that this process lacks, as in a
 * container. Empty without root, or if it has them all.
 */
export function capabilityHint(wanted: readonly Capability[]): string {
  if (process.geteuid?.() !== 0) return '';
  const mask = effective();
  const lacking = wanted.find((name) => mask !== undefined && (mask & (1n << bits[name])) === 0n);
  return lacking === undefined
    ? ''
    : `root lacks ${lacking} here (capabilities(7)): give it, by --cap-add of a container or CapabilityBoundingSet= of a unit`;
}

/** Undefined where the host does not report it. */
function effective(): bigint | undefined {
  try {
    const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return mask === undefined ? undefined : BigInt(`0x${mask}`);
  } catch {
    return undefined;
  }
}
