/** Pure. */
import type { ProcedureName } from './codec/program.ts';
import type { umlmonctrl } from './umlmonctrl.gen.ts';

/** What somebody may do with a VM; each role may do what those before it may. */
export const roles = ['look', 'console', 'operate', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What the roles are for, in a line each. */
export const roleMeans: Readonly<Record<Role, string>> = {
  look: 'sees state, statistics, events and lists, but nothing that goes through a console',
  console: 'also reads and types at consoles, and reads logs and crash bundles',
  operate: 'also starts, stops, pauses and backs up the VM',
  admin: 'may do everything, disk images and the management console of the kernel included',
};

export type ControlProcedure = ProcedureName<typeof umlmonctrl>;

/**
 * The lowest role that may call each procedure. `nobody` needs no role: it is for those who have none yet. `proxy` is decided by
 * who it is, and over TCP for those who have proved that.
 */
export const procedureRoles: Readonly<Record<ControlProcedure, Role | 'nobody' | 'proxy'>> = {
  authBegin: 'nobody',
  authFinish: 'nobody',
  actFor: 'proxy',

  null: 'look',
  info: 'look',
  stats: 'look',
  events: 'look',
  crashList: 'look',
  diskList: 'look',
  diskInfo: 'look',
  jobList: 'look',
  jobWatch: 'look',
  backupList: 'look',
  consoleWho: 'look',
  written: 'look',

  consoleAttach: 'console',
  consoleRead: 'console',
  consoleWrite: 'console',
  consoleResize: 'console',
  consoleDetach: 'console',
  consolePen: 'console',
  consoleReplay: 'console',
  consolePicture: 'console',
  consoleNote: 'console',
  logRead: 'console',
  crashRead: 'console',

  start: 'operate',
  stop: 'operate',
  kill: 'operate',
  ctrlAltDel: 'operate',
  pause: 'operate',
  resume: 'operate',
  memTrim: 'operate',
  backup: 'operate',
  plan: 'operate',

  // These change what outlives the VM, or go past what the monitor checks.
  restore: 'admin',
  diskRun: 'admin',
  jobCancel: 'admin',
  plug: 'admin',
  unplug: 'admin',
  plugNetwork: 'admin',
  unplugNetwork: 'admin',
  update: 'admin',
  security: 'admin',
  mconsole: 'admin',
};

/** Whether `role` may do what needs `needed`. */
export function includesRole(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** Whether a role may call a procedure; null is a client that has not proved who it is. */
export function allows(role: Role | null, procedure: ControlProcedure): boolean {
  const needed = procedureRoles[procedure];
  if (needed === 'nobody' || needed === 'proxy') return true;
  return role !== null && includesRole(role, needed);
}

/** The lower one of two roles. */
export function lowerRole(one: Role, other: Role): Role {
  return includesRole(one, other) ? other : one;
}

/** The highest of some roles; null if there are none. */
export function highestRole(some: readonly Role[]): Role | null {
  return roles.findLast((role) => some.includes(role)) ?? null;
}

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}
