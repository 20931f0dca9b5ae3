import type { VmConfig } from '../../../config/config.ts';

/** VMs that are started together. */
export interface Turn<T> {
  readonly vms: readonly T[];
  /** Milliseconds between the start of this group and of the next one. */
  readonly delayMs: number;
}

type Startable = Pick<VmConfig, 'start_order' | 'start_delay'>;

/** The groups of a start, by start_order; within a group as in the configuration. The last group has no delay. */
export function startTurns<T extends Startable>(vms: readonly T[]): readonly Turn<T>[] {
  const orders = [...new Set(vms.map(({ start_order }) => start_order))].sort((one, other) => one - other);
  return orders.map((order, place) => {
    const members = vms.filter(({ start_order }) => start_order === order);
    const delayMs = Math.max(...members.map(({ start_delay }) => start_delay));
    return { vms: members, delayMs: place === orders.length - 1 ? 0 : delayMs };
  });
}

/** The groups of a stop: the reverse order of the start, without delays. */
export function stopTurns<T extends Startable>(vms: readonly T[]): readonly (readonly T[])[] {
  return startTurns(vms)
    .map((turn) => turn.vms)
    .reverse();
}

/**
 * The part of the remaining time for the next group. All groups get equal parts, so that hanging guests leave time for
 * later groups. Time that a group does not need goes to the later groups.
 */
export function shareOf(leftMs: number, turnsLeft: number): number {
  return Math.max(0, leftMs) / Math.max(1, turnsLeft);
}
