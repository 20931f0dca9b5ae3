import '../../helpers/tiers/needs-host.ts';
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { hostPrograms, launcherFiles, trySupport } from '../../../src/jail/host/host-support.ts';
import { tryJail, tryProc } from '../../../src/jail/host/trial.ts';
import { findProgram } from '../../../src/system/processes/find-program.ts';

describe('programs', () => {
  test('are found with absolute paths', () => {
    for (const [name, path] of Object.entries(hostPrograms()))
      expect(path).toMatch(new RegExp(`^/.*/${name}$`));
  });

  test('that are missing name their package', () => {
    expect(() => findProgram('bwrap', 'bubblewrap', '/nonexistent:.:')).toThrow(
      expect.objectContaining({ code: 'HOST_PROGRAM_MISSING', hint: 'apt-get install bubblewrap' }),
    );
  });

  test('of the root launcher come with the libraries that ldd names', async () => {
    const { loader, setpriv, setarch, libraries } = await launcherFiles();
    const listed = execFileSync('ldd', [setpriv, setarch], { encoding: 'utf8' });
    const paths = new Set([...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path));
    expect(new Set([loader, ...libraries])).toEqual(paths);
  });
});

const nobody = { user: { uid: 61_234, gid: 61_234 } };

describe('a trial', () => {
  test('shows that this host lets others than root make a jail', async () => {
    expect(await trySupport({ ...nobody, unshare: findProgram('unshare', 'util-linux') })).toEqual({
      allowed: 'yes',
      reason: 'a test jail works',
      fix: '',
    });
  });

  test.each(['user-namespace', 'root'] as const)('of the launcher %s passes', async (launcher) => {
    expect(await tryJail({ ...nobody, programs: hostPrograms(), launcher })).toBeUndefined();
    expect(await tryProc({ ...nobody, programs: hostPrograms(), launcher })).toBeUndefined();
  });

  test('reports the failed stage', async () => {
    const programs = { ...hostPrograms(), bwrap: '/bin/false' };
    expect(await tryJail({ ...nobody, programs, launcher: 'user-namespace' })).toEqual({
      stage: 'user',
      words: 'it exited with status 1',
    });
  });
});
