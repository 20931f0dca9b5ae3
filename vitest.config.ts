import { defineConfig } from 'vitest/config';
import { pureFiles } from './test/helpers/sources/pure-files.ts';
import { testTiers } from './test/helpers/tiers/tiers.ts';

const { unit, host } = testTiers();

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Real kernels boot in most files of the host tier; two cores run two of them at a time.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [...unit],
          setupFiles: ['test/helpers/tiers/ordinary-user.ts'],
          // Tests of the host tier also wait for what guests print, which throws by itself.
          expect: { requireAssertions: true },
        },
      },
      { extends: true, test: { name: 'host', include: [...host] } },
    ],
    coverage: {
      provider: 'v8',
      // One pattern: with one for each file, vitest takes minutes to match them.
      include: [`src/{${pureFiles().join(',')}}`],
      exclude: ['src/**/*.gen.ts'],
      reporter: ['text-summary', 'html'],
      reportsDirectory: 'test-results/coverage',
      // Of the unit tier alone; tests of the host tier use most of these files, too.
      thresholds: { statements: 70, branches: 60, functions: 65, lines: 70 },
    },
  },
});
