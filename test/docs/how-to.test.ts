/**
 * The tutorial and the how-to pages: every block of a shell runs as it is printed, in order, on a host of its own. A block that
 * cannot run here names the test that runs its commands: ```sh elsewhere=FILE.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testKernelDirectory } from '../helpers/guest/kernel.ts';
import {
  linkKernel,
  linkPrograms,
  makeVm1,
  runAtTerminal,
  type TypedAtPrompt,
} from '../helpers/host/private-terminal.ts';

const root = join(import.meta.dirname, '../..');
const pages = [
  'tutorial.md',
  ...readdirSync(join(root, 'docs/how-to')).map((name) => `how-to/${name}`),
].sort();

interface Block {
  readonly info: string;
  readonly lines: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info = '', lines = '']) => ({
    info,
    lines,
  }));
}

/** The needs of a page beyond the checkout, and the checks that its commands work. */
interface Run {
  /** Lines of a shell before those of the page. */
  readonly given?: string;
  /** The user that runs the page; root if absent. */
  readonly user?: string;
  /** The input for each text that the terminal shows, in this order. */
  readonly typed?: readonly TypedAtPrompt[];
  /** The texts that the terminal shows, in this order. */
  readonly shows: readonly RegExp[];
  /** Runs here in the place of the blocks that run elsewhere. */
  readonly instead?: string;
}

/** A host with a kernel, and one with a VM that runs. */
const kernel = linkPrograms + linkKernel;
const vm1 = `${kernel}${makeVm1()}
umlwatch vm1 -start -wait guest`;

const runs: Readonly<Record<string, Run>> = {
  'tutorial.md': {
    typed: [
      [/debian login: /, 'root\r'],
      [/Password: /, 'guest\r'],
      [/root@debian:~# /, 'cat /etc/debian_version\r'],
      [/13\.\d+\s[^#]*# /, '\x1dd'],
    ],
    shows: [
      /deb: monitor \d+ started/,
      /umlmon\.ini: good \(deb\)/,
      /deb: running, Linux/,
      /nat +vec0/,
      /1 packets transmitted, 1 received/,
      /backup good: /,
      /good .* (frozen|synced)/,
      /restored backup good/,
      /deb: running, Linux/,
      /last exit +\w+ .*asked by/,
    ],
  },
  'how-to/backup-and-restore.md': {
    given: vm1,
    shows: [/backup before-update: 1 image/, /restored backup before-update/, /manifest\.json/],
  },
  'how-to/control-from-another-host.md': {
    given: `${vm1}\numlwatch vm1 -stop\necho '127.0.0.1 vmhost' >>/etc/hosts`,
    instead: 'umldir 2>/dev/null & until umldir -list vmhost 2>/dev/null | grep -q vm1; do sleep 0.1; done',
    shows: [
      /operate password is set/,
      /vm1@\S+ +stopped/,
      /vm1@vmhost: running/,
      /Linux vm1 /,
      /vm1 .*operate/,
    ],
  },
  'how-to/network.md': {
    given: vm1,
    shows: [/umlmon\.ini: good/, /ip link set vec0 up/, /1 packets received/],
  },
  'how-to/sandbox-without-root.md': { given: linkPrograms, user: 'somebody', shows: [/\n0\r\n/] },
  'how-to/start-with-the-host.md': {
    given: `${vm1}\numladmin stop`,
    shows: [/start is boot/, /vm1 +running/],
  },
  'how-to/throw-away-vm.md': { given: kernel, shows: [/root::0:0/, /\nresult\r\n/, /A LINE/] },
  'how-to/watch-in-the-browser.md': {
    given: vm1,
    instead:
      'umlweb 2>/dev/null & until curl --silent --head http://127.0.0.1:8470/ >/dev/null; do sleep 0.1; done',
    shows: [/HTTP\/1\.1 200/],
  },
  'how-to/why-a-vm-died.md': {
    given: `${vm1}\numlwatch vm1 -run 'echo c >/proc/sysrq-trigger' || true`,
    shows: [/panic +sysrq triggered crash/, /crash .*sysrq triggered crash/, /vm1: running/, / init/],
  },
};

/** Milliseconds after which a page is ended. */
const patience = 150_000;

/** A line as it ends well here: one goes on until it is ended, one has statuses for what it finds. */
function ending(line: string): string {
  if (line.includes(' -events ')) return `timeout 2 ${line} || test $? = 124`;
  return line === 'umladmin doctor' ? `${line} || test $? -le 2` : line;
}

test('every page is run, and each of its blocks is for a shell or names the test that runs it', () => {
  expect(Object.keys(runs).sort()).toEqual(pages);
  for (const page of pages)
    for (const { info } of blocksOf(page)) {
      const [, elsewhere] = /^sh(?: elsewhere=(\S+))?$/.exec(info) ?? [undefined, 'none'];
      if (elsewhere !== undefined) expect(existsSync(join(root, elsewhere)), `${page}: ${info}`).toBe(true);
    }
});

test('a how-to has at most 60 lines', () => {
  const long = pages.filter(
    (page) =>
      page.startsWith('how-to/') && readFileSync(join(root, 'docs', page), 'utf8').split('\n').length > 61,
  );
  expect(long).toEqual([]);
});

describe('runs as printed', () => {
  test.each(Object.entries(runs))(
    '%s',
    async (page, { given = '', user, typed = [], shows, instead }) => {
      // The guest of the tutorial comes from a mirror, which a private host cannot reach.
      if (page === 'tutorial.md')
        execFileSync('sh', ['src/setup/debian-guest.sh', dirname(testKernelDirectory())], {
          cwd: root,
          stdio: 'ignore',
        });
      const printed = blocksOf(page)
        .map(({ info, lines }) =>
          info === 'sh' ? lines.split('\n').map(ending).join('\n') : `${instead ?? ''}\n`,
        )
        .join('');
      const lines =
        user === undefined
          ? printed
          : `useradd --create-home --shell /bin/sh ${user}
cat >/tmp/page.sh <<'PAGE'
${printed}PAGE
runuser -u ${user} -- env HOME=/home/${user} sh -ex /tmp/page.sh`;
      const { shown, status } = await runAtTerminal(
        `set -x
${given}
${lines}`,
        {
          columns: 160,
          rows: 50,
          typed,
          patienceMs: patience,
        },
      );
      expect(status, shown.slice(-4000)).toBe(0);
      let rest = shown;
      for (const pattern of shows) {
        const match = pattern.exec(rest);
        expect(match, `${pattern} in ${rest.slice(-4000)}`).not.toBeNull();
        rest = rest.slice((match?.index ?? 0) + (match?.[0].length ?? 0));
      }
    },
    patience + 20_000,
  );
});
