/** Pure. */
import type { ProcedureName } from './codec/program.ts';
import type { umlmonctrl } from './umlmonctrl.gen.ts';

/** Roles of clients; each one includes those before it. */
export const roles = ['view', 'console', 'operate', 'admin'] as const;
export type Role = (typeof roles)[number];

/** The purpose of each role, in one line. */
export const roleMeans: Readonly<Record<Role, string>> = {
  view: 'read state, statistics, events and lists, but no console output',
  console: 'also read consoles, write to them, and read logs and crash bundles',
  operate: 'also start, stop, pause and back up the VM',
  admin: 'everything, including disk images and the management console of the kernel',
};

export type ControlProcedure = ProcedureName<typeof umlmonctrl>;

/**
 * The lowest role that may call each procedure. `nobody` requires no role: such calls come before the login. `proxy`
 * depends on the user of the host; over TCP it requires a login.
 */
export const procedureRoles: Readonly<Record<ControlProcedure, Role | 'nobody' | 'proxy'>> = {
  authBegin: 'nobody',
  authFinish: 'nobody',
  actFor: 'proxy',

  null: 'view',
  info: 'view',
  stats: 'view',
  events: 'view',
  crashList: 'view',
  diskList: 'view',
  diskInfo: 'view',
  jobList: 'view',
  jobWatch: 'view',
  backupList: 'view',
  consoleWho: 'view',
  written: 'view',

  consoleAttach: 'console',
  consoleRead: 'console',
  consoleWrite: 'console',
  consoleResize: 'console',
  consoleDetach: 'console',
  consoleControl: 'console',
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

  // These change state that outlives the VM, or bypass the checks of the monitor.
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

/** Whether `role` includes `needed`. */
export function includesRole(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** Whether a role may call a procedure; null is an unauthenticated client. */
export function allows(role: Role | null, procedure: ControlProcedure): boolean {
  const needed = procedureRoles[procedure];
  if (needed === 'nobody' || needed === 'proxy') return true;
  return role !== null && includesRole(role, needed);
}

/** The lower one of two roles. */
export function lowerRole(one: Role, other: Role): Role {
  return includesRole(one, other) ? other : one;
}

/** The highest of some roles; null for an empty list. */
export function highestRole(some: readonly Role[]): Role | null {
  return roles.findLast((role) => some.includes(role)) ?? null;
}

export function isRole(text: string): text is Role {
  return (roles as readonly string[]).includes(text);
}
