import { basename } from 'node:path';
import type { LauncherFiles } from '../jail/mounts.ts';
import type { SandboxPrograms } from '../jail/sandbox.ts';
import { resolveLibraries } from '../kernel/libraries.ts';
import { UmlmonError } from '../system/errors.ts';

let files: LauncherFiles | undefined;

/**
 * What the root launcher needs inside of the jail: the host's setpriv and setarch with their loader and libraries.
 * Errors: KERNEL_LIBRARY_MISSING, HOST_PROGRAM_MISSING.
 */
export function findLauncherFiles({ setpriv, setarch }: SandboxPrograms): LauncherFiles {
  if (files) return files;
  const closures = [setpriv, setarch].map((program) => resolveLibraries(program));
  const loader = closures[0]?.interpreter?.hostPath;
  if (loader === undefined)
    throw new UmlmonError('HOST_PROGRAM_MISSING', {
      place: setpriv,
      cause: 'it has no loader; the launcher without user namespaces expects a dynamic program',
      hint: 'apt-get install util-linux',
    });
  const libraries = new Map(
    closures.flatMap((closure) => closure.libraries.map(({ hostPath }) => [basename(hostPath), hostPath])),
  );
  files = { loader, setpriv, setarch, libraries: [...libraries.values()] };
  return files;
}
