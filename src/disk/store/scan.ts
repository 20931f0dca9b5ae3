import type { Refusal } from '../../config/problem.ts';
import { type Failure, isSystemError, toFailure } from '../../system/errors/errors.ts';
import { HeldDirectory } from '../../system/files/held-directory.ts';
import { diskLimits } from '../../system/limits/limits.ts';
import { Pacer } from '../../system/pacer.ts';
import { needsEveryone } from '../commands/refuse-unknown.ts';
import { readHoldings } from '../locks/holders.ts';
import { disksOf, type ImageStore, sharedDisks } from '../names/image-name.ts';
import { type FoundImage, graphPieces, type ImageGraph, type Unknown } from './graph.ts';
import { type DirectoryScan, scanDirectory } from './scan-directory.ts';

/** The VMs whose images are scanned; the shared images always are. */
export type Scope = ReadonlySet<string> | 'everyone';

export interface Scan {
  readonly graph: ImageGraph;
  /** What could not be read; the graph knows of whom something is missing. */
  readonly warnings: readonly Failure[];
  /** What the graph is built from. */
  readonly found: readonly FoundImage[];
}

/**
 * Scans images: names, sizes, times, rights, and the headers of COW files. Reads no other data. The event loop runs
 * meanwhile. What one VM has, however much, costs a scan of all of them diskLimits.scanFiles files at most, and a scan of
 * another one nothing.
 */
export async function scanImages(store: ImageStore, scope: Scope = 'everyone'): Promise<Scan> {
  const look: DirectoryScan = { found: [], warnings: [], unknown: new Map(), full: new Set() };
  const pacer = new Pacer(diskLimits.scanSlice);
  await pacer.run(lookAtAll(look, store, scope));
  await pacer.pause();
  const { holdings, unknown: holders } = readHoldings(store);
  const unknown: Unknown = { images: look.unknown, full: look.full, holders, partial: scope !== 'everyone' };
  const { found, warnings } = look;
  const graph = await pacer.run(graphPieces(found, holdings, store, unknown));
  return { graph, warnings, found };
}

/**
 * The images of some VMs; or those of all, if the answer to a question depends on them. So a VM with more files than can
 * be read affects only commands that may depend on it.
 */
export async function scanFor<Answer>(
  store: ImageStore,
  vms: Iterable<string>,
  ask: (scan: Scan) => Answer | Refusal | Promise<Answer | Refusal>,
): Promise<Answer | Refusal> {
  const answer = await ask(await scanImages(store, new Set(vms)));
  return answer === needsEveryone ? ask(await scanImages(store)) : answer;
}

function* lookAtAll(look: DirectoryScan, store: ImageStore, scope: Scope): Generator<void> {
  yield* lookAtOne(look, '', sharedDisks(store));
  for (const vm of scope === 'everyone' ? vmsIn(look, store) : scope)
    if (vm !== '') yield* lookAtOne(look, vm, disksOf(store, vm));
}

function* lookAtOne(look: DirectoryScan, vm: string, path: string): Generator<void> {
  const directory = openIfThere(look, vm, path);
  if (!directory) return;
  try {
    yield* scanDirectory(look, vm, directory);
  } finally {
    directory.close();
  }
}

/** Nothing where there is no such directory: a VM that never ran has none. */
function openIfThere(look: DirectoryScan, vm: string, path: string): HeldDirectory | undefined {
  try {
    return HeldDirectory.open(path);
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    const failure = toFailure(error, path);
    if (look.warnings.length < diskLimits.scanFailures) look.warnings.push(failure);
    look.unknown.set(vm, failure.cause);
    return undefined;
  }
}

/** All directories that can belong to VMs: root owns them, or the user who runs umlmon. */
function vmsIn(look: DirectoryScan, { varDir }: ImageStore): string[] {
  const directory = openIfThere(look, '', varDir);
  if (!directory) return [];
  try {
    return directory
      .list()
      .filter((entry) => entry.name !== 'shared' && !entry.name.startsWith('.') && !entry.isFile())
      .map(({ name }) => name);
  } finally {
    directory.close();
  }
}
