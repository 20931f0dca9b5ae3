import { findProgram } from '../system/processes/find-program.ts';

/** Programs of the host that set up networks, as absolute paths. */
export interface NetworkPrograms {
  readonly ip: string;
  readonly bridge: string;
  /** Only for networks that umlmon makes itself. */
  readonly nft?: string;
  /** Only for kernels in a network namespace of their own. */
  readonly nsenter?: string;
  /** Only for networks without root. */
  readonly pasta?: string;
}

interface Wanted {
  readonly rules: boolean;
  readonly legs: boolean;
  readonly user: boolean;
}

/** Errors: HOST_PROGRAM_MISSING. */
export function networkPrograms(wanted: Wanted): NetworkPrograms {
  return {
    ip: findProgram('ip', 'iproute2'),
    bridge: findProgram('bridge', 'iproute2'),
    ...(wanted.rules ? { nft: findProgram('nft', 'nftables') } : {}),
    ...(wanted.user ? { pasta: findProgram('pasta', 'passt') } : {}),
    ...(wanted.legs || wanted.user ? { nsenter: findProgram('nsenter', 'util-linux') } : {}),
  };
}
