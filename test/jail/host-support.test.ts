import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import {
  hostPrograms,
  judgeNamespaces,
  launcherFiles,
  userNamespaceSupport,
} from '../../src/jail/host-support.ts';
import { findProgram } from '../../src/system/find-program.ts';

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

  test('of the root launcher come with the libraries that ldd names', () => {
    const { loader, setpriv, setarch, libraries } = launcherFiles();
    const listed = execFileSync('ldd', [setpriv, setarch], { encoding: 'utf8' });
    const paths = new Set([...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path));
    expect(new Set([loader, ...libraries])).toEqual(paths);
  });
});

describe('user namespaces', () => {
  test.each([
    ['yes', '100', undefined, undefined],
    ['yes', '100', '1', '0'],
    ['no', undefined, undefined, undefined],
    ['no', '0', '1', '0'],
    ['no', '100', '0', undefined],
    ['unsure', '100', undefined, '1'],
  ] as const)('are allowed: %s for %s, %s, %s', (allowed, maximum, clone, apparmor) => {
    const settings = {
      'user/max_user_namespaces': maximum,
      'kernel/unprivileged_userns_clone': clone,
      'kernel/apparmor_restrict_unprivileged_userns': apparmor,
    };
    expect(judgeNamespaces(settings).allowed).toBe(allowed);
  });

  test('are allowed here, as the kernel itself shows', () => {
    const attempt = ['--reuid', '61234', '--regid', '61234', '--clear-groups', 'unshare', '--user', 'true'];
    execFileSync('setpriv', attempt);
    expect(userNamespaceSupport().allowed).not.toBe('no');
  });
});
