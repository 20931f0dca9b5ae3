import type { RestartLimit } from '../../config/values/policy-values.ts';
import type { ExitRecord } from '../../rpc/umlmonctrl.gen.ts';
import { backOff, type DeathTally, isTooMany } from './death-tally.ts';

export type PolicyName = 'on_poweroff' | 'on_reboot' | 'on_crash' | 'on_hang';
export type Policy = 'stop' | 'restart' | 'preserve';
export type Policies = Readonly<Record<PolicyName, Policy>> & {
  readonly restart_limit: RestartLimit | null;
};

/** What follows the end of a guest. */
export type Sequel =
  | { readonly do: 'nothing' }
  | { readonly do: 'restart'; readonly delayMs: number }
  | { readonly do: 'give-up' }
  | { readonly do: 'preserve' };

/** The policy for an exit; none after an exit that a user requested. */
export function policyFor({ cause, askedBy }: ExitRecord): PolicyName | undefined {
  if (cause === 'hang') return 'on_hang';
  if (askedBy || cause === 'killed' || cause === 'error') return undefined;
  return `on_${cause}`;
}

/** What the policy does after the last unexpected exit of the tally. */
export function decideSequel(policy: PolicyName, policies: Policies, tally: DeathTally): Sequel {
  switch (policies[policy]) {
    case 'stop':
      return { do: 'nothing' };
    case 'preserve':
      return { do: 'preserve' };
    case 'restart':
      if (isTooMany(tally, policies.restart_limit)) return { do: 'give-up' };
      return { do: 'restart', delayMs: backOff(tally) };
  }
}
