/**
 * VARDIR/.passwords: the verifiers (RFC 5802) of the passwords for TCP and umlweb on a host. Passwords cannot be read from
 * verifiers. The name is not a valid VM name. Each VM and role can have a password; passwords of `*` are valid for all
 * VMs. The password alone determines VM and role.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { lockWithin } from '../../system/files/lock-within.ts';
import { rewriteFile } from '../../system/files/rewrite-file.ts';
import { readSecretFile } from '../../system/files/secret-file.ts';
import { remoteLimits } from '../../system/limits/limits.ts';
import { shellWord } from '../../system/shell-word.ts';
import { highestRole, isRole, type Role } from '../roles.ts';
import { type Derivation, saltPassword, type Verifier, verifierOf } from './scram.ts';

/** Instead of a VM name: all VMs of the host. */
export const allVms = '*';

/** The VM and role of a password. */
export interface Grant {
  /** Name of a VM, or `allVms`. */
  readonly vm: string;
  readonly role: Role;
}

export interface Password extends Grant, Verifier {
  /** Milliseconds since 1970. */
  readonly changed: number;
}

export interface Passwords extends Derivation {
  readonly list: readonly Password[];
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const fileVersion = 1;
const saltBytes = 16;
const keyBytes = 32;

/**
 * Reads the current passwords of a host; undefined if none was ever set. A file that other users can read, or of another
 * owner, is refused. Errors: PASSWORD_FILE.
 *
 * @param readers the group of umlweb if it has its own user: it may read the file, which root then owns
 */
export function readPasswords(varDir: string, readers?: number): Passwords | undefined {
  const path = fileOf(varDir);
  const refuse = (cause: string, hint?: string) => unusable(path, cause, hint ?? openHint(path, readers));
  const text = readSecretFile(path, remoteLimits.passwordFileBytes, refuse, readers);
  return text === undefined ? undefined : parsePasswords(text, path);
}

/** The passwords that are valid for a VM. */
export function passwordsFor(passwords: Passwords, vm: string): readonly Password[] {
  return passwords.list.filter((one) => one.vm === vm || one.vm === allVms);
}

/** The grants of a plain password; an empty list if it is wrong. Takes some hundredths of a second. */
export async function grantsOf(passwords: Passwords, password: string): Promise<readonly Grant[]> {
  const { storedKey } = verifierOf(await saltPassword(password, passwords));
  // All are compared, so that the time does not reveal which one matches.
  return passwords.list
    .filter((one) => timingSafeEqual(one.storedKey, storedKey))
    .map(({ vm, role }) => ({ vm, role }));
}

/** Identifies one setting of a password. It differs after each change, even for the same text and whatever the clock. */
export function markOf({ vm, role, storedKey, changed }: Password): string {
  return createHash('sha256').update(`${vm}\0${role}\0${changed}\0`).update(storedKey).digest('base64');
}

/** The highest role of some grants for a VM; null if none. */
export function roleAt(grants: readonly Grant[], vm: string): Role | null {
  return highestRole(grants.filter((one) => one.vm === vm || one.vm === allVms).map(({ role }) => role));
}

/** Sets the password of a VM and role. It takes effect at once. Errors: PASSWORD_BAD, PASSWORD_FILE. */
export async function setPassword(
  varDir: string,
  { vm, role }: Grant,
  password: string,
  readers?: number,
): Promise<void> {
  checkPassword(password);
  await change(varDir, readers, async (passwords) => {
    const verifier = verifierOf(await saltPassword(password, passwords));
    return [...without(passwords.list, { vm, role }), { vm, role, ...verifier, changed: Date.now() }];
  });
}

/**
 * Removes the password of a VM and role, or those of all its roles; returns the removed ones. Existing connections
 * continue. Errors: PASSWORD_UNKNOWN, PASSWORD_FILE.
 */
export async function removePasswords(
  varDir: string,
  vm: string,
  role?: Role,
  readers?: number,
): Promise<readonly Grant[]> {
  let removed: readonly Grant[] = [];
  await change(varDir, readers, ({ list }) => {
    removed = list.filter((one) => one.vm === vm && (role ?? one.role) === one.role);
    if (removed.length > 0) return list.filter((one) => !removed.includes(one));
    throw new UmlmonError('PASSWORD_UNKNOWN', {
      place: vm,
      cause: `it has no password${role === undefined ? '' : ` with the role ${role}`}`,
      hint: 'umladmin password -list',
    });
  });
  return removed;
}

/** @throws UmlmonError PASSWORD_BAD for a text that is not a valid password */
export function checkPassword(password: string): void {
  const bad = (cause: string) => new UmlmonError('PASSWORD_BAD', { place: 'password', cause });
  const { length } = [...password];
  const { passwordLeast, passwordMost } = remoteLimits;
  if (length < passwordLeast)
    throw bad(`it has ${length} characters; at least ${passwordLeast} are required`);
  if (length > passwordMost) throw bad(`it has ${length} characters; at most ${passwordMost} are allowed`);
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(password))
    throw bad('it has a control character, which prompts do not accept');
}

/** A hint for umlweb with its own user, if the file is older than that user. */
function openHint(path: string, readers: number | undefined): string | undefined {
  return readers === undefined || process.geteuid?.() === 0
    ? undefined
    : `as root: chgrp ${readers} ${shellWord(path)} && chmod 640 ${shellWord(path)}`;
}

function fileOf(varDir: string): string {
  return join(varDir, '.passwords');
}

function without(list: readonly Password[], { vm, role }: Grant): Password[] {
  return list.filter((one) => one.vm !== vm || one.role !== role);
}

/** Changes the list atomically, under a lock. */
async function change(
  varDir: string,
  readers: number | undefined,
  to: (passwords: Passwords) => readonly Password[] | Promise<readonly Password[]>,
): Promise<void> {
  const path = fileOf(varDir);
  try {
    mkdirSync(varDir, { recursive: true });
    const fd = openSync(`${path}.lock`, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      if (!(await lockWithin(fd, remoteLimits.passwordLockWait, remoteLimits.passwordLockPoll)))
        throw unusable(`${path}.lock`, 'another program still holds the lock', 'fuser(1) shows which');
      const passwords = readPasswords(varDir, readers) ?? fresh();
      const list = await to(passwords);
      const isShared = readers !== undefined && process.geteuid?.() === 0;
      const owner = isShared ? { owner: { uid: 0, gid: readers, mode: 0o640 } } : {};
      rewriteFile(path, Buffer.from(textOf({ ...passwords, list })), { newMode: 0o600, ...owner });
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw unusable(path, error.message, 'run this as the user of the monitors, usually root');
  }
}

function fresh(): Passwords {
  return { salt: randomBytes(saltBytes), iterations: remoteLimits.iterations, list: [] };
}

function textOf({ salt, iterations, list }: Passwords): string {
  const lines = list.map(({ storedKey, serverKey, ...rest }) =>
    JSON.stringify({
      ...rest,
      storedKey: storedKey.toString('base64'),
      serverKey: serverKey.toString('base64'),
    }),
  );
  const head = JSON.stringify({ version: fileVersion, salt: salt.toString('base64'), iterations }).slice(
    0,
    -1,
  );
  return `${head},"passwords":[\n${lines.join(',\n')}\n]}\n`;
}

function parsePasswords(text: string, path: string): Passwords {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw unusable(path, 'it is not JSON');
  }
  const { version, salt, iterations, passwords } = (content ?? {}) as Record<string, unknown>;
  if (version !== fileVersion) throw unusable(path, 'its version is not supported by this umlmon');
  const saltRead = bytesOf(salt, saltBytes);
  if (!saltRead || typeof iterations !== 'number' || !Array.isArray(passwords))
    throw unusable(path, 'its header is malformed');
  const list = passwords.map(parseOne);
  if (!list.every((one) => one !== undefined)) throw unusable(path, 'an entry in it is malformed');
  return { salt: saltRead, iterations, list };
}

function parseOne(value: unknown): Password | undefined {
  const { vm, role, changed, ...keys } = (value ?? {}) as Record<string, unknown>;
  const storedKey = bytesOf(keys.storedKey, keyBytes);
  const serverKey = bytesOf(keys.serverKey, keyBytes);
  if (typeof vm !== 'string' || typeof role !== 'string' || typeof changed !== 'number') return undefined;
  return isRole(role) && storedKey && serverKey ? { vm, role, changed, storedKey, serverKey } : undefined;
}

function bytesOf(value: unknown, length: number): Buffer | undefined {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
  return bytes?.length === length ? bytes : undefined;
}

function unusable(
  path: string,
  cause: string,
  hint = 'set the passwords again: umladmin password',
): UmlmonError {
  return new UmlmonError('PASSWORD_FILE', { place: path, cause, hint });
}
