/** Reads what ip(8) and nft(8) answer as JSON. Pure. */
export type Entry = Readonly<Record<string, unknown>>;

/** How many rules each chain of each table has. */
export function countRules(rules: string): Map<string, Map<string, number>> {
  const tables = new Map<string, Map<string, number>>();
  for (const { table, chain, rule } of rulesIn(rules)) {
    if (table) tables.set(`${textOf(table, 'family')} ${textOf(table, 'name')}`, new Map());
    const own = chain ?? rule;
    if (!own) continue;
    const chains = tables.get(`${textOf(own, 'family')} ${textOf(own, 'table')}`);
    const name = textOf(own, chain ? 'name' : 'chain');
    chains?.set(name, (chains.get(name) ?? 0) + (chain ? 0 : 1));
  }
  return tables;
}

interface RuleEntry {
  readonly table?: Entry;
  readonly chain?: Entry;
  readonly rule?: Entry;
}

export function rulesIn(rules: string): RuleEntry[] {
  if (rules === '') return [];
  return listOf(entryOf(JSON.parse(rules)).nftables).map((entry) => ({
    ...('table' in entry ? { table: entryOf(entry.table) } : {}),
    ...('chain' in entry ? { chain: entryOf(entry.chain) } : {}),
    ...('rule' in entry ? { rule: entryOf(entry.rule) } : {}),
  }));
}

export function listOf(value: unknown): Entry[] {
  return Array.isArray(value) ? value.map(entryOf) : [];
}

export function entryOf(value: unknown): Entry {
  return typeof value === 'object' && value !== null ? (value as Entry) : {};
}

export function textOf(entry: Entry, name: string): string {
  const value = entry[name];
  return typeof value === 'string' ? value : '';
}
