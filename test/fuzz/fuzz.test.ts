import '../helpers/tiers/needs-host.ts';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rounds } from '../helpers/rounds.ts';

/** Inputs of each run of the tests; the seed is another one every time. */
const inputs = rounds(8_000, 200_000);

test(`${inputs} hostile inputs: no crash, no hang, memory bounded`, () => {
  const env = { ...process.env, UMLMON_FUZZ_INPUTS: process.env.UMLMON_FUZZ_INPUTS ?? String(inputs) };
  const { status, stdout, stderr } = spawnSync('sh', ['src/setup/fuzz.sh'], { encoding: 'utf8', env });
  // With the seed, also when all is well.
  console.log(stdout);
  expect(stderr.replace(/^npm warn .*\n/gm, '')).toBe('');
  expect(stdout).toMatch(new RegExp(`^${env.UMLMON_FUZZ_INPUTS} inputs in \\S+ s, seed \\d+$`, 'm'));
  expect(status).toBe(0);
}, 600_000);

describe('the fuzzer reports', () => {
  const directory = mkdtempSync(join(tmpdir(), 'umlmon-fuzz-test-'));
  beforeAll(async () => {
    await build({
      entryPoints: ['test/fuzz/broken.ts', 'test/fuzz/watchdog.ts'],
      outdir: directory,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const run = (kind: string) =>
    spawnSync(process.execPath, ['--expose-gc', join(directory, 'broken.mjs'), kind, '5'], {
      encoding: 'utf8',
    });

  test('nothing where there is no fault', () => {
    expect(run('none')).toMatchObject({ status: 0, stderr: '' });
  });

  test('a crash with seed, number and input, the same ones in every run of a seed', () => {
    const { status, stderr } = run('crash');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^FAILED: target crash, input \d+, seed 5, 8 bytes\nTypeError: the fault\n/);
    expect(stderr).toMatch(/^the run again: {4}UMLMON_FUZZ_SEED=5 npm run fuzz$/m);
    expect(stderr).toMatch(/^this input alone: npm run fuzz -- crash [01][\da-f]{15}$/m);
    expect(run('crash').stderr).toBe(stderr);
  });

  test('a hang with the same, and ends it', () => {
    const { signal, stderr } = run('hang');
    expect(signal).toBe('SIGKILL');
    expect(stderr).toMatch(
      /^FAILED: target hang, input \d+, seed 5, 8 bytes\nError: a hang: no end within 1 s\n/,
    );
    expect(stderr).toMatch(/^this input alone: npm run fuzz -- hang [01][\da-f]{15}$/m);
  });

  test('what is thrown later, by a callback', () => {
    const { status, stderr } = run('stray');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^FAILED: target \w+, input -?\d+, seed 5, .*\nTypeError: the fault\n/);
  });

  test('memory that grows', () => {
    const { status, stderr } = run('leak');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^FAILED: memory has grown by \d+\.\d MiB, seed 5$/m);
  });
});
