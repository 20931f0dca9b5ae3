/** Which interface has which hardware address: decided here, kept by mac-pool-file.ts. */
import { createHash } from 'node:crypto';
import { type MacRange, macNumber, macText } from '../../config/values/mac.ts';
import { UmlmonError } from '../../system/errors/errors.ts';

export interface GivenMac {
  readonly vm: string;
  /** 0 for eth0. */
  readonly unit: number;
  /** In small letters with colons. */
  readonly mac: string;
  /** Whether umlmon chose it, or the configuration says it. */
  readonly by: 'pool' | 'config';
}

/** What is given at present; no address, and no interface, is in it twice. */
export type MacPool = readonly GivenMac[];

export interface MacWish {
  readonly unit: number;
  /** The value of `mac=`. */
  readonly mac?: string;
}

export interface MacClaimant {
  readonly vm: string;
  readonly wishes: readonly MacWish[];
  /** Interfaces beside those, which keep what they have: of a VM that runs. */
  readonly keeps?: ReadonlySet<number>;
}

export interface MacClaim {
  /** Unit → address, for every wish. */
  readonly macs: ReadonlyMap<number, string>;
  /** The very pool that was asked, if nothing is new in it. */
  readonly pool: MacPool;
}

/**
 * Gives every interface of a VM its address: what the configuration says, else what it has had before, else a free
 * one. All of them, or none.
 *
 * An interface that is no longer configured keeps its address of the pool, in case it is configured again. An address of
 * the configuration is free as soon as the VM starts without it.
 *
 * @param place a starting offset per host, so that hosts that share a network and a range rarely collide
 * @throws UmlmonError NETWORK_MAC_TAKEN, NETWORK_MAC_EXHAUSTED
 */
export function claimMacs(
  pool: MacPool,
  { vm, wishes, keeps = new Set() }: MacClaimant,
  range: MacRange,
  place: string,
): MacClaim {
  const explicit = new Set(wishes.filter(({ mac }) => mac !== undefined).map(({ unit }) => unit));
  const kept = pool.filter(
    (one) =>
      one.vm !== vm ||
      keeps.has(one.unit) ||
      (one.by === 'pool' && !explicit.has(one.unit) && isIn(range, one.mac)),
  );
  const taken = new Map(kept.map((one) => [one.mac, one]));
  const macs = new Map<number, string>();
  const give = (unit: number, mac: string, by: GivenMac['by']) => {
    const one: GivenMac = { vm, unit, mac, by };
    const other = taken.get(mac);
    if (other) throw takenBy(one, other);
    taken.set(mac, one);
    macs.set(unit, mac);
  };
  for (const { unit, mac } of wishes) if (mac !== undefined) give(unit, mac, 'config');
  for (const { unit, mac } of wishes) {
    if (mac !== undefined) continue;
    const before = kept.find((one) => one.vm === vm && one.unit === unit);
    if (before) macs.set(unit, before.mac);
    else give(unit, freeMac(taken, range, `${place}\0${vm}\0${unit}`, `${vm} eth${unit}`), 'pool');
  }
  const after = [...taken.values()];
  const before = new Set(pool);
  const same = (one: GivenMac) => before.has(one) || isAmong(pool, one);
  return { macs, pool: after.length === pool.length && after.every(same) ? pool : after };
}

/** The pool without VMs that are gone. */
export function releaseMacs(pool: MacPool, isGone: (vm: string) => boolean): MacPool {
  const gone = new Set([...new Set(pool.map(({ vm }) => vm))].filter(isGone));
  return gone.size === 0 ? pool : pool.filter(({ vm }) => !gone.has(vm));
}

/** The first free address from the one that belongs to the name by its hash. */
function freeMac(taken: ReadonlyMap<string, unknown>, range: MacRange, name: string, who: string): string {
  const size = range.last - range.first + 1;
  const start = createHash('sha256').update(name).digest().readUIntBE(0, 6) % size;
  // Of one address more than are taken, one is free.
  for (let step = 0; step < Math.min(size, taken.size + 1); step++) {
    const mac = macText(range.first + ((start + step) % size));
    if (!taken.has(mac)) return mac;
  }
  throw new UmlmonError('NETWORK_MAC_EXHAUSTED', {
    place: who,
    cause: `all ${size} addresses from ${macText(range.first)} to ${macText(range.last)} are given`,
    hint: 'widen mac_pool in [GLOBAL], or write mac= for the interface',
  });
}

function takenBy(one: GivenMac, other: GivenMac): UmlmonError {
  const source = other.by === 'pool' ? 'from mac_pool' : 'by its own mac=';
  return new UmlmonError('NETWORK_MAC_TAKEN', {
    place: `${one.vm} eth${one.unit}`,
    cause: `${one.mac} is the address of eth${other.unit} of ${other.vm}, ${source}`,
    hint:
      other.by === 'pool' || other.vm === one.vm
        ? 'write another one, best from outside of mac_pool'
        : `write another one; if ${other.vm} has a new one, start it first`,
  });
}

function isIn({ first, last }: MacRange, mac: string): boolean {
  const address = macNumber(mac);
  return first <= address && address <= last;
}

function isAmong(pool: MacPool, { vm, unit, mac, by }: GivenMac): boolean {
  return pool.some((one) => one.mac === mac && one.vm === vm && one.unit === unit && one.by === by);
}
