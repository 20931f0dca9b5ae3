import type { VmConfig } from '../../../config/config.ts';

/** VMs that are started together. */
export interface Turn<T> {
  readonly vms: readonly T[];
  /** Milliseconds between the start of these and the next turn. */
  readonly delayMs: number;
}

type Startable = Pick<VmConfig, 'start_order' | 'start_delay'>;

/** The turns of a start: by start_order, within a turn as in the configuration. The last turn has no delay. */
export function startTurns<T extends Startable>(vms: readonly T[]): readonly Turn<T>[] {
  const orders = [...new Set(vms.map(({ start_order }) => start_order))].sort((one, other) => one - other);
  return orders.map((order, place) => {
    const members = vms.filter(({ start_order }) => start_order === order);
    const delayMs = Math.max(...members.map(({ start_delay }) => start_delay));
    return { vms: members, delayMs: place === orders.length - 1 ? 0 : delayMs };
  });
}

/** The turns of a stop: what was started last ends first, and without delays. */
export function stopTurns<T extends Startable>(vms: readonly T[]): readonly (readonly T[])[] {
  return startTurns(vms)
    .map((turn) => turn.vms)
    .reverse();
}

/**
 * How much of the time that is left the next turn may take: an equal part, so that guests that hang leave time for those
 * after them. What a turn does not need goes to the later ones.
 */
export function shareOf(leftMs: number, turnsLeft: number): number {
  return Math.max(0, leftMs) / Math.max(1, turnsLeft);
}
