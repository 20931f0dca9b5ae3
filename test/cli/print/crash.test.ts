import { expect, test } from 'vitest';
import { crashesText } from '../../../src/cli/print/crash.ts';

process.env.TZ = 'UTC';

test('crashes, one per line; output of a guest cannot harm the terminal', () => {
  const bundles = [
    {
      name: '2026-11-21T12-34-56Z',
      endedAt: Date.UTC(2026, 10, 21, 12, 34, 56),
      cause: 'crash',
      panic: 'no \x1b[31minit',
      files: [
        { path: 'exit.json', bytes: 1024 },
        { path: 'console/con0', bytes: 512 },
      ],
    },
  ];
  expect(crashesText('vm1', { bundles, lost: 2 })).toBe(
    '2026-11-21T12-34-56Z  2026-11-21 12:34:56  crash  1.5 KiB  no \\x1b[31minit\nvm1: 2 more could not be kept',
  );
  expect(crashesText('vm1', { bundles: [], lost: 0 })).toBe('vm1: no crash is recorded');
});
