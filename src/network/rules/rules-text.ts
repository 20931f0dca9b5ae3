/** What is in the texts that nft(8) is given (private-bridge-plan.ts, replaceTable). Pure. */
import type { NftTable } from '../plan/private-bridge-plan.ts';

/** The tables that a text for nft(8) replaces. */
export function tablesIn(rules: string): NftTable[] {
  return [...rules.matchAll(/^add table (inet|netdev) (\S+)$/gm)].map(([, family, table = '']) => ({
    family: family === 'netdev' ? 'netdev' : 'inet',
    table,
  }));
}

/** The chains of a text for nft(8), with the number of rules of each. */
export function chainsIn(rules: string): Map<string, number> {
  const chains = new Map<string, number>();
  let chain = '';
  for (const line of rules.split('\n')) {
    const [, name] = /^chain (\S+) \{/.exec(line) ?? [];
    if (name !== undefined) {
      chain = name;
      chains.set(chain, 0);
    } else if (chain !== '' && !/^(?:type |\})/.test(line) && line.trim() !== '')
      chains.set(chain, (chains.get(chain) ?? 0) + 1);
  }
  return chains;
}
