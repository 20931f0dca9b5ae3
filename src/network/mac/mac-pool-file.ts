/** The file of the given hardware addresses, VARDIR/.mac-pool. No VM can have that name. */
import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type MacRange, macNumber, macText } from '../../config/values/mac.ts';
import { isSystemError, UmlmonError } from '../../system/errors/errors.ts';
import { replaceFile } from '../../system/files/atomic-file.ts';
import { lockWithin } from '../../system/files/lock-within.ts';
import { networkLimits } from '../../system/limits/limits.ts';
import { claimMacs, type GivenMac, type MacClaimant, type MacPool, releaseMacs } from './mac-pool.ts';

export interface MacRequest extends MacClaimant {
  readonly varDir: string;
  readonly range: MacRange;
  /** All VMs of the configuration: of what has neither section nor directory, the addresses are free again. */
  readonly configured: ReadonlySet<string>;
}

const fileVersion = 1;
const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** What `takeMacs` would give now, for a plan: changes nothing. Throws as it does. */
export function foreseeMacs(request: MacRequest): ReadonlyMap<number, string> {
  return claim(request, readPool(request.varDir)).macs;
}

/**
 * The addresses of a VM, the same ones at every start. What has been given before is found without a lock, so only
 * first starts wait for each other.
 *
 * @throws UmlmonError NETWORK_MAC_TAKEN, NETWORK_MAC_EXHAUSTED, NETWORK_MAC_FILE
 */
export async function takeMacs(request: MacRequest): Promise<ReadonlyMap<number, string>> {
  const { varDir } = request;
  const before = readPool(varDir);
  const known = claim(request, before);
  if (known.pool === before) return known.macs;
  return withLock(varDir, () => {
    const { macs, pool } = claim(request, readPool(varDir));
    writePool(varDir, pool);
    return macs;
  });
}

/** Forgets a VM that is being removed. Returns whether it had addresses. Errors: NETWORK_MAC_FILE. */
export async function forgetMacs(varDir: string, vm: string): Promise<boolean> {
  if (!knowsMacs(varDir, vm)) return false;
  await withLock(varDir, () =>
    writePool(
      varDir,
      releaseMacs(readPool(varDir), (name) => name === vm),
    ),
  );
  return true;
}

/** Whether a VM has addresses. Errors: NETWORK_MAC_FILE. */
export function knowsMacs(varDir: string, vm: string): boolean {
  return readPool(varDir).some((one) => one.vm === vm);
}

function claim({ varDir, range, configured, ...claimant }: MacRequest, pool: MacPool) {
  const { vm } = claimant;
  const isGone = (name: string) => name !== vm && !configured.has(name) && !existsSync(join(varDir, name));
  const place = `${hostIdentity()}\0${varDir}`;
  // A known interface keeps its address without any pruning. A new one first drops entries of deleted VMs.
  const kept = claimMacsOrNone(pool, claimant, range, place);
  return kept?.pool === pool ? kept : claimMacs(releaseMacs(pool, isGone), claimant, range, place);
}

/** Undefined instead of an error, as those who are gone may be in the way. */
function claimMacsOrNone(...args: Parameters<typeof claimMacs>) {
  try {
    return claimMacs(...args);
  } catch (error) {
    if (error instanceof UmlmonError) return undefined;
    throw error;
  }
}

function poolFile(varDir: string): string {
  return join(varDir, '.mac-pool');
}

/** Differs from host to host, and stays. */
function hostIdentity(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return hostname(); // A host without systemd, or a container.
  }
}

async function withLock<T>(varDir: string, change: () => T): Promise<T> {
  const path = `${poolFile(varDir)}.lock`;
  const fd = inFile(path, () => openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600));
  try {
    if (!(await lockWithin(fd, networkLimits.macLockWait, networkLimits.lockPoll)))
      throw damaged(path, 'another process has held its lock for too long', 'find the process with fuser(1)');
    return change();
  } finally {
    closeSync(fd);
  }
}

function writePool(varDir: string, given: MacPool): void {
  const lines = given.map((one) => JSON.stringify(one)).join(',\n');
  const path = poolFile(varDir);
  inFile(path, () => replaceFile(path, `{"version":${fileVersion},"given":[\n${lines}\n]}\n`, 0o600));
}

function readPool(varDir: string): MacPool {
  const path = poolFile(varDir);
  const text = inFile(path, () => {
    try {
      return readBounded(path);
    } catch (error) {
      if (isSystemError(error) && error.code === 'ENOENT') return undefined;
      throw error;
    }
  });
  return text === undefined ? [] : parsePool(text, path);
}

function readBounded(path: string): string {
  const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw damaged(path, 'it is not a file');
    if (stat.size > networkLimits.macFileBytes) throw damaged(path, `it has ${stat.size} bytes, too many`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

function parsePool(text: string, path: string): MacPool {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged(path, 'it is not JSON');
  }
  const { version, given } = (content ?? {}) as { version?: unknown; given?: unknown };
  if (version !== fileVersion) throw damaged(path, 'this umlmon does not know its version');
  if (!Array.isArray(given) || !given.every(isGiven)) throw damaged(path, 'an entry is malformed');
  const unique = (names: readonly string[]) => new Set(names).size === names.length;
  if (!unique(given.map(({ mac }) => mac)) || !unique(given.map(({ vm, unit }) => `${vm} ${unit}`)))
    throw damaged(path, 'an address or an interface is in it twice');
  return given.map(({ vm, unit, mac, by }) => ({ vm, unit, mac, by }));
}

function isGiven(value: unknown): value is GivenMac {
  if (typeof value !== 'object' || value === null) return false;
  const { vm, unit, mac, by } = value as Partial<Record<keyof GivenMac, unknown>>;
  return (
    typeof vm === 'string' &&
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(vm) &&
    typeof unit === 'number' &&
    Number.isInteger(unit) &&
    unit >= 0 &&
    unit <= networkLimits.unit &&
    typeof mac === 'string' &&
    macText(macNumber(mac)) === mac &&
    (by === 'pool' || by === 'config')
  );
}

function damaged(
  path: string,
  cause: string,
  hint = 'move it away: VMs then choose addresses again, mostly the same ones',
) {
  return new UmlmonError('NETWORK_MAC_FILE', { place: path, cause, hint });
}

function inFile<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw damaged(path, error.message, 'check the owner of the file, and the free space of its disk');
  }
}
