/** Open directories where openat2(2) is not to be had: as under RestrictSUIDSGID= of systemd. */
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { HeldDirectory } from '../../../src/system/files/held-directory.ts';
import { O_PATH } from '../../../src/system/files/walk-beneath.ts';
import { Swapper } from '../../helpers/hostile/swapper.ts';

vi.mock(import('../../../src/system/native/native.ts'), async (original) => ({
  ...(await original()),
  openBeneath: (): number => {
    throw Object.assign(new Error('ENOSYS: function not implemented, openat2'), {
      code: 'ENOSYS',
      errno: -38,
      syscall: 'openat2',
    });
  },
}));

const { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR } = constants;
const home = mkdtempSync(join(tmpdir(), 'umlmon-walk-'));
const inside = join(home, 'inside');
let directory: HeldDirectory;

beforeAll(() => {
  mkdirSync(join(inside, 'a/b'), { recursive: true });
  mkdirSync(join(home, 'outside'));
  writeFileSync(join(inside, 'a/b/file'), 'inside');
  writeFileSync(join(home, 'outside/file'), 'outside');
  symlinkSync('../outside', join(inside, 'link'));
  symlinkSync('../outside/file', join(inside, 'file-link'));
  directory = HeldDirectory.open(inside);
});
afterAll(() => {
  directory.close();
  rmSync(home, { recursive: true });
});

function content(path: string): string {
  const fd = directory.openFile(path, O_RDONLY);
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

test('files and directories are opened and made, closed at exec', () => {
  expect(content('a/b/file')).toBe('inside');
  expect(content('./a//b/file')).toBe('inside');
  const fd = directory.openFile('a/new', O_RDWR | O_CREAT | O_EXCL, 0o600);
  expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')).toMatch(/^flags:\s+0?2\d{6}/m);
  closeSync(fd);
  const made = directory.makeDirectory('made', 0o700);
  const nameless = made.openFile('.', O_RDWR | 0o20200000, 0o600);
  made.link(nameless, 'linked');
  closeSync(nameless);
  expect(made.list().map(({ name }) => name)).toEqual(['linked']);
  made.close();
});

test.each([
  ['link/file', O_RDONLY, 'ELOOP'],
  ['link', O_RDONLY | O_DIRECTORY, 'ELOOP'],
  ['link', O_PATH, 'ELOOP'],
  ['file-link', O_RDONLY, 'ELOOP'],
  ['file-link', O_PATH, 'ELOOP'],
  ['../outside/file', O_RDONLY, 'EXDEV'],
  ['a/../../outside/file', O_RDONLY, 'EXDEV'],
  ['/etc/passwd', O_RDONLY, 'EXDEV'],
  ['a/b/file/x', O_RDONLY, 'ENOTDIR'],
  ['missing/file', O_RDONLY, 'ENOENT'],
])('%j with flags %i is refused: %s', (path, flags, code) => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  expect(() => directory.openFile(path, flags)).toThrow(
    expect.objectContaining({ code, path: join(inside, path) }),
  );
  expect(descriptors()).toBe(before);
});

test('10,000 opens while a directory on the way is swapped for a link: the file inside, or an error', async () => {
  mkdirSync(join(inside, 'swap'));
  writeFileSync(join(inside, 'swap/file'), 'inside');
  const swapper = await Swapper.start(join(inside, 'swap'), '../outside', { real: 0, link: 0 }, 0);
  const seen = { inside: 0, refused: 0 };
  try {
    for (let i = 0; i < 10_000; i++)
      try {
        expect(content('swap/file')).toBe('inside');
        seen.inside += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(?:ELOOP|ENOENT|ENOTDIR)$/) });
        seen.refused += 1;
      }
  } finally {
    await swapper.stop();
  }
  expect(seen.inside).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});
