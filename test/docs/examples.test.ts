/**
 * The commands of umlmon(7) and umlmon(8), run as they are printed: as root of a host whose directories are as they
 * were afterwards, and as a user of it.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';

const root = join(import.meta.dirname, '../..');

/** The blocks of a page that are marked ```{.sh .run}, or with the classes given. */
function examples(page: string, classes = '.sh .run'): string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  const blocks = text.matchAll(/^```\{(.*)\}\n([\s\S]*?)^```$/gm);
  return [...blocks].flatMap(([, marked, lines = '']) => (marked === classes ? [lines] : []));
}

/** The input of the example that connects to a console: only this example reads standard input. */
const typedAtConsole = 'echo "in the guest: $(id -u)"\n';

/** Runs lines of a shell in a host of its own, with each line shown before it is executed. */
function runOnPrivateHost(script: string) {
  const { status, stdout, stderr } = spawnSync(
    'sh',
    [join(root, 'test/helpers/host/private-host.sh'), 'sh', '-exc', script],
    {
      cwd: root,
      encoding: 'utf8',
      input: typedAtConsole,
      timeout: 55_000,
      // kernel.sh then finds the kernel of the tests.
      env: { PATH: process.env.PATH, HOME: '/root', UMLMON_CACHE: dirname(testKernelDirectory()) },
    },
  );
  return { status, stdout, trace: stderr };
}

test('GETTING STARTED of umlmon(7), with the management console of umlmon(8)', () => {
  const started = examples('umlmon.7.md');
  expect(started).toHaveLength(9);
  const login = started.findIndex((lines) => lines.includes('-connect'));
  started.splice(login, 0, ...examples('umlmon.8.md'));

  const { status, stdout, trace } = runOnPrivateHost(started.join('\n'));
  expect(status, trace).toBe(0);
  expect(stdout).toMatch(/^vm1: monitor \d+ started$/m);
  expect(stdout).toMatch(/^\/etc\/umlmon\/umlmon.ini: good \(vm1\)$/m);
  expect(stdout).toMatch(/^vm1: running, Linux/m);
  expect(stdout).toMatch(/^Linux version /m); // con0
  expect(stdout).toMatch(/^OK Linux vm1 /m); // uml_mconsole
  expect(stdout).toMatch(/^in the guest: 0/m);
  expect(stdout).toMatch(/vm1: stopped cleanly$/m);
  expect(stdout).toMatch(/^vm1: sent Ctrl-Alt-Del$/m);
});

test('WITHOUT ROOT of umlmon(7)', () => {
  const [lines, ...others] = examples('umlmon.7.md', '.sh .run .user');
  expect(others).toEqual([]);
  const { status, stdout, trace } = runOnPrivateHost(`
    ln -s "$PWD/dist/umlmon" /usr/local/bin/umlmon
    ln -s "$PWD/dist/umlwatch" /usr/local/bin/umlwatch
    useradd --create-home --shell /bin/sh somebody
    cat >/tmp/example.sh <<'EXAMPLE'
${lines}
EXAMPLE
    runuser -u somebody -- env HOME=/home/somebody sh -ex /tmp/example.sh`);
  expect(status, trace).toBe(0);
  expect(stdout).toMatch(/^vm1: running, Linux/m);
  expect(stdout).toMatch(/^in the guest: 0/m);
  expect(stdout).toMatch(/vm1: stopped cleanly$/m);
});
