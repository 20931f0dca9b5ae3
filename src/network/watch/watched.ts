/** Pure. */
import type { RecordPlace } from '../network-record.ts';
import type { InterfacePlan } from '../plan/interface-plan.ts';
import type { Followed } from './host-watch.ts';
import { needsOf, type Thing } from './needs.ts';

/** What must be watched for these interfaces of a VM. Pure. */
export function followedBy(place: RecordPlace, interfaces: readonly InterfacePlan[]): Followed {
  const things = needsOf(place, interfaces).map(({ thing }) => thing);
  return {
    taps: interfaces.flatMap(({ needs, name }) => (needs.tap === undefined ? [] : [name])),
    links: [...new Set(things.flatMap(linksOf))],
    tables:
      things.length > 0
        ? new Set(things.flatMap((one) => (one.is === 'table' ? [one.table] : [])))
        : undefined,
  };
}

function linksOf(thing: Thing): string[] {
  if (thing.is === 'table') return [];
  if (thing.is === 'port') return [thing.name, thing.bridge];
  if (thing.is !== 'setting') return [thing.name];
  const [, name] = /\/conf\/([^/]+)\//.exec(thing.name) ?? [];
  return name === undefined ? [] : [name];
}
